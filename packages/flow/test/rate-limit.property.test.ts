/**
 * A rate limit against its definition: a list of the times at which calls passed, and a list of those who
 * wait.
 */
import type { Clock } from '@seaworthy/core'
import { expectNoLeaks, sometimes, VirtualClock } from '@seaworthy/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type RateLimitedError, rateLimit } from '../src/index.ts'
import { runs } from './runs.ts'
import { observe } from './toys.ts'

const interval = 30
const seen = sometimes(['passed at once', 'waited', 'too long', 'limit', 'deadline', 'aborted in line'])

interface Arrival {
  /** After the one before. */
  readonly after: number
  /** Gives up so long after it came. */
  readonly patience: number
  readonly deadline: number | undefined
}

/**
 * Arrivals are at multiples of 10, and nobody gives up at such a time, so no two things happen at one
 * instant.
 */
const arrivals = fc.array(
  fc.record<Arrival>({
    after: fc.constantFrom(0, 0, 0, 10, 20, 30, 40, 200),
    patience: fc.constantFrom(Infinity, Infinity, Infinity, 5, 45, 95),
    deadline: fc.constantFrom(undefined, undefined, undefined, 1, 31, 61),
  }),
  { minLength: 1, maxLength: 40, size: 'max' },
)

interface Waiting {
  readonly id: number
  readonly leaves: number
}

/** Who passes when. Does everything in the order of time, with plain lists. */
class Model {
  readonly grants: number[] = []
  readonly passedAt = new Map<number, number>()
  readonly #burst: number
  #line: Waiting[] = []

  constructor(burst: number) {
    this.#burst = burst
  }

