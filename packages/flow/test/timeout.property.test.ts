import { expectNoLeaks, sometimes, trackUnhandledRejections, VirtualClock } from '@seaworthy/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type LateResult, timeout } from '../src/index.ts'
import { runs } from './runs.ts'
import { type Ending, obeys, observe, takes } from './toys.ts'

/**
 * One call of a schedule. All times are of different residues modulo 10, so no two things happen at one
 * instant and the outcome follows from the order of three numbers.
 */
interface Plan {
  readonly start: number
  /** How long the function takes, from the start. */
  readonly time: number
  readonly fails: boolean
  readonly obedient: boolean
  /** When the caller gives up, from the start. */
  readonly abort: number | undefined
  /** The deadline, from the start. */
  readonly deadline: number | undefined
}

const tens = (most: number) => fc.integer({ min: 0, max: most }).map((value) => value * 10)
const plans = fc.record<Plan>({
  start: tens(20),
  time: tens(30).map((time) => time + 1),
  fails: fc.boolean(),
  obedient: fc.boolean(),
  abort: fc.option(
    tens(30).map((time) => time + 2),
    { nil: undefined },
  ),
  deadline: fc.option(
    tens(30).map((time) => time + 3 - 10),
    { nil: undefined },
  ),
})

const seen = sometimes([
  'in time',
  'timed out',
  'timed out by the deadline',
  'not started',
  'aborted',
  'late success',
  'late failure',
  'cancelled',
  'late success returned',
  'late failure as cause',
])

/** What must come out, by looking at the numbers. Times from the start. */
function expected(plan: Plan, limit: number, mode: 'aggressive' | 'cooperative') {
  const { time, fails, obedient, abort = Infinity, deadline = Infinity } = plan
  const own = fails ? 'error' : 'value'
  if (deadline < 1) return { at: 0, how: 'timeout', late: undefined }
  const end = Math.min(limit, deadline)
  const stop = Math.min(end, abort)
  if (time < stop) return { at: time, how: own, late: undefined }
  const how = abort < end ? 'reason' : 'timeout'
  const outcome = obedient ? 'cancelled' : fails ? 'failure' : 'success'
  const late = { outcome, late: obedient ? 0 : time - stop, after: how === 'reason' ? 'abort' : 'timeout' }
  if (mode === 'aggressive') return { at: stop, how, late }
  if (how === 'reason') return { at: obedient ? stop : time, how: obedient ? how : own, late: undefined }
  if (obedient) return { at: stop, how, late }
  return { at: time, how: fails ? 'caused timeout' : own, late }
}

describe('any schedule of calls under one timeout', () => {
  it('ends as the numbers say (verify 27), and leaves nothing behind', async () => {
    const rejections = trackUnhandledRejections()
    await fc.assert(
      fc.asyncProperty(
        fc.array(plans, { minLength: 1, maxLength: 12 }),
        fc.constantFrom(50, 100, 150),
        fc.constantFrom('aggressive' as const, 'cooperative' as const),
        async (schedule, limit, mode) => {
          const clock = new VirtualClock()
          const policy = timeout(limit, { mode, clock })
          const late: LateResult[] = []
          policy.on('lateResult', (event) => late.push(event))
          const endings = schedule.map((plan) => launch(clock, policy, plan))
          await clock.advance('10s')

          const lateOnes: unknown[] = []
          for (const [index, plan] of schedule.entries()) {
            const { result, error, reason, signal } = endings[index] as ReturnType<typeof launch>
            const due = expected(plan, limit, mode)
            const ending = result().ending as Ending
            expect(ending.at - plan.start).toBe(due.at)
            if (due.how === 'value') expect(ending.value).toBe(plan)
            else if (due.how === 'error') expect(ending.error).toBe(error)
            else if (due.how === 'reason') expect(ending.error).toBe(reason)
            else {
              expect(ending.error).toMatchObject({ code: 'ERR_TIMEOUT' })
              if (due.how === 'caused timeout') expect((ending.error as Error).cause).toBe(error)
              else expect(ending.error).not.toHaveProperty('cause')
            }
            if (due.late !== undefined) lateOnes.push({ name: undefined, ...due.late })
            mark(plan, due, limit, mode)
            expectNoLeaks({ signals: [signal] })
          }
          expect(sorted(late)).toEqual(sorted(lateOnes))
          expectNoLeaks({ policies: [policy], except: ['listeners'], clock })
        },
      ),
      runs(400),
    )
    expect(await rejections.stop()).toEqual([])
    seen.verify()
  })
})

function launch(clock: VirtualClock, policy: ReturnType<typeof timeout>, plan: Plan) {
  const error = new Error('of the function')
  const reason = { given: 'up' }
  const caller = new AbortController()
  const function_ = plan.obedient ? obeys : takes
  let watch: { readonly ending: Ending | undefined } = { ending: undefined }
  clock.setTimer(() => {
    const deadline = plan.deadline === undefined ? undefined : clock.now() + plan.deadline
    const call = policy.execute(function_(clock, plan.time, plan.fails ? error : plan), {
      signal: caller.signal,
      deadline,
    })
    watch = observe(clock, call)
    if (plan.abort !== undefined) clock.setTimer(() => caller.abort(reason), plan.abort)
  }, plan.start)
  return { result: () => watch, error, reason, signal: caller.signal }
}

function mark(
  plan: Plan,
  { how, late }: ReturnType<typeof expected>,
  limit: number,
  mode: 'aggressive' | 'cooperative',
): void {
  if ((plan.deadline ?? 1) < 1) seen.mark('not started')
  else if (late === undefined) seen.mark('in time')
  if (how === 'reason') seen.mark('aborted')
  if (how === 'timeout')
    seen.mark((plan.deadline ?? limit) < limit ? 'timed out by the deadline' : 'timed out')
  if (late?.outcome === 'success') seen.mark(mode === 'aggressive' ? 'late success' : 'late success returned')
  if (late?.outcome === 'failure') seen.mark(mode === 'aggressive' ? 'late failure' : 'late failure as cause')
  if (late?.outcome === 'cancelled') seen.mark('cancelled')
}

function sorted(events: readonly unknown[]): string[] {
  return events.map((event) => JSON.stringify(event, ['outcome', 'late', 'after'])).sort()
}
