/** The idempotency policy on Redis, across processes that are killed. */
import { idempotency, idempotencyOf } from '@seaworthy/idempotency'
import { redisIdempotency } from '@seaworthy/redis'
import { redisForTests } from '@seaworthy/testing/servers'
import { expect, it } from 'vitest'
import { startProcess, type TestProcess } from '../../../tools/processes/start-process.ts'
import { connect, freshPrefix } from './idempotency-servers.ts'

interface Line {
  readonly ready?: true
  readonly running?: number
  readonly outcomes?: readonly unknown[]
}

async function started(calls: number, lease: number, what: string, prefix: string): Promise<TestProcess> {
  const { url } = await redisForTests()
  const child = startProcess(new URL('./processes/idempotent-work.ts', import.meta.url), [
    url,
    prefix,
    String(calls),
    String(lease),
    what,
  ])
  await child.line<Line>(({ ready }) => ready === true)
  return child
}

it('a hundred duplicates in four processes run the work once and share its result', async () => {
  const client = await connect()
  const prefix = freshPrefix()
  const children = await Promise.all(Array.from({ length: 4 }, () => started(25, 30_000, 'once', prefix)))
  for (const child of children) child.go()
  const answers = await Promise.all(
    children.map((child) => child.line<Line>(({ outcomes }) => outcomes !== undefined)),
  )
  const outcomes = answers.flatMap((answer) => answer.outcomes)
  const ran = children.flatMap(({ lines }) => (lines as Line[]).flatMap(({ running }) => running ?? []))
  expect(ran).toHaveLength(1)
  expect(await client.get(`${prefix}runs`)).toBe('1')
  expect(outcomes).toHaveLength(100)
  expect(new Set(outcomes)).toEqual(new Set(ran))
  await Promise.all(children.map(({ ended }) => ended))
  client.disconnect()
})

it('work whose owner was killed is taken over when its lease is over, and not before', async () => {
  const client = await connect()
  const prefix = freshPrefix()
  const lease = 1500
  const child = await started(1, lease, 'hang', prefix)
  child.go()
  await child.line<Line>(({ running }) => running !== undefined)
  child.kill('SIGKILL')
  await child.ended
  const store = redisIdempotency({ redis: client, prefix })
  const left = (await store.peek('task'))?.leaseLeft ?? 0
  expect(left).toBeGreaterThan(0)

  const policy = idempotency({ store, lease, whenInFlight: 'wait', maxWait: '20s' })
  const began = performance.now()
  const outcome = await policy.execute((context) => ({ ...idempotencyOf(context) }), { key: 'task' })
  expect(outcome).toMatchObject({ grant: 'recovered', attempt: 2 })
  expect(performance.now() - began).toBeGreaterThanOrEqual(left - 20)
  expect(await store.peek('task')).toMatchObject({ state: 'completed' })
  store.close()
  client.disconnect()
})
