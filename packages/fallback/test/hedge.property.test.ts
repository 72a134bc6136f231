import type { FailureClass, Settled } from '@seaworthy/core'
import { expectNoLeaks, sometimes, trackUnhandledRejections, VirtualClock } from '@seaworthy/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Hedge, hedge } from '../src/index.ts'

const delay = 100
const share = 0.5

/** What the function does when it runs for a copy. */
interface CopyScript {
  readonly latency: number
  readonly fate: 'success' | FailureClass
}

/** What happens to one call. */
interface Script {
  /** One for each copy that could start, the original first. */
  readonly copies: readonly CopyScript[]
  readonly abortAt: number | undefined
  readonly deadline: number | undefined
}

/** How a call may end: the copy that decided it, or 'abort'; and how many had started. */
const outcome = (by: number | 'abort', started: number): string => `${by} of ${started}`

interface Situation {
  readonly due: number | undefined
  readonly started: number
  /** When each running copy ends. */
  readonly ends: ReadonlyMap<number, number>
  readonly closed: boolean
  readonly tokens: number
}

/**
 * Every way in which a call may end. It plays the script event by event, and where several happen at one moment in
 * every order. With `fickle`, other calls use the same budget: it may or may not have a copy left.
 */
function legal(script: Script, tokens: number, fickle: boolean): Set<string> {
  const found = new Set<string>()
  const { copies, abortAt, deadline = Number.POSITIVE_INFINITY } = script

  const start = (at: number, now: Situation): Situation => ({
    ...now,
    started: now.started + 1,
    ends: new Map(now.ends).set(now.started, at + (copies[now.started] as CopyScript).latency),
    due: now.started + 1 < copies.length && at + delay < deadline ? at + delay : undefined,
  })

  /** A copy is wanted; `next` goes on with every answer that the budget may give. */
  const want = (at: number, now: Situation, next: (situation: Situation) => void): void => {
    if (fickle || now.tokens > 0) next(start(at, { ...now, tokens: now.tokens - 1 }))
    if (fickle || now.tokens === 0) next({ ...now, closed: true, due: undefined })
  }

  const play = (now: Situation): void => {
    const { due, ends, started } = now
    const moments = [...ends.values(), due, abortAt].filter((moment) => moment !== undefined)
    const at = Math.min(...moments)
    if (abortAt === at) found.add(outcome('abort', started))
    if (due === at) want(at, { ...now, due: undefined }, play)
    for (const [copy, end] of ends) if (end === at) playEnd(copy, at, now)
  }

  const playEnd = (copy: number, at: number, now: Situation): void => {
    const { fate } = copies[copy] as CopyScript
    const ends = new Map(now.ends)
    ends.delete(copy)
    const decided = (): unknown => found.add(outcome(copy, now.started))
    const goOn = (after: Situation): unknown => (after.ends.size === 0 ? decided() : play(after))
    if (fate === 'success' || fate === 'fatal') decided()
    else if (fate !== 'transient') goOn({ ...now, ends, due: undefined, closed: true })
    else if (now.closed || now.started === copies.length) goOn({ ...now, ends, due: undefined })
    else want(at, { ...now, ends, due: undefined }, goOn)
  }

  play(start(0, { due: undefined, started: 0, ends: new Map(), closed: false, tokens }))
  return found
}

class Failure extends Error {
  readonly copy: number
  readonly failureClass: FailureClass

  constructor(copy: number, failureClass: FailureClass) {
    super(failureClass)
    this.copy = copy
    this.failureClass = failureClass
  }
}

interface Observed {
  readonly outcome: string
  readonly result: Settled<unknown>
  /** Whether each copy was told to stop when the call was decided. */
  readonly stopped: boolean[]
}

/** Runs a script against the real thing. */
async function perform(
  { copies, abortAt, deadline }: Script,
  policy: Hedge,
  clock: VirtualClock,
): Promise<Observed> {
  const origin = clock.now()
  const caller = new AbortController()
  const signals: AbortSignal[] = []
  const timer = abortAt === undefined ? undefined : clock.setTimer(() => caller.abort('abort'), abortAt)
  const result = await policy.settle(
    async ({ signal }) => {
      const copy = signals.push(signal) - 1
      const { latency, fate } = copies[copy] as CopyScript
      await clock.sleep(latency)
      if (fate !== 'success') throw new Failure(copy, fate)
      return copy
    },
    { signal: caller.signal, deadline: deadline === undefined ? undefined : origin + deadline },
  )
  timer?.cancel()
  const started = signals.length
  const stopped = signals.map((signal) => signal.aborted)
  if (result.status === 'fulfilled') return { outcome: outcome(result.value, started), result, stopped }
  const by = result.reason instanceof Failure ? result.reason.copy : (result.reason as 'abort')
  return { outcome: outcome(by, started), result, stopped }
}

