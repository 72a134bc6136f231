/**
 * A bulkhead against a model of another kind: a set of the calls that run and a list of those that wait,
 * without counters, heaps, promises or timers.
 */
import assert from 'node:assert/strict'
import { Hub } from '@seaworthy/core'
import { expectNoLeaks, sometimes, trackUnhandledRejections, VirtualClock } from '@seaworthy/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Bulkhead, BulkheadFullError, bulkhead } from '../src/index.ts'
import { runs } from './runs.ts'
import { deferred, type Ending, observe } from './toys.ts'

interface Waiting {
  readonly id: number
  readonly priority: number
  readonly until: number
  readonly by: 'maxWait' | 'deadline'
  /** Aborts at the very moment it gets its slot. */
  readonly doomed: boolean
}

interface Model {
  now: number
  concurrency: number
  queueLimit: number
  next: number
  running: Set<number>
  waiting: Waiting[]
  outcomes: Map<number, unknown>
}

interface Real {
  readonly clock: VirtualClock
  readonly policy: Bulkhead
  readonly started: Set<number>
  readonly calls: Map<number, RealCall>
  readonly doomed: Map<number, AbortController>
}

interface RealCall {
  readonly gate: ReturnType<typeof deferred>
  readonly caller: AbortController
  readonly watch: { readonly ending: Ending | undefined }
}

type Command = fc.AsyncCommand<Model, Real>

const maxWait = 100
const seen = sometimes([
  'admitted at once',
  'queued',
  'full',
  'waited too long',
  'deadline in the queue',
  'aborted in the queue',
  'aborted while running',
  'aborted with the slot in hand',
  'overtook by priority',
  'limit lowered below what runs',
  'limit raised over the queue',
])

class Start implements Command {
  readonly priority: number
  readonly deadline: number | undefined
  readonly doomed: boolean

  constructor(priority: number, deadline: number | undefined, doomed: boolean) {
    this.priority = priority
    this.deadline = deadline
    this.doomed = doomed
  }

  check = () => true

  async run(model: Model, real: Real): Promise<void> {
    const { priority, doomed } = this
    const id = model.next++
    const call: Omit<RealCall, 'watch'> = { gate: deferred(), caller: new AbortController() }
    const deadline = this.deadline === undefined ? undefined : real.clock.now() + this.deadline
    const promise = real.policy.execute(
      () => {
        real.started.add(id)
        return call.gate.promise
      },
      { signal: call.caller.signal, deadline, values: { priority }, journey: String(id) },
    )
    real.calls.set(id, { ...call, watch: observe(real.clock, promise) })

    if (model.running.size < model.concurrency) {
      model.running.add(id)
      seen.mark('admitted at once')
    } else if (model.waiting.length >= model.queueLimit) {
      model.outcomes.set(id, 'full')
      seen.mark('full')
    } else {
      const rest = this.deadline ?? Infinity
      const until = model.now + Math.min(maxWait, rest)
      model.waiting.push({ id, priority, until, by: rest < maxWait ? 'deadline' : 'maxWait', doomed })
      if (doomed) real.doomed.set(id, call.caller)
      seen.mark('queued')
    }
    await agree(model, real)
  }

  toString = () => `start(priority ${this.priority}, deadline ${this.deadline}, doomed ${this.doomed})`
}

class End implements Command {
  readonly which: number
  readonly fails: boolean

  constructor(which: number, fails: boolean) {
    this.which = which
    this.fails = fails
  }

  check = (model: Readonly<Model>) => model.running.size > 0

  async run(model: Model, real: Real): Promise<void> {
    const id = pick([...model.running], this.which)
    const outcome = { of: id }
    if (this.fails) real.calls.get(id)?.gate.reject(outcome)
    else real.calls.get(id)?.gate.resolve(outcome)
    model.running.delete(id)
    model.outcomes.set(id, outcome)
    letIn(model)
    await agree(model, real)
  }

  toString = () => `end(${this.which}, ${this.fails ? 'failure' : 'success'})`
}

class Abort implements Command {
  readonly which: number

  constructor(which: number) {
    this.which = which
  }

  check = (model: Readonly<Model>) => model.next > 0

  async run(model: Model, real: Real): Promise<void> {
    const id = this.which % model.next
    if (model.running.has(id)) seen.mark('aborted while running')
    if (model.waiting.some((waiting) => waiting.id === id)) {
      model.waiting = model.waiting.filter((waiting) => waiting.id !== id)
      model.outcomes.set(id, `${id} left`)
      seen.mark('aborted in the queue')
    }
    real.calls.get(id)?.caller.abort(`${id} left`)
    await agree(model, real)
  }

  toString = () => `abort(${this.which})`
}

class Pass implements Command {
  readonly time: number

  constructor(time: number) {
    this.time = time
  }

  check = () => true

  async run(model: Model, real: Real): Promise<void> {
    await real.clock.advance(this.time)
    model.now += this.time
    for (const { id, until, by } of model.waiting) {
      if (until > model.now) continue
      seen.mark(by === 'deadline' ? 'deadline in the queue' : 'waited too long')
      model.outcomes.set(id, by)
    }
    model.waiting = model.waiting.filter(({ until }) => until > model.now)
    await agree(model, real)
  }

