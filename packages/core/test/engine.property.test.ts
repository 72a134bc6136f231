import { AsyncLocalStorage } from 'node:async_hooks'
import { getEventListeners } from 'node:events'
import { PolicyBase, type PolicyDescription, pipeline } from '@seaworthy/core'
import { sometimes, VirtualClock } from '@seaworthy/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  answerer,
  critic,
  type Log,
  limiter,
  type Next,
  observer,
  passer,
  reader,
  refuser,
  repeater,
  type Step,
  scripted,
  surrounder,
  type Toy,
  type ToyContext,
  ToyPolicy,
  text,
  waiter,
} from './toy-layers.ts'

type Make = (clock: VirtualClock, slot: number) => Toy

const watching: fc.Arbitrary<Make> = fc.constant((clock) => observer(clock))
const sharing: fc.Arbitrary<Make> = fc.constant((clock) => passer(clock))
const repeating: fc.Arbitrary<Make> = fc.constantFrom(2, 3).map(
  (attempts): Make =>
    () =>
      repeater(attempts),
)
const answering: fc.Arbitrary<Make> = fc.constant(() => answerer())
const reading: fc.Arbitrary<Make> = fc.constant(() => reader())

/** Layers that let calls pass. */
const passing = fc.oneof(watching, sharing, repeating, answering, reading)

const toy: fc.Arbitrary<Make> = fc.oneof(
  { weight: 3, arbitrary: watching },
  { weight: 2, arbitrary: sharing },
  {
    weight: 2,
    arbitrary: fc.constantFrom(7.31, 20.17, 41.53).map(
      (limit): Make =>
        (clock, slot) =>
          limiter(clock, limit + slot / 1000),
    ),
  },
  { weight: 2, arbitrary: repeating },
  {
    weight: 1,
    arbitrary: fc.constantFrom(3, 11).map(
      (delay): Make =>
        (clock) =>
          waiter(clock, delay),
    ),
  },
  { weight: 1, arbitrary: answering },
  { weight: 1, arbitrary: fc.constant<Make>(() => critic()) },
  { weight: 1, arbitrary: reading },
  { weight: 1, arbitrary: fc.constant<Make>((clock) => surrounder(clock)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('refuse' as const, 'throw' as const).map(
      (by): Make =>
        (clock) =>
          refuser(clock, by),
    ),
  },
)

const step: fc.Arbitrary<Step> = fc.record({
  after: fc.constantFrom('now' as const, 0, 2, 9, 30, 60),
  ends: fc.constantFrom(
    'value' as const,
    'value' as const,
    'error' as const,
    'error' as const,
    'throw' as const,
  ),
  obeys: fc.boolean(),
})

interface Scenario {
  readonly toys: Make[]
  readonly scripts: Step[][]
  /** When each call starts, and when its caller gives up, if ever. */
  readonly starts: number[]
  readonly aborts: (number | null)[]
}

const parts = {
  scripts: fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }),
  starts: fc.array(fc.nat(25), { minLength: 4, maxLength: 4 }),
  aborts: fc.array(fc.option(fc.nat(70), { freq: 4 }), { minLength: 4, maxLength: 4 }),
}

const scenario: fc.Arbitrary<Scenario> = fc.record({ ...parts, toys: fc.array(toy, { maxLength: 6 }) })

const runs = {
  numRuns: Number(process.env['PROPERTY_RUNS'] ?? 2000),
  seed: Number(process.env['PROPERTY_SEED'] ?? 20),
}

interface Outcome {
  readonly settled: string
  readonly at: number
  readonly logs: readonly string[][]
}

/**
 * After a limit has expired, its function and what follows run side by side. Who of them comes first within one instant
 * depends on how many promises either takes, which nobody may rely on. Without that, the order is exact.
 */
function comparable(outcome: Outcome): Outcome {
  if (!JSON.stringify(outcome.logs).includes('expired')) return outcome
  const instant = (line: string): number => Number(line.slice(line.lastIndexOf('@') + 1))
  const order = (a: string, b: string): number => instant(a) - instant(b) || a.localeCompare(b)
  return { ...outcome, logs: outcome.logs.map((log) => [...log].sort(order)) }
}

type Operation = (context: ToyContext) => unknown
type Execute = (operation: Operation, signal: AbortSignal | undefined) => Promise<unknown>

/** The logs of the call that runs, one for each layer and one for the function. Each hook has to run in its call's context. */
const running = new AsyncLocalStorage<string[][]>()

function logAt(slot: number): Log {
  const logs = (): string[] => running.getStore()?.[slot] as string[]
  return Object.assign((line: string) => void logs().push(line), {
    here: () => {
      const log = logs()
      return (line: string) => void log.push(line)
    },
  })
}