const moment = fc.constantFrom(0, 1, 50, 99, 100, 101, 150, 199, 200, 201, 250, 300, 350)
const copyScript = fc.record({
  latency: moment,
  fate: fc.constantFrom<CopyScript['fate']>(
    'success',
    'success',
    'transient',
    'transient',
    'degraded',
    'persistent',
    'fatal',
  ),
})
const scriptOf = (copies: number) =>
  fc.record({
    copies: fc.array(copyScript, { minLength: copies, maxLength: copies }),
    abortAt: fc.option(moment, { nil: undefined, freq: 3 }),
    deadline: fc.option(fc.constantFrom(50, 100, 101, 200, 201), { nil: undefined, freq: 3 }),
  })
const scripts = (max: number, calls: number) =>
  fc.array(scriptOf(1 + max), { minLength: calls, maxLength: calls })

async function setUp(max: number, earlier: number) {
  const clock = new VirtualClock()
  const disposed: unknown[] = []
  const policy = hedge({ delay, max, budget: share, clock, disposeResult: (result) => disposed.push(result) })
  for (let call = 0; call < earlier; call++) await policy.execute(() => call)
  return { clock, policy, disposed }
}

describe('verify 27, 29: a hedged call', () => {
  it('ends in a way that its script allows', { timeout: 20_000 }, async () => {
    const seen = sometimes(['first', 'extra', 'error', 'abort', 'denied', 'several ways', 'late result'])
    const rejections = trackUnhandledRejections()
    await fc.assert(
      fc.asyncProperty(
        fc
          .integer({ min: 1, max: 3 })
          .chain((max) => fc.record({ max: fc.constant(max), script: scriptOf(1 + max) })),
        fc.nat(6),
        async ({ max, script }, earlier) => {
          const { clock, policy, disposed } = await setUp(max, earlier)
          const tokens = Math.floor((earlier + 1) * share)
          const ways = legal(script, tokens, false)
          const performance = perform(script, policy, clock)
          await clock.advance('10s')
          const { outcome, result, stopped } = await performance
          expect([...ways]).toContain(outcome)
          expectNoLeaks({ policies: [policy], clock })
          if (ways.size > 1) seen.mark('several ways')
          if (outcome.startsWith('abort')) seen.mark('abort')
          else if (result.status === 'rejected') seen.mark('error')
          else seen.mark(result.value === 0 ? 'first' : 'extra')
          if (tokens < max) seen.mark('denied')
          // Whoever did not decide has ended before, or was told to stop; whoever did was not.
          if (result.status === 'fulfilled') expect(stopped[result.value as number]).toBe(false)
          const successes = stopped
            .map((_, copy) => copy)
            .filter((copy) => script.copies[copy]?.fate === 'success')
          const late = successes.filter((copy) => result.status === 'rejected' || result.value !== copy)
          expect([...disposed].sort()).toEqual(late)
          if (late.length > 0) seen.mark('late result')
        },
      ),
      { numRuns: 500 },
    )
    seen.verify()
    expect(await rejections.stop()).toEqual([])
  })

  it('beside others ends in a way its script allows, and all together stay within the budget', {
    timeout: 20_000,
  }, async () => {
    const seen = sometimes(['hedged', 'denied', 'all hedged'])
    const max = 2
    await fc.assert(
      fc.asyncProperty(scripts(max, 5), fc.nat(12), async (calls, earlier) => {
        const { clock, policy } = await setUp(max, earlier)
        let extra = 0
        policy.on('hedged', () => extra++)
        policy.on('budgetExhausted', () => seen.mark('denied'))
        const performances = calls.map((script) => perform(script, policy, clock))
        await clock.advance('10s')
        for (const [index, observed] of (await Promise.all(performances)).entries()) {
          const ways = legal(calls[index] as Script, 0, true)
          expect([...ways]).toContain(observed.outcome)
        }
        expect(extra).toBeLessThanOrEqual((earlier + calls.length) * share)
        if (extra > 0) seen.mark('hedged')
        if (extra === calls.length) seen.mark('all hedged')
        expectNoLeaks({ policies: [policy], except: ['listeners'], clock })
      }),
      { numRuns: 150 },
    )
    seen.verify()
  })
})