  toString = () => `pass(${this.time})`
}

class Resize implements Command {
  readonly concurrency: number
  readonly queue: number

  constructor(concurrency: number, queue: number) {
    this.concurrency = concurrency
    this.queue = queue
  }

  check = () => true

  async run(model: Model, real: Real): Promise<void> {
    real.policy.reconfigure({ concurrency: this.concurrency, queue: this.queue })
    if (this.concurrency < model.running.size) seen.mark('limit lowered below what runs')
    if (this.concurrency > model.running.size + 1 && model.waiting.length > 1)
      seen.mark('limit raised over the queue')
    model.concurrency = this.concurrency
    model.queueLimit = this.queue
    letIn(model)
    await agree(model, real)
  }

  toString = () => `resize(${this.concurrency}, ${this.queue})`
}

/** Lets in who may come in, the first of the highest priority. Who is doomed only passes the slot on. */
function letIn(model: Model): void {
  while (model.running.size < model.concurrency && model.waiting.length > 0) {
    const highest = Math.max(...model.waiting.map(({ priority }) => priority))
    const next = model.waiting.find(({ priority }) => priority === highest) as Waiting
    if (next !== model.waiting[0]) seen.mark('overtook by priority')
    model.waiting = model.waiting.filter((waiting) => waiting !== next)
    if (!next.doomed) model.running.add(next.id)
    else {
      model.outcomes.set(next.id, `${next.id} doomed`)
      seen.mark('aborted with the slot in hand')
    }
  }
}

async function agree(model: Model, real: Real): Promise<void> {
  await real.clock.settle()
  const { policy, started, calls } = real
  assert.equal(policy.active, model.running.size)
  assert.equal(policy.queued, model.waiting.length)
  // verify 31 and 35, said once more without the model.
  assert(policy.queued === 0 || policy.active >= policy.concurrency)
  for (const [id, { watch }] of calls) {
    const outcome = model.outcomes.get(id)
    const ended = watch.ending?.value ?? watch.ending?.error
    assert.equal(ended instanceof BulkheadFullError ? ended.reason : ended, outcome)
    // verify 34: who was turned away has not run.
    if (typeof outcome === 'string') assert(!started.has(id))
    if (model.running.has(id)) assert(started.has(id))
  }
}

const pick = <T>(from: readonly T[], which: number): T => from[which % from.length] as T

const commands = [
  fc
    .tuple(fc.constantFrom(0, 0, 0, 1, 2), fc.constantFrom(undefined, undefined, 5, 55, 155), fc.boolean())
    .map(([priority, deadline, lucky]) => new Start(priority, deadline, !lucky && priority !== 2)),
  fc
    .tuple(fc.constantFrom(0, 0, 1), fc.constantFrom(undefined, 55))
    .map(([priority, deadline]) => new Start(priority, deadline, false)),
  fc.constant(new Start(0, undefined, false)),
  fc.tuple(fc.nat(20), fc.boolean()).map(([which, fails]) => new End(which, fails)),
  fc.tuple(fc.nat(20), fc.boolean()).map(([which, fails]) => new End(which, fails)),
  fc.nat(100).map((which) => new Abort(which)),
  fc.constantFrom(0, 1, 50, 99, 100, 101).map((time) => new Pass(time * 10)),
  fc.constantFrom(0, 1, 5, 9).map((time) => new Pass(time * 10)),
  fc
    .tuple(fc.constantFrom(1, 2, 3, 5), fc.constantFrom(0, 2, 5))
    .map(([concurrency, queue]) => new Resize(concurrency, queue)),
]

describe('any history of a bulkhead', () => {
  it('verify 31 to 35: agrees with a set and a list, and leaves nothing behind', async () => {
    const rejections = trackUnhandledRejections()
    await fc.assert(
      fc.asyncProperty(fc.commands(commands, { size: '+1' }), async (history) => {
        const clock = new VirtualClock()
        const hub = new Hub()
        const policy = bulkhead({
          name: 'under test',
          hub,
          concurrency: 2,
          queue: 3,
          maxWait,
          clock,
          priority: ({ values }) => values?.['priority'] as number,
        })
        const model: Model = {
          now: 0,
          concurrency: 2,
          queueLimit: 3,
          next: 0,
          running: new Set(),
          waiting: [],
          outcomes: new Map(),
        }
        const real: Real = { clock, policy, started: new Set(), calls: new Map(), doomed: new Map() }
        // Whoever is doomed is aborted by a listener, between getting the slot and running.
        hub.recordJourneys({
          record: (id, { type }) => {
            if (type === 'dequeued') real.doomed.get(Number(id))?.abort(`${id} doomed`)
          },
        })
        await fc.asyncModelRun(() => ({ model, real }), history)

        // verify 33: when all that runs has ended, all has been given back.
        while (model.running.size > 0) await new End(0, false).run(model, real)
        const signals = [...real.calls.values()].map(({ caller }) => caller.signal)
        expectNoLeaks({ policies: [policy], clock, signals })
      }),
      runs(300),
    )
    expect(await rejections.stop()).toEqual([])
    seen.verify()
  })
})
