import { isSeaworthyError, type Settled } from '@seaworthy/core'
import { type Sometimes, sometimes, VirtualClock } from '@seaworthy/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type StaleCache, staleCache } from '../src/index.ts'
import { Upstream } from './upstream.ts'

const ttl = 100
const staleFor = 1000
const joinFor = 350
const keys = ['a', 'b'] as const
const down = new Error('down')
const bug = new TypeError('not a function')

const happenings = [
  'hit',
  'stale after a failure',
  'stale only from memory',
  'stale while refreshed',
  'miss only from memory',
  'joined',
  'left behind a call that hangs',
  'gave up alone',
  'gave up among others',
  'an outdated call succeeded',
  'a dead answer was not served',
  'a bug was not hidden',
  'an answer replaced another',
] as const
type Happening = (typeof happenings)[number]

/** One run of the function, as the model knows it. */
interface Run {
  readonly key: string
  readonly begun: number
  readonly background: boolean
  /** Callers that still wait. */
  readonly waiting: Set<number>
  /** Something has happened since it began that makes its answer worthless. */
  outdated: boolean
  ended?: { readonly at: number; readonly outcome: Settled<unknown> }
}

/**
 * The naive cache: the list of everything that ever ran. What is known about a key is looked up in it anew at every
 * step; nothing is kept, evicted or counted.
 */
class Model {
  readonly runs: Run[] = []
  readonly results: Array<Settled<unknown> | undefined> = []
  readonly background: boolean
  readonly seen: Sometimes<Happening>
  now = 0
  cacheOnly = false

  constructor(background: boolean, seen: Sometimes<Happening>) {
    this.background = background
    this.seen = seen
  }

  /** The answer for a key: that of the last run which ended well while it still counted. */
  answer(key: string): Run | undefined {
    const stored = this.runs.filter((run) => run.key === key && run.ended?.outcome.status === 'fulfilled')
    const last = stored.filter(({ outdated }) => !outdated).at(-1)
    if (last === undefined || this.now - last.begun < ttl + staleFor) return last
    this.seen.mark('a dead answer was not served')
    return undefined
  }

  call(key: string): void {
    const { seen, now } = this
    const caller = this.results.push(undefined) - 1
    const answer = this.answer(key)
    if (answer !== undefined && now - answer.begun < ttl) {
      seen.mark('hit')
      this.results[caller] = answer.ended?.outcome
    } else if (this.cacheOnly) {
      seen.mark(answer ? 'stale only from memory' : 'miss only from memory')
      this.results[caller] = answer?.ended?.outcome ?? { status: 'rejected', reason: 'ERR_CACHE_MISS' }
    } else if (answer !== undefined && this.background) {
      seen.mark('stale while refreshed')
      this.results[caller] = answer.ended?.outcome
      this.running(key) ?? this.begin(key, true)
    } else {
      const run = this.running(key)
      if (run !== undefined) seen.mark('joined')
      ;(run ?? this.begin(key, false)).waiting.add(caller)
    }
  }

  end(run: Run, outcome: Settled<unknown>): void {
    const older = this.answer(run.key)
    run.ended = { at: this.now, outcome }
    if (outcome.status === 'fulfilled') {
      if (run.outdated) this.seen.mark('an outdated call succeeded')
      else if (older) this.seen.mark('an answer replaced another')
    }
    for (const caller of run.waiting) this.results[caller] = this.rescued(run.key, outcome)
    run.waiting.clear()
  }

  giveUp(caller: number): void {
    for (const run of this.runs) {
      if (!run.waiting.delete(caller)) continue
      this.results[caller] = { status: 'rejected', reason: caller }
      this.seen.mark(run.waiting.size > 0 ? 'gave up among others' : 'gave up alone')
      if (run.waiting.size === 0 && !run.background) run.outdated = true
    }
  }

  invalidate(lost: readonly string[]): void {
    for (const run of this.runs) if (lost.includes(run.key)) run.outdated = true
  }

  /** Whether its function is told to stop. */
  isStopped(run: Run): boolean {
    return run.outdated && run.waiting.size === 0 && run.ended === undefined
  }

  private running(key: string): Run | undefined {
    const run = this.runs.findLast((each) => each.key === key && !each.outdated && !each.ended)
    if (run === undefined || this.now - run.begun < joinFor) return run
    this.seen.mark('left behind a call that hangs')
    run.outdated = true
    return undefined
  }

  private begin(key: string, background: boolean): Run {
    const run = { key, begun: this.now, background, waiting: new Set<number>(), outdated: false }
    this.runs.push(run)
    return run
  }

  private rescued(key: string, outcome: Settled<unknown>): Settled<unknown> {
    if (outcome.status === 'fulfilled') return outcome
    if (outcome.reason === bug) {
      this.seen.mark('a bug was not hidden')
      return outcome
    }
    const answer = this.answer(key)
    if (answer !== undefined) this.seen.mark('stale after a failure')
    return answer?.ended?.outcome ?? outcome
  }
}

/** The cache itself. */
class Real {
  readonly clock = new VirtualClock()
  readonly upstream = new Upstream()
  readonly cache: StaleCache
  readonly callers: AbortController[] = []
  readonly results: Array<Settled<unknown> | undefined> = []
  cacheOnly = false

  constructor(background: boolean) {
    const { clock } = this
    const refresh = background ? 'background' : 'inline'
    this.cache = staleCache({ ttl, staleFor, joinFor, refresh, clock, cacheOnly: () => this.cacheOnly })
  }

