/** What runs the checks, and what it says about them. */
import { InvalidOptionError } from '@seaworthy/core'
import { memoryIdempotencyStore } from '@seaworthy/idempotency'
import { VirtualClock } from '@seaworthy/testing'
import {
  type Check,
  type ConformanceKit,
  idempotencyStoreConformance,
  type Level,
  type Need,
  NotOffered,
  registerConformance,
  runConformance,
} from '@seaworthy/testing/conformance'
import { describe, expect, it } from 'vitest'

const check = (level: Level, name: string, run: Check['run'], needs: readonly Need[] = []): Check => ({
  level,
  name,
  needs,
  run,
})
const passes = async (): Promise<void> => {}
const fails = async (): Promise<void> => {
  throw new Error('\u001b[31mwrong\u001b[39m')
}
const isMissing = async (): Promise<void> => {
  throw new NotOffered('there is none')
}

const kitOf = (...checks: readonly Check[]): ConformanceKit => ({
  name: 'toy',
  kind: 'task-stream',
  capabilities: { clock: 'real', processes: false, proxy: false, restart: false, durable: false },
  checks,
})

describe('runConformance', () => {
  it('reports what has passed, was skipped and has failed, as plain data', async () => {
    const kit = kitOf(
      check('L0', 'a', passes),
      check('L0', 'b', isMissing),
      check('L1', 'c', fails),
      check('L1', 'd', passes, ['controlledClock']),
      check('L5', 'e', async (context) => context?.figure('p50', 2)),
    )
    const report = await runConformance(kit, { seed: 7 })
    expect(JSON.parse(JSON.stringify(report))).toEqual({
      name: 'toy',
      kind: 'task-stream',
      level: 'L0',
      capabilities: kit.capabilities,
      passed: 2,
      skipped: [
        { name: 'b', level: 'L0', reason: 'there is none' },
        { name: 'd', level: 'L1', reason: 'needs a clock that the test controls' },
      ],
      failures: [{ name: 'c', level: 'L1', message: 'wrong' }],
      figures: { p50: 2 },
      seed: 7,
    })
  })

  it.each([
    [null, [check('L0', 'a', fails), check('L1', 'b', passes)]],
    [
      'L1',
      [
        check('L0', 'a', passes),
        check('L1', 'b', passes),
        check('L2', 'c', isMissing),
        check('L3', 'd', passes),
      ],
    ],
    [
      'L2',
      [
        check('L0', 'a', passes),
        check('L1', 'b', passes),
        check('L2', 'c', passes),
        check('L2', 'd', isMissing),
      ],
    ],
  ] as const)('reaches %s when all up to there hold, and something was looked at', async (level, checks) => {
    expect((await runConformance(kitOf(...checks))).level).toBe(level)
  })

  it('reaches no level of which a part was left out', async () => {
    const kit = kitOf(check('L0', 'a', passes), check('L0', 'b', passes))
    expect((await runConformance(kit, { only: ({ name }) => name === 'a' })).level).toBeNull()
    expect((await runConformance(kit, { levels: ['L0'] })).level).toBe('L0')
  })

  it('runs so many at once, level by level, and those of level L5 alone', async () => {
    let running = 0
    const most: Record<string, number> = {}
    const levels: string[] = []
    const watched = (level: Level) =>
      check(level, `${level} ${Math.random()}`, async () => {
        running++
        levels.push(level)
        most[level] = Math.max(most[level] ?? 0, running)
        await new Promise((resolve) => setImmediate(resolve))
        running--
      })
    const kit = kitOf(
      ...(['L5', 'L1', 'L0'] as const).flatMap((level) => [1, 2, 3, 4].map(() => watched(level))),
    )
    await runConformance(kit, { concurrency: 3 })
    expect(most).toEqual({ L0: 3, L1: 3, L5: 1 })
    expect(levels).toEqual([...levels].sort())
  })

  it('starts nothing further after a failure, if it is told to', async () => {
    const heard: string[] = []
    const kit = kitOf(check('L0', 'a', passes), check('L0', 'b', fails), check('L0', 'c', passes))
    const onProgress = ({
      name,
      outcome,
      done,
      total,
    }: {
      name: string
      outcome: string
      done: number
      total: number
    }) => void heard.push(`${name} ${outcome} ${done}/${total}`)
    await runConformance(kit, { failFast: true, onProgress })
    expect(heard).toEqual(['a passed 1/3', 'b failed 2/3'])
  })

  it('judges figures only if it is told to', async () => {
    const create = async () => {
      const clock = new VirtualClock()
      return { store: memoryIdempotencyStore({ clock }), advance: (time: number) => clock.advance(time) }
    }
    const kit = idempotencyStoreConformance({ name: 'memory', clock: 'controlled', create })
    const only = ({ name }: Check): boolean => name === 'is not slower than its floor'
    expect((await runConformance(kit, { only })).failures).toEqual([])
    const { failures } = await runConformance(kit, { only, floor: { operationsPerSecond: 1e12 } })
    expect(failures).toHaveLength(1)
  })

  it('refuses options that make no sense', async () => {
    await expect(runConformance(kitOf(), { concurrency: 0 })).rejects.toThrow(InvalidOptionError)
    const options = { name: 'x', clock: 'real', create: async () => ({}) as never } as const
    expect(() => idempotencyStoreConformance({ ...options, durable: true })).toThrow('durable must be')
    expect(() => idempotencyStoreConformance({ ...options, clock: 'fast' as never })).toThrow('clock must be')
    expect(() => idempotencyStoreConformance({ ...options, name: '' })).toThrow('name must be')
  })
})

describe('registerConformance', () => {
  it('makes each check a test, and says what is not run', async () => {
    const kit = kitOf(
      check('L0', 'a', passes),
      check('L0', 'b', isMissing),
      check('L1', 'c', fails),
      check('L3', 'd', fails, ['processes']),
    )
    const groups: string[] = []
    const tests = new Map<string, (...context: readonly unknown[]) => Promise<void>>()
    registerConformance(kit, {
      describe(name, register) {
        groups.push(name)
        register()
      },
      it: (name, test) => tests.set(name, test),
    })
    expect(groups).toEqual(['toy: L0', 'toy: L1', 'toy: L3'])
    expect([...tests.keys()]).toEqual([
      'a',
      'b',
      'c',
      'd (not run: needs clients that are processes of their own)',
    ])
    expect([...tests.values()].map(({ length }) => length)).toEqual([0, 0, 0, 0])
    const skipped: string[] = []
    await tests.get('b')?.({ skip: (reason: string) => skipped.push(reason) })
    expect(skipped).toEqual(['there is none'])
    await expect(tests.get('c')?.()).rejects.toThrow('wrong')
  })
})