  /** When the next may pass, if nothing happens before: every span that ends then must allow it. */
  earliest(now: number, grants: readonly number[] = this.grants): number {
    const allowed = grants.map((start, index) => start + (grants.length - index + 1 - this.#burst) * interval)
    return Math.max(now, ...allowed)
  }

  /** When a newcomer would pass, behind all who wait. */
  turn(now: number): number {
    const grants = [...this.grants]
    for (const _ of this.#line) grants.push(this.earliest(now, grants))
    return this.earliest(now, grants)
  }

  join(waiting: Waiting): void {
    this.#line.push(waiting)
  }

  /** Up to a time: lets pass, and lets go. */
  runTo(end: number, start: number): void {
    for (let now = start; now <= end; now += 5) {
      for (const { id, leaves } of this.#line) if (leaves === now) this.passedAt.set(id, Number.NaN)
      this.#line = this.#line.filter(({ leaves }) => leaves !== now)
      while (this.#line.length > 0 && this.earliest(now) <= now)
        this.pass(now, this.#line.shift()?.id as number)
    }
  }

  pass(now: number, id: number): void {
    this.grants.push(now)
    this.passedAt.set(id, now)
  }

  get waiting(): number {
    return this.#line.length
  }
}

describe('any history of a rate limit', () => {
  it('verify 36 and 38: lets pass exactly who may by the list of grant times, each at the first moment possible', async () => {
    await fc.assert(
      fc.asyncProperty(
        arrivals,
        fc.constantFrom(1, 2, 5),
        fc.constantFrom(false as const, 60, 300),
        async (history, burst, wait) => {
          const clock = new VirtualClock()
          const policy = rateLimit({ limit: 4, per: 4 * interval, burst, wait, clock })
          const model = new Model(burst)
          const calls: {
            watch: ReturnType<typeof observe>
            came: number
            arrival: Arrival
            refused: [string, number] | undefined
            signal: AbortSignal
          }[] = []
          for (const [id, arrival] of history.entries()) {
            const before = clock.now()
            await clock.advance(arrival.after)
            const now = clock.now()
            model.runTo(now, before)
            const caller = new AbortController()
            const deadline = arrival.deadline === undefined ? undefined : now + arrival.deadline
            const call = policy.execute(() => clock.now(), { signal: caller.signal, deadline })
            if (arrival.patience < Infinity) clock.setTimer(() => caller.abort('left'), arrival.patience)

            const turn = model.turn(now)
            let refused: [string, number] | undefined
            if (turn === now) model.pass(now, id)
            else if (wait === false) refused = ['limit', turn - now]
            else if (turn - now > wait) refused = ['maxWait', turn - now]
            else if (deadline !== undefined && deadline - turn < 1) refused = ['deadline', turn - now]
            else model.join({ id, leaves: now + arrival.patience })
            calls.push({ watch: observe(clock, call), came: now, arrival, refused, signal: caller.signal })
          }
          const end = clock.now()
          await clock.advance(5000)
          model.runTo(end + 5000, end)
          expect(model.waiting).toBe(0)

          for (const [id, { watch, came, refused, signal }] of calls.entries()) {
            const passedAt = model.passedAt.get(id)
            if (refused !== undefined) {
              const [reason, retryAfter] = refused
              expect(watch.ending).toMatchObject({ at: came, error: { reason, retryAfter } })
              seen.mark(reason === 'maxWait' ? 'too long' : (reason as 'limit'))
            } else if (Number.isNaN(passedAt)) {
              expect(watch.ending?.error).toBe('left')
              seen.mark('aborted in line')
            } else {
              expect(watch.ending).toEqual({ at: passedAt, value: passedAt })
              expect((passedAt ?? 0) - came).toBeLessThanOrEqual(wait || 0)
              seen.mark(passedAt === came ? 'passed at once' : 'waited')
            }
            expectNoLeaks({ signals: [signal] })
          }
          const times = calls.flatMap(({ watch: { ending } }) =>
            typeof ending?.value === 'number' ? [ending.value] : [],
          )
          expectBound(times, burst)
          expectNoLeaks({ policies: [policy], clock })
        },
      ),
      runs(300),
    )
    seen.verify()
  })

  it('verify 39: grants no more to a clock that goes back than to one that stands still, whatever was forgotten', async () => {
    const steps = fc.array(
      fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom(0, 0, 1, 50, 500, -1, -50, -500)),
      { minLength: 20, maxLength: 150, size: 'max' },
    )
    await fc.assert(
      fc.asyncProperty(steps, async (history) => {
        let now = 10_000 + (history[0]?.[1] ?? 0)
        const first = now
        let latest = now
        const virtual = new VirtualClock()
        const clock: Clock = {
          grain: 0,
          now: () => now,
          setTimer: (callback, delay) => virtual.setTimer(callback, delay),
          sleep: (delay) => virtual.sleep(delay),
        }
        const [limit, per, burst] = [1, 10, 2]
        const policy = rateLimit({ limit, per, burst, clock, key: ({ key }) => key })
        const passed = new Map<string, number>()
        for (const [index, [key, step]] of history.entries()) {
          if (index > 0) now += step
          latest = Math.max(latest, now)
          const { status } = await policy.settle(() => 1, { key })
          if (status === 'fulfilled') passed.set(key, (passed.get(key) ?? 0) + 1)
          const bound = burst + ((latest - first) * limit) / per
          expect(passed.get(key) ?? 0).toBeLessThanOrEqual(bound)
        }
      }),
      runs(300),
    )
  })

  it('keeps keys apart: a limit for each key is like a limit of its own for each', async () => {
    const keys = ['a', 'b', 'c', undefined]
    const history = fc.array(fc.tuple(fc.constantFrom(...keys), fc.constantFrom(0, 0, 0, 10, 100)), {
      maxLength: 60,
      size: 'max',
    })
    await fc.assert(
      fc.asyncProperty(history, async (calls) => {
        const clock = new VirtualClock()
        const options = { limit: 3, per: 100, burst: 2, clock }
        const together = rateLimit({ ...options, key: ({ key }) => key })
        const apart = new Map(keys.map((key) => [key, rateLimit(options)]))
        for (const [key, pause] of calls) {
          await clock.advance(pause)
          const one = await together.settle(() => 1, { key })
          const other = await apart.get(key)?.settle(() => 1)
          expect(one.status).toBe(other?.status)
          if (one.status === 'rejected' && other?.status === 'rejected') {
            const retryAfter = (error: unknown) => (error as RateLimitedError).retryAfter
            expect(retryAfter(one.reason)).toBe(retryAfter(other.reason))
          }
        }
      }),
      runs(200),
    )
  })
})

/** verify 36, on all pairs of grant times. */
function expectBound(times: readonly number[], burst: number): void {
  for (let from = 0; from < times.length; from++) {
    for (let to = from; to < times.length; to++) {
      const span = (times[to] as number) - (times[from] as number)
      if (to - from + 1 > burst + span / interval)
        throw new Error(`${to - from + 1} calls passed in ${span} ms`)
    }
  }
}