  call(key: string): void {
    const caller = new AbortController()
    const index = this.callers.push(caller) - 1
    this.results.push(undefined)
    void this.cache.settle(this.upstream.run, { key, signal: caller.signal }).then((result) => {
      const missed = result.status === 'rejected' && isSeaworthyError(result.reason)
      this.results[index] = missed ? { status: 'rejected', reason: 'ERR_CACHE_MISS' } : result
    })
  }
}

type Command = fc.AsyncCommand<Model, Real>

/** `expect` for each caller at every step would take most of the time. */
const same = (a: Settled<unknown> | undefined, b: Settled<unknown> | undefined): boolean =>
  a?.status === b?.status &&
  (a?.status === 'rejected' ? a.reason : a?.value) === (b?.status === 'rejected' ? b.reason : b?.value)

async function compare(model: Model, real: Real): Promise<void> {
  await real.clock.settle()
  if (!model.results.every((result, caller) => same(result, real.results[caller])))
    expect(real.results).toEqual(model.results)
  expect(real.upstream.calls).toHaveLength(model.runs.length)
  const running = model.runs.filter(({ ended }) => !ended)
  const waiting = model.results.filter((result) => result === undefined)
  expect(real.cache.debugStats()).toMatchObject({ running: running.length, waiting: waiting.length })
  for (const run of running) {
    const { context } = real.upstream.call(model.runs.indexOf(run))
    if (context.key !== run.key || context.signal.aborted !== model.isStopped(run))
      expect({ key: context.key, stopped: context.signal.aborted }).toEqual({
        key: run.key,
        stopped: model.isStopped(run),
      })
  }
}

const step = (name: string, run: (model: Model, real: Real) => void | Promise<void>): Command => ({
  check: () => true,
  async run(model, real) {
    await run(model, real)
    await compare(model, real)
  },
  toString: () => name,
})

const call = (key: string) =>
  step(`call ${key}`, (model, real) => {
    model.call(key)
    real.call(key)
  })

/** Ends one of the functions that run, the picked one of them. */
const end = (pick: number, fate: 'succeeds' | 'fails' | 'has a bug') =>
  step(`run ${pick} ${fate}`, (model, real) => {
    const running = model.runs.filter(({ ended }) => !ended)
    const run = running[pick % running.length]
    if (run === undefined) return
    const index = model.runs.indexOf(run)
    if (fate === 'succeeds') {
      model.end(run, { status: 'fulfilled', value: index })
      real.upstream.call(index).succeed(index)
    } else {
      const reason = fate === 'fails' ? down : bug
      model.end(run, { status: 'rejected', reason })
      real.upstream.call(index).fail(reason)
    }
  })

const advance = (by: number) =>
  step(`${by} ms`, async (model, real) => {
    model.now += by
    await real.clock.advance(by)
  })

const giveUp = (pick: number) =>
  step(`caller ${pick} gives up`, (model, real) => {
    const waiting = model.results.flatMap((result, caller) => (result === undefined ? [caller] : []))
    const caller = waiting[pick % waiting.length]
    if (caller === undefined) return
    model.giveUp(caller)
    real.callers[caller]?.abort(caller)
  })

const invalidate = (key: string) =>
  step(`invalidate ${key}`, (model, real) => {
    model.invalidate([key])
    real.cache.invalidate(key)
  })

const clear = () =>
  step('clear', (model, real) => {
    model.invalidate(keys)
    real.cache.clear()
  })

const only = (cacheOnly: boolean) =>
  step(`cache only: ${cacheOnly}`, (model, real) => {
    model.cacheOnly = cacheOnly
    real.cacheOnly = cacheOnly
  })

const key = fc.constantFrom('a', 'a', 'a', 'b')
const pick = fc.nat(5)
const boundaries = [1, ttl - 1, ttl, joinFor - 1, joinFor, staleFor, ttl + staleFor - 1, ttl + staleFor]
/** `commands` draws from all alike, so what is to happen often is repeated. */
const alphabet = [
  ...Array(6).fill(key.map(call)),
  ...Array(5).fill(pick.map((run) => end(run, 'succeeds'))),
  ...Array(3).fill(pick.map((run) => end(run, 'fails'))),
  pick.map((run) => end(run, 'has a bug')),
  ...Array(3).fill(fc.constantFrom(50, ttl - 1, ttl).map(advance)),
  fc.constantFrom(...boundaries).map(advance),
  pick.map(giveUp),
  fc.constantFrom(
    step('nobody', () => {}),
    invalidate('a'),
    invalidate('b'),
    clear(),
  ),
  fc.constantFrom(only(true), only(false), only(false), only(false)),
]

describe('the stale cache', () => {
  it('does what a list of everything that ever ran would do', { timeout: 20_000 }, async () => {
    const seen = sometimes(happenings)
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.commands(alphabet, { size: '+1' }), async (background, commands) => {
        const model = new Model(background, seen)
        const real = new Real(background)
        await fc.asyncModelRun(() => ({ model, real }), commands)
        expectOrder(model)
      }),
      { numRuns: 120 },
    )
    seen.verify()
  })
})

/** E4: no caller gets an answer that began before one which a caller got earlier from memory. */
function expectOrder(model: Model): void {
  for (const id of keys) {
    const stored = model.runs.filter((run) => run.key === id && run.ended && !run.outdated)
    const ends = stored.map((run) => run.ended?.at as number)
    expect(ends).toEqual([...ends].sort((a, b) => a - b))
  }
}