async function play(plan: Scenario, clock: VirtualClock, execute: Execute): Promise<Outcome[]> {
  const calls = plan.scripts.map(async (script, index): Promise<Outcome> => {
    const logs = Array.from({ length: plan.toys.length + 1 }, (): string[] => [])
    await clock.sleep(plan.starts[index] as number)
    return running.run(logs, async () => {
      const abortAt = plan.aborts[index]
      const controller = typeof abortAt === 'number' ? new AbortController() : undefined
      if (controller)
        clock.setTimer(() => controller.abort(new Error('caller left')), (abortAt as number) + 0.5)
      const settled = await execute(
        scripted(clock, script, logAt(plan.toys.length)),
        controller?.signal,
      ).then(
        (value) => `value: ${text(value)}`,
        (error) => `error: ${text(error)}`,
      )
      const at = clock.now()
      await clock.sleep(1000)
      if (controller) expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
      return { settled, at, logs }
    })
  })
  await clock.advance(30_000) // six nested repeaters take long
  const never: Outcome = { settled: 'never', at: clock.now(), logs: [] }
  return Promise.all(calls.map((call) => Promise.race([call, clock.settle().then(() => never)])))
}

const policiesOf = ({ toys }: Scenario, clock: VirtualClock): ToyPolicy[] =>
  toys.map((make, slot) => new ToyPolicy(make(clock, slot).layer(logAt(slot))))

function playNested(plan: Scenario): Promise<Outcome[]> {
  const clock = new VirtualClock()
  return play(plan, clock, (operation, signal) => {
    let next: Next = async (context) => operation(context)
    for (const [slot, make] of [...plan.toys.entries()].reverse()) {
      next = make(clock, slot).nested(logAt(slot))(next)
    }
    return next({ attempt: 1, signal: signal ?? new AbortController().signal })
  })
}

/** What is to have happened in some runs, whichever way calls take. */
function factsIn(logs: string): ('recovered' | 'revised' | 'aborted' | 'repeated')[] {
  const signs = {
    recovered: 'instead of',
    revised: 'read value',
    aborted: 'error: caller left',
    repeated: 'attempt 2',
  } as const
  const facts = ['recovered', 'revised', 'aborted', 'repeated'] as const
  return facts.filter((fact) => logs.includes(signs[fact]))
}

/** A pipeline whose calls pass by themselves where they can. */
class Client extends PolicyBase {
  readonly #policies: readonly ToyPolicy[]
  readonly #seen: (fact: 'passed' | 'answered in its place') => void

  constructor(policies: readonly ToyPolicy[], seen: (fact: 'passed' | 'answered in its place') => void) {
    super('client', undefined)
    this.#policies = policies
    this.#seen = seen
  }

  layers() {
    return this.#policies.flatMap((policy) => policy.layers())
  }

  describe(): PolicyDescription[] {
    return []
  }

  run(operation: Operation, signal: AbortSignal | undefined): Promise<unknown> {
    const call = { operation, signal }
    const passage = this.passage(call)
    if (passage === undefined) return this.execute(operation, call)
    this.#seen('passed')
    const settle = (end: () => unknown): unknown => {
      const outcome = end()
      if (outcome instanceof Promise) this.#seen('answered in its place')
      return outcome
    }
    const own = async (): Promise<unknown> =>
      operation({ attempt: 1, signal: signal ?? new AbortController().signal })
    return own().then(
      (value) => settle(() => passage.succeed(value, call)),
      (error) => settle(() => passage.fail(error, call)),
    )
  }
}

describe('a pipeline means what its nested definition means', () => {
  it('I20, I22: for any layers in any order, any function, any caller, and calls side by side', async () => {
    const seen = sometimes([
      'expired',
      'recovered',
      'aborted',
      'repeated',
      'refused',
      'side by side',
      'revised',
      'waited',
    ])
    await fc.assert(
      fc.asyncProperty(scenario, async (plan) => {
        const clock = new VirtualClock()
        const flat = pipeline(...policiesOf(plan, clock))
        const actual = await play(plan, clock, (operation, signal) =>
          flat.execute(operation, signal && { signal }),
        )

        const expected = await playNested(plan)
        expect(actual.map(comparable)).toEqual(expected.map(comparable))
        expect(clock.pendingTimers).toBe(0)

        const all = JSON.stringify(expected)
        if (all.includes('expired')) seen.mark('expired')
        for (const fact of factsIn(all)) seen.mark(fact)
        if (all.includes('refused')) seen.mark('refused')
        if (plan.scripts.length > 1) seen.mark('side by side')
        if (plan.toys.some((make) => make(clock, 0).label.startsWith('waiter'))) seen.mark('waited')
      }),
      runs,
    )
    seen.verify()
  })

  it('also for calls that pass by themselves', async () => {
    const seen = sometimes([
      'passed',
      'answered in its place',
      'recovered',
      'revised',
      'aborted',
      'repeated',
      'new token',
    ])
    const passable = fc.record({
      ...parts,
      toys: fc.array(fc.oneof({ weight: 12, arbitrary: passing }, toy), { maxLength: 5 }),
    })
    await fc.assert(
      fc.asyncProperty(passable, async (plan) => {
        const clock = new VirtualClock()
        const client = new Client(policiesOf(plan, clock), seen.mark)
        const actual = await play(plan, clock, (operation, signal) => client.run(operation, signal))

        const expected = await playNested(plan)
        expect(actual.map(comparable)).toEqual(expected.map(comparable))
        expect(clock.pendingTimers).toBe(0)

        const all = JSON.stringify(expected)
        for (const fact of factsIn(all)) seen.mark(fact)
        if (all.includes('since period 1') && all.includes('since period 2')) seen.mark('new token')
      }),
      runs,
    )
    seen.verify()
  })
})
