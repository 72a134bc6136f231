/**
 * Conservation, checked by id against a ledger that the queue has no part in.
 *
 * What is claimed, for an append-only file with `everysec`, workers that are killed and frozen at any time, and a server whose power
 * fails, so that up to a second of what it has confirmed is gone:
 *
 * - Nothing is lost that its producer still has: it keeps what it enqueued for three seconds, and enqueues it again, under the same
 *   id, when the server has crashed meanwhile. Each such task has its effect or is a dead letter.
 * - Nothing has its effect and is a dead letter.
 * - Nothing has its effect twice, if the effect asks for id and fence. Acknowledgements that the server forgot make tasks run again,
 *   and workers that wake up late run beside their successors: the ledger refuses both.
 * - Each entry ends once.
 *
 * Each of the mistakes below breaks one of these, so that the check is known to see it.
 */
import { redisStream } from '@seaworthy/redis'
import { startRedis } from '@seaworthy/testing/servers'
import { Redis } from 'ioredis'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { ledgerAt } from './adversity/effects.ts'
import { type FleetReport, runFleet } from './adversity/fleet.ts'
import type { FleetTask } from './adversity/fleet-worker.ts'
import { type RunningWorker, startWorker, workerProgram } from './stream-processes.ts'

const { file: program, remove } = workerProgram('./adversity/fleet-worker.ts')
afterAll(remove)

const seed = process.env['CONSERVATION_SEED'] ?? '7'
const tasks = Number(process.env['CONSERVATION_TASKS'] ?? 50_000)

const findings = ({ lost, twice, both, misjudged, endedTwice }: FleetReport) => ({
  lost: lost.length,
  twice: twice.length,
  both: both.length,
  misjudged: misjudged.length,
  endedTwice: endedTwice.length,
})
const nothing = { lost: 0, twice: 0, both: 0, misjudged: 0, endedTwice: 0 }

/** A machine that does much else beside takes three times as long. */
const timeout = 240_000

it(`loses nothing and does nothing twice while workers and the server die (CONSERVATION_SEED=${seed})`, {
  timeout,
}, async () => {
  const report = await runFleet({
    program,
    seed,
    tasks,
    workers: 3,
    concurrency: 50,
    lasting: 12_000,
    crashes: 3,
  })
  const { stats, happened, left } = report
  console.log(`CONSERVATION_SEED=${seed}: ${tasks} tasks`, happened)
  expect(findings(report)).toEqual(nothing)
  const { waiting, pending, due, acknowledged, dead, vanished, enqueued } = stats
  expect({ waiting, pending, due, vanished }).toEqual({ waiting: 0, pending: 0, due: 0, vanished: 0 })
  expect(acknowledged + dead).toBe(enqueued)
  expect(left).toBe(0)
  // It was not for nothing.
  for (const what of ['workerKilled', 'workerFrozen', 'serverCrashed', 'bytesCut', 'takenOver', 'taskDied'])
    expect(happened[what], what).toBeGreaterThan(0)
  expect(happened['forgotten'], 'the server has forgotten what it had confirmed').toBeGreaterThan(0)
  expect(happened['already'], 'the ledger has refused what was done before').toBeGreaterThan(0)
})

it('refuses the effect of a worker that was frozen before it, when another has begun', async () => {
  await using server = await startRedis()
  await using effects = await startRedis()
  const ledger = ledgerAt(effects.url)
  const client = new Redis(server.url)
  const start = (): RunningWorker => startWorker(program, server.url, effects.url, 'tasks', '1', 'none')
  const patiently = (look: () => unknown): Promise<unknown> => vi.waitFor(look, { timeout: 30_000 })
  const stream = redisStream({ redis: client, name: 'tasks' })
  const zombie = start()
  const payload = JSON.stringify({ before: 1500, after: 0 } satisfies FleetTask)
  await stream.enqueue({ id: 'slow', payload })
  let first = 0
  await patiently(async () => {
    first = await ledger.fenceOf('slow')
    expect(first).toBeGreaterThan(0)
  })
  zombie.process.kill('SIGSTOP')
  const other = start()
  await patiently(async () => expect(await ledger.fenceOf('slow')).toBeGreaterThan(first))
  // Its time is over long since: it goes on with the effect at once.
  zombie.process.kill('SIGCONT')
  await patiently(async () => expect(await stream.stats()).toMatchObject({ acknowledged: 1 }))
  await patiently(async () => {
    const { stale, already } = await ledger.refused()
    expect(stale + already).toBe(1)
  })
  expect(await ledger.journal()).toEqual(['slow'])
  for (const { process } of [zombie, other]) process.stdin?.end()
  await patiently(() => expect([zombie.gone, other.gone]).toEqual([true, true]))
  expect([zombie.lines.at(-1), other.lines.at(-1)]).toEqual(['left 0', 'left 0'])
  await stream.close()
  client.disconnect()
  ledger.close()
})

describe.concurrent('the check sees', { timeout }, () => {
  const small = { program, seed, tasks: 2000, workers: 2, concurrency: 50, lasting: 4000, crashes: 1 }

  it('effects without a fence: some come twice', async ({ expect }) => {
    const report = await runFleet({ ...small, mistake: 'unfenced' })
    expect(findings(report)).toMatchObject({ lost: 0, both: 0, twice: expect.any(Number) })
    expect(report.twice).not.toEqual([])
  })

  it('acknowledgements before the effect: some effects never come', async ({ expect }) => {
    const report = await runFleet({ ...small, mistake: 'early' })
    expect(findings(report)).toMatchObject({ twice: 0, both: 0 })
    expect(report.lost).not.toEqual([])
  })

  it('a producer that forgets what was confirmed: some tasks are gone', async ({ expect }) => {
    const report = await runFleet({ ...small, forgetful: true })
    expect(findings(report)).toMatchObject({ twice: 0, both: 0 })
    expect(report.lost).not.toEqual([])
  })
})
