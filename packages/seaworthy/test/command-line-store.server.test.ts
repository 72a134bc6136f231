import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Hub } from '@seaworthy/core'
import { deadLetters } from '@seaworthy/dead-letter'
import { migrate, postgresDeadLetters } from '@seaworthy/postgres'
import { redisDeadLetters, redisJourney, redisStream } from '@seaworthy/redis'
import { postgresForTests, redisForTests } from '@seaworthy/testing/servers'
import { Redis } from 'ioredis'
import { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { folder, seaworthy } from './command-line-session.ts'

const work = folder()
const cleanUps: (() => unknown)[] = [() => work.clean()]
afterAll(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** Names that no other test uses. */
const unique = `${process.pid}-${Math.floor(Math.random() * 1e9)}`

describe('dead letters on Redis', () => {
  const name = `mails-${unique}`
  let redis: Redis
  let url: string
  let where: string[]
  const add = async (to: string): Promise<string> => {
    const queue = deadLetters({ store: redisDeadLetters({ redis, name }), hub: new Hub() })
    const id = await queue.add({ to }, new Error('no answer'), { taskId: `task-${to}` })
    await queue.close()
    return id
  }

  beforeAll(async () => {
    url = (await redisForTests()).url
    redis = new Redis(url)
    where = ['--redis', url, '--name', name]
    cleanUps.push(() => redis.disconnect())
  })

  it('are listed, shown with their content, and looking is audited under a name', async () => {
    const id = await add('ada@example.com')
    const list = await seaworthy(['dlq', 'list', ...where])
    expect(list).toMatchObject({ code: 0, err: '' })
    expect(list.out).toContain(id)
    expect(list.out).toContain('Error: no answer')
    expect(list.out).not.toContain('ada@example.com')
    const { items, counts } = JSON.parse((await seaworthy(['dlq', 'list', ...where, '--json'])).out)
    expect({ ids: items.map((item: { id: string }) => item.id), dead: counts.dead }).toEqual({
      ids: [id],
      dead: 1,
    })

    const shown = await seaworthy(['dlq', 'show', id, ...where])
    expect(shown.code).toBe(0)
    expect(shown.out).toContain('"to": "ada@example.com"')
    const queue = deadLetters({ store: redisDeadLetters({ redis, name }), hub: new Hub() })
    const { entries } = await queue.audit({ id })
    expect(entries.map(({ event, actor }) => [event, actor])).toContainEqual(['viewed', 'ada'])
    await queue.close()
    expect(await seaworthy(['dlq', 'show', 'nothing', ...where])).toMatchObject({ code: 1, out: '' })
  })

  it('go back to their stream once somebody said so, and only once', async () => {
    const id = await add('grace@example.com')
    const retry = ['dlq', 'retry', id, ...where, '--reason', 'mail server is back']
    expect(await seaworthy(retry)).toMatchObject({ code: 64, err: expect.stringContaining('say --yes') })
    expect((await seaworthy(retry, { typed: 'n\n' })).code).toBe(2)
    expect((await seaworthy(retry, { typed: '' })).code).toBe(2)
    const yes = await seaworthy(retry, { typed: 'y\n' })
    expect(yes.err).toContain('as ada? [y/N]')
    expect(yes).toMatchObject({ code: 0, out: expect.stringContaining('replayed as') })
    const again = await seaworthy([...retry, '--yes', '--json'])
    expect(again.code).toBe(0)
    expect(JSON.parse(again.out)).toEqual([{ id, done: true, outcome: 'was replayed already' }])

    const stream = redisStream({ redis, name })
    const deliveries = await stream.fetch('test', { count: 5, wait: 0 })
    expect(JSON.stringify(deliveries)).toContain('grace@example.com')
    expect(deliveries).toHaveLength(1)
    await stream.close()
    expect(await seaworthy(['dlq', 'retry', 'nothing', ...where, '--yes'])).toMatchObject({
      code: 1,
      out: expect.stringContaining("No dead letter 'nothing'"),
    })
  })

  it('go where a module of the service sends them', async () => {
    const id = await add('joan@example.com')
    const module = join(work.path, 'replay.mjs')
    writeFileSync(
      module,
      `export default { replay: (letter) => { globalThis.replayedByModule = letter.message.to } }`,
    )
    const { code } = await seaworthy(['dlq', 'retry', id, ...where, '--yes', '--options', module])
    expect(code).toBe(0)
    expect((globalThis as { replayedByModule?: string }).replayedByModule).toBe('joan@example.com')
  })

  it('are removed by age or number, never without a limit', async () => {
    await add('old@example.com')
    expect((await seaworthy(['dlq', 'purge', ...where, '--yes'])).code).toBe(64)
    const none = await seaworthy(['dlq', 'purge', ...where, '--older-than', '7d', '--yes'])
    expect(none).toMatchObject({ code: 0, out: 'removed 0 letters\n' })
    const all = await seaworthy(['dlq', 'purge', ...where, '--older-than', '0ms', '--yes', '--json'])
    expect(JSON.parse(all.out).byAge).toBeGreaterThan(0)
    expect((await seaworthy(['dlq', 'list', ...where])).out).toMatch(/^0 dead,/)
  })

  it('whose server is gone are an error that names the operation, not a hang', async () => {
    const { code, err } = await seaworthy(['dlq', 'list', '--redis', 'redis://127.0.0.1:1'])
    expect(code).toBe(70)
    expect(err).toContain('ERR_STORE_UNAVAILABLE')
  })

  it('journeys are told in order, with times since the first event', async () => {
    const hub = new Hub()
    const prefix = `journey-${unique}:`
    const journeys = redisJourney({ redis, prefix, hub })
    hub.recordJourneys(journeys)
    hub.publish('retry', 'payments', 'retrying', { attempt: 1, delay: 200 }, 'order-1742')
    hub.publish('circuit-breaker', 'payments', 'opened', { reason: 'failureRate' }, 'order-1742')
    await journeys.flush()
    const args = ['journey', 'order-1742', '--redis', url, '--prefix', prefix]
    const { code, out } = await seaworthy(args)
    expect(code).toBe(0)
    const [began, ...rows] = out.trimEnd().split('\n')
    expect(began).toMatch(/^began \d{4}-\d\d-\d\dT/)
    expect(rows[0]).toMatch(/^ +\+0\.000 s {2}retry payments +retrying +attempt=1 delay=200$/)
    expect(rows[1]).toMatch(/circuit-breaker payments {2}opened +reason=failureRate$/)
    expect(JSON.parse((await seaworthy([...args, '--json'])).out)).toHaveLength(2)
    expect(await seaworthy(['journey', 'nobody', '--redis', url])).toMatchObject({ code: 1 })
    await journeys.close()
  })
})

describe('dead letters on PostgreSQL', () => {
  it('are listed and removed; a retry needs to be told where to', async () => {
    const address = (await postgresForTests()).url
    const pool = new Pool({ connectionString: address, max: 2 })
    cleanUps.push(() => pool.end())
    const schema = `command_${unique.replaceAll('-', '_')}`
    await migrate(pool, { schema })
    cleanUps.push(() => pool.query(`DROP SCHEMA ${schema} CASCADE`))
    const queue = deadLetters({ store: postgresDeadLetters({ pool, schema, name: 'mails' }), hub: new Hub() })
    const id = await queue.add({ to: 'ada@example.com' }, new Error('no answer'))
    await queue.close()
    const where = ['--postgres', address, '--schema', schema, '--name', 'mails']
    expect((await seaworthy(['dlq', 'list', ...where])).out).toContain(id)
    expect(await seaworthy(['dlq', 'retry', id, ...where, '--yes'])).toMatchObject({
      code: 64,
      err: expect.stringContaining('exports { replay }'),
    })
    const purged = await seaworthy(['dlq', 'purge', ...where, '--keep', '1', '--yes'])
    expect(purged).toMatchObject({ code: 0, out: 'removed 0 letters\n' })
  })
})
