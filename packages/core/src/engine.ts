/**
 * The engine: compiles the layers of a pipeline into segments and runs calls through them.
 *
 * On the success path a call enters its layers in order, calls the function, observes **one** promise, and runs the
 * success hooks in reverse, whatever the number of layers. Only what cannot be done so is paid for where it is
 * used: a layer that may settle a call early (an aggressive timeout) needs a promise of its own, a layer in the
 * general form (`around`) starts a new segment, and failures that a layer recovers from run the inner part again as a
 * nested call. The outcome equals the nested definition `outer(inner(fn))`; a property test compares the two.
 *
 * The record of a call (`Flight`) carries its promise reactions and is used again, since making two closures for
 * every call costs more than all hooks of five layers (bench: `pipeline5`). A record goes back to the pool only when
 * its one promise has settled and nothing waits for it any more: native promises react once, so no reaction of an
 * earlier call can reach a later one. Whatever took a slow path is left to the garbage collector.
 */
import { CallContext, type ExecuteOptions } from './context.ts'
import type { DeadlineNode } from './deadlines.ts'
import type { Call, Inner, Layer, Operation, Refusal } from './layer.ts'
import type { Passage, PassingCall } from './passage.ts'

const refusal: Refusal = { refused: true }

const settled: Promise<void> = Promise.resolve()
const nativeThen = Promise.prototype.then

/** The context of a call of which nothing is known: hooks of steady layers see it. */
const noContext = CallContext.plain(false)

/** The most records that are kept for later calls. */
const poolLimit = 2048
let pool: Flight | undefined
let pooled = 0

/** A call without reactions: enough to enter layers with. */
class Entry implements Call {
  segment: Segment = undefined as never
  context: CallContext = undefined as never
  operation: Operation = undefined as never
  readonly tokens: unknown[] = [undefined, undefined, undefined, undefined]
  expired = false
  /** Whether the time that a layer gave the call has run out. */
  timedOut = false
  /** Whether something besides the one promise still refers to this record: then it is not used again. */
  kept = false
  refused: unknown = undefined
  /** What a layer makes the call wait for. */
  wait: Promise<unknown> | undefined = undefined
  resolve: (value: unknown) => void = undefined as never
  reject: (error: unknown) => void = undefined as never

  previous: DeadlineNode | undefined = undefined
  next: DeadlineNode | undefined = undefined
  due = 0

  refuse(error: unknown): Refusal {
    this.refused = error
    return refusal
  }

  giveUp(error: unknown): void {
    if (this.expired) return
    this.expired = true
    this.kept = true // its function still runs
    // Whoever gives it up because of somebody outside does so after the context was aborted.
    if (!this.context.aborted) this.timedOut = true
    this.reject(error)
    this.context.abort(error)
  }

  expire(): void {
    const { segment } = this
    this.timedOut = true
    this.kept = true
    segment.layers[segment.timed]?.expire?.(this, segment.timed)
  }

  givenUpOutside(slot: number): boolean {
    const { context } = this
    if (!context.aborted) return false
    const inside = this.timedOut && this.segment.timed > slot
    return !inside || context.callerAborted || context.parent?.aborted === true
  }
}

class Flight extends Entry {
  nextInPool: Flight | undefined = undefined

  readonly executor = (resolve: (value: unknown) => void, reject: (error: unknown) => void): void => {
    this.resolve = resolve
    this.reject = reject
  }

  /** The function succeeded; the timed layer may have settled the call before. */
  readonly innerSucceeded = (value: unknown): void => {
    const { segment, resolve, reject } = this
    let result = value
    if (segment.revises) result = segment.succeed(this, segment.layers.length - 1, segment.split, value)
    else segment.observeInner(this, value)
    if (this.expired) return
    if (!segment.observesOuter) this.finishAfter(result)
    // Resolving with the promise of an answer would shut out the timed layer while that is pending.
    if (result instanceof Promise) result.then(resolve, reject)
    else resolve(result)
  }

  readonly innerFailed = (error: unknown): void => {
    const { segment, resolve, reject } = this
    const recovered = segment.fail(this, segment.layers.length - 1, segment.split, error)
    if (this.expired) return
    if (!segment.observesOuter) this.finishAfter(recovered)
    if (recovered === undefined) reject(error)
    else recovered.then(resolve, reject)
  }

  /** The promise that decides for the caller was fulfilled. */
  readonly succeeded = (value: unknown): unknown => {
    const { segment } = this
    let result = value
    if (segment.revises) result = segment.succeed(this, segment.split - 1, 0, value)
    else segment.observeOuter(this, value)
    this.finishAfter(result)
    return result
  }

  readonly failed = (error: unknown): unknown => {
    const recovered = this.segment.fail(this, this.segment.split - 1, 0, error)
    this.finishAfter(recovered)
    if (recovered !== undefined) return recovered
    throw error
  }

  /** Ends the call now, or when the answer that a layer gave in place of its outcome has come. */
  private finishAfter(answer: unknown): void {
    if (!this.kept || !(answer instanceof Promise)) this.finish()
    else answer.then(this.end, this.end)
  }

  private readonly end = (): void => this.finish()

  /** Takes over what the layers found for this call when it entered by another record. */
  adopt(probe: Entry): void {
    for (let slot = 0; slot < probe.tokens.length; slot++) this.tokens[slot] = probe.tokens[slot]
    this.refused = probe.refused
    this.wait = probe.wait
    probe.refused = undefined
    probe.wait = undefined
  }

  /** The call is over for its caller. */
  finish(): void {
    this.context.release()
    if (this.kept || pooled >= poolLimit) return
    this.context = undefined as never
    this.operation = undefined as never
    this.resolve = undefined as never
    this.reject = undefined as never
    this.refused = undefined
    this.nextInPool = pool
    pool = this
    pooled++
  }
}

/** Stands for calls without options while they enter steady layers. */
const probe = new Entry()
probe.context = noContext
let probing = false

function takeFlight(segment: Segment, context: CallContext, operation: Operation): Flight {
  let flight = pool
  if (flight === undefined) flight = new Flight()
  else {
    pool = flight.nextInPool
    pooled--
  }
  flight.segment = segment
  flight.context = context
  flight.operation = operation
  return flight
}

/**
 * Settles calls that entered a segment with the same tokens, side by side: they differ in nothing that a settling hook could see until
 * a token changes, so one record serves them all.
 */
class SharedPassage implements Passage {
  readonly segment: Segment
  readonly call: Entry = new Entry()

  constructor(segment: Segment, tokens: readonly unknown[]) {
    const { call } = this
    this.segment = segment
    call.context = noContext
    for (let slot = 0; slot < segment.layers.length; slot++) call.tokens[slot] = tokens[slot]
  }

  succeed(value: unknown, caller: PassingCall): unknown {
    const { segment } = this
    if (segment.mayRevise(value)) return this.flightOf(caller).succeeded(value)
    segment.observeOuter(this.call, value)
    return value
  }

  fail(error: unknown, caller: PassingCall): unknown {
    return this.flightOf(caller).failed(error)
  }

  /** A call that needs a record of its own now. */
  private flightOf(caller: PassingCall): Flight {
    const { segment, call } = this
    const context = CallContext.of(caller, segment.aborts, segment.retries)
    const flight = takeFlight(segment, context, caller.operation)
    flight.adopt(call)
    return flight
  }
}

/** Settles calls without options that entered a steady segment. */
class Settlement extends SharedPassage {
  readonly succeeded: ((value: unknown) => unknown) | undefined
  readonly failed: (error: unknown) => never

  constructor(segment: Segment, tokens: readonly unknown[]) {
    super(segment, tokens)
    const { call } = this
    const { layers } = segment
    const [layer] = layers
    if (layers.length === 1 && layer?.success !== undefined) {
      // A loop over one layer costs a tenth of a bare call (bench: `closed`).
      const alone = layer as Observing
      this.succeeded = (value) => {
        alone.success(call, 0, value)
        return value
      }
    } else if (segment.outer.length > 0) {
      this.succeeded = (value) => {
        segment.observeOuter(call, value)
        return value
      }
    }
    this.failed = (error) => {
      segment.fail(call, layers.length - 1, 0, error)
      throw error
    }
  }
}

/** A call failed that a settlement serves, and a layer may recover: it needs a record of its own now. */
function failUnsettled(
  this: Settlement,
  context: CallContext,
  operation: Operation,
  error: unknown,
): unknown {
  const flight = takeFlight(this.segment, context, operation)
  flight.adopt(this.call)
  return flight.failed(error)
}

/**
 * A run of layers that one promise serves. Its members are private to TypeScript only: V8 checks `#private` names at
 * every access, a quarter of a bare call in all (bench: `breaker`).
 */
export class Segment {
  readonly layers: readonly Layer[]
  /** Whether a layer may abort the contexts of calls. */
  readonly aborts: boolean
  /** The layer that limits time, or -1. There is one at most: a second begins the next segment. */
  readonly timed: number
  /**
   * Layers from here on settle with the function, those before with the caller: the same moment, unless the timed
   * layer settles early. It counts as inner, since the function's end stops its clock.
   */
  readonly split: number
  readonly revises: boolean
  readonly observesOuter: boolean
  /** In the general form, between this segment and the next. */
  private readonly around: Layer | undefined
  private readonly next: Segment | undefined
  private readonly retriedOutside: boolean
  /** The slots of the layers that have something to do when a call enters, and when it succeeds. */
  private readonly entering: readonly number[]
  readonly outer: readonly number[]
  private readonly inner: readonly number[]
  private readonly recovers: boolean
  readonly steady: boolean
  /** Whether a layer retries. */
  readonly retries: boolean
  /** Whether calls may pass as they do in {@link passage}, and the slots of the layers to ask. */
  private readonly passable: boolean
  private readonly passing: readonly number[]
  /** The slots of the layers that revise some values. */
  private readonly revising: readonly number[]
  private settlement: Settlement | undefined = undefined
  private passed: SharedPassage | undefined = undefined
  private readonly settlesEarly: boolean
  private tails: Array<Segment | undefined> | undefined

  constructor(layers: readonly Layer[], around?: Layer, next?: Segment, retriedOutside = false) {
    this.layers = layers
    this.around = around
    this.next = next
    this.retriedOutside = retriedOutside
    this.timed = layers.findIndex((layer) => layer.deadline !== undefined)
    this.aborts = this.timed >= 0
    this.settlesEarly = layers[this.timed]?.deadline === 'settles'
    this.split = this.settlesEarly ? this.timed : layers.length
    this.revises = layers.some((layer) => layer.revise !== undefined)
    this.entering = slotsWith(layers, 'enter', 0, layers.length)
    this.outer = slotsWith(layers, 'success', 0, this.split)
    this.inner = slotsWith(layers, 'success', this.split, layers.length)
    this.observesOuter = layers
      .slice(0, this.split)
      .some(({ success, failure, recover, revise }) => success ?? failure ?? recover ?? revise)
    this.recovers = layers.some((layer) => layer.recover !== undefined)
    this.steady =
      this.timed < 0 &&
      !this.revises &&
      layers.every((layer) => layer.enter === undefined || layer.steady === true)
    this.retries = layers.some(isRetry)
    this.revising = slotsWith(layers, 'revises', 0, layers.length)
    this.passing = slotsWith(layers, 'passFor', 0, layers.length)
    this.passable = around === undefined && this.timed < 0 && layers.every(letsPass)
  }

  /**
   * Lets a call with options pass if no layer needs to see it. What serves calls with the same tokens is kept for one set of them
   * only: most calls in a row are for the same key.
   */
  passage(options: ExecuteOptions): Passage | undefined {
    if (!this.passable) return undefined
    const { layers, passing } = this
    let passage = this.passed
    for (let i = 0; i < passing.length; i++) {
      const slot = passing[i] as number
      const token = (layers[slot] as Passing).passFor(options)
      if (token === undefined) return undefined
      if (passage !== undefined && passage.call.tokens[slot] !== token) passage = undefined
    }
    passage ??= this.passageFor(options)
    try {
      for (let i = 0; i < passing.length; i++) layers[passing[i] as number]?.passed?.(options)
    } catch {
      return undefined // It throws again when the call enters, which refuses it.
    }
    return passage
  }

  private passageFor(options: ExecuteOptions): SharedPassage {
    const tokens = this.layers.map((layer) => layer.passFor?.(options))
    this.passed = new SharedPassage(this, tokens)
    return this.passed
  }

  /** Runs one call. */
  start(context: CallContext, operation: Operation): Promise<unknown> {
    if (this.steady && context.plain) return this.startSteady(context, operation)
    return this.startFlight(context, operation)
  }

  /** Runs one call for a layer outside that adds nothing to it. A context cannot be shared with layers, who end it. */
  pass(context: CallContext, operation: Operation): Promise<unknown> {
    const bare = this.layers.length === 0 && this.around === undefined
    return bare ? this.invoke(context, operation) : this.start(context.child(), operation)
  }

  private startFlight(context: CallContext, operation: Operation): Promise<unknown> {
    const flight = takeFlight(this, context, operation)
    if (this.settlesEarly) return this.startEarly(flight)
    const stop = this.enter(flight)
    if (stop >= 0) return this.stopped(flight, stop)
    const promise = this.invoke(context, operation)
    return promise.then(flight.succeeded, flight.failed)
  }

  /**
   * The cheapest way: all layers are steady, the call has no options, and nothing can abort it. Then calls differ in
   * nothing that a settling hook could see until a token changes, and one record serves them all side by side. Only
   * a failure that a layer may recover from needs to know its own call.
   */
  startSteady(context: CallContext, operation: Operation): Promise<unknown> {
    let { settlement } = this
    if (settlement === undefined || !this.passes(settlement)) {
      if (probing) return this.startFlight(context, operation) // by an event listener that `enter` called
      probing = true
      for (let i = 0; i < this.layers.length; i++) probe.tokens[i] = undefined
      const stop = this.enter(probe)
      probing = false
      if (stop >= 0) {
        const flight = takeFlight(this, context, operation)
        flight.adopt(probe)
        return this.stopped(flight, stop)
      }
      settlement = this.settlementFor(probe.tokens)
    }
    const promise = this.invoke(context, operation)
    if (!this.observesOuter) return promise
    if (!this.recovers) return promise.then(settlement.succeeded, settlement.failed)
    // Cheaper than a closure over the same (bench: `retry`).
    return promise.then(settlement.succeeded, failUnsettled.bind(settlement, context, operation))
  }

  /** Whether another call may enter with the tokens of the last one without asking. */
  private passes({ call }: Settlement): boolean {
    const { entering, layers } = this
    for (let i = 0; i < entering.length; i++) {
      const slot = entering[i] as number
      const pass = (layers[slot] as Layer).pass
      if (pass === undefined || pass !== call.tokens[slot]) return false
    }
    return true
  }

  /** What settles calls that entered with these tokens. */
  private settlementFor(tokens: readonly unknown[]): Settlement {
    const known = this.settlement
    if (known === undefined) return this.settleWith(tokens)
    const slots = this.entering
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i] as number
      if (known.call.tokens[slot] !== tokens[slot]) return this.settleWith(tokens)
    }
    return known
  }

  private settleWith(tokens: readonly unknown[]): Settlement {
    this.settlement = new Settlement(this, tokens)
    return this.settlement
  }

  private startEarly(flight: Flight): Promise<unknown> {
    const early = new Promise(flight.executor)
    const stop = this.enter(flight)
    if (stop < 0) {
      // A layer further in may have given the caller's signal up while it let the call in.
      const ended = flight.expired ? rejectSoon(flight.context.reason) : undefined
      const inner = ended ?? this.invoke(flight.context, flight.operation)
      inner.then(flight.innerSucceeded, flight.innerFailed)
    } else if (stop > this.split) {
      const outcome = this.stopped(flight, stop)
      // With nobody outside who looks at the outcome, nobody else takes our listener off the caller's signal.
      const over = this.observesOuter ? outcome : outcome.finally(() => flight.context.release())
      over.then(flight.resolve, flight.reject)
    } else return this.stopped(flight, stop)
    return this.observesOuter ? early.then(flight.succeeded, flight.failed) : early
  }

  /** Lets the call into each layer in turn. @returns The slot of the layer that refused it or made it wait, or -1. */
  private enter(call: Entry): number {
    const { layers, entering } = this
    for (let i = 0; i < entering.length; i++) {
      const slot = entering[i] as number
      let admission: ReturnType<NonNullable<Layer['enter']>>
      try {
        admission = (layers[slot] as Entering).enter(call, slot)
      } catch (error) {
        admission = call.refuse(error)
      }
      if (admission === undefined) continue
      call.wait = admission === refusal ? undefined : (admission as Promise<unknown>)
      return slot
    }
    return -1
  }

  /** The call was refused at `slot`, or waits there. */
  private stopped(flight: Flight, slot: number): Promise<unknown> {
    const { wait } = flight
    const whole = slot <= this.split
    if (wait === undefined) return this.refuse(flight, slot, whole)
    flight.wait = undefined
    const outcome = this.wait(flight, slot, wait)
    return whole ? outcome.finally(() => flight.finish()) : outcome
  }

  /** Slow path: the layers inside `slot` run as a nested call once the wait is over. */
  private wait(flight: Flight, slot: number, wait: Promise<unknown>): Promise<unknown> {
    flight.kept = true
    const { context, operation } = flight
    const to = this.unwindTo(slot)
    return wait.then(
      () => {
        if (context.aborted) return this.unwind(flight, slot, to, context.reason)
        return this.tail(slot)
          .start(context.child(), operation)
          .then(
            (value) => this.succeed(flight, slot, to, value),
            (error) => this.unwind(flight, slot, to, error),
          )
      },
      (error) => this.unwind(flight, slot - 1, to, error),
    )
  }

  private refuse(flight: Flight, slot: number, whole: boolean): Promise<unknown> {
    const error = flight.refused
    const recovered = this.fail(flight, slot - 1, this.unwindTo(slot), error)
    if (whole) flight.finish()
    return recovered ?? rejectSoon(error)
  }

  /** What happens inside the timed layer goes out through its own promise. */
  private unwindTo(slot: number): number {
    return this.settlesEarly && slot > this.split ? this.split : 0
  }

  private unwind(call: Entry, from: number, to: number, error: unknown): Promise<unknown> {
    const recovered = this.fail(call, from, to, error)
    if (recovered !== undefined) return recovered
    throw error
  }

  private invoke(context: CallContext, operation: Operation): Promise<unknown> {
    try {
      const result = this.around === undefined ? operation(context) : this.invokeAround(context, operation)
      // Only a native promise is known to react once. Everything else is adopted by one.
      if (result instanceof Promise && result.then === nativeThen) return result
      return adopt(result)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  private invokeAround(context: CallContext, operation: Operation): Promise<unknown> | undefined {
    const rest = new Rest(this.next as Segment, context, operation, this.retriedOutside)
    return this.around?.around?.(context, rest)
  }

  observeOuter(call: Entry, value: unknown): void {
    this.observe(this.outer, call, value)
  }

  observeInner(call: Entry, value: unknown): void {
    this.observe(this.inner, call, value)
  }

  private observe(slots: readonly number[], call: Entry, value: unknown): void {
    for (let i = slots.length - 1; i >= 0; i--) {
      const slot = slots[i] as number
      ;(this.layers[slot] as Observing).success(call, slot, value)
    }
  }

  /** Unwinds a value through the layers `from` down to `to`. */
  succeed(call: Entry, from: number, to: number, value: unknown): unknown {
    for (let slot = from; slot >= to; slot--) {
      const layer = this.layers[slot] as Layer
      layer.success?.(call, slot, value)
      // What comes too late for the caller is not for layers inside the one that gave it up; what a retry got after that, is.
      if (layer.revise === undefined || (call.expired && slot >= this.split)) continue
      const revised = this.revision(call, slot, value)
      if (revised !== undefined) return this.continue(call, slot - 1, to, revised)
    }
    return value
  }

  /** Unwinds an error through the layers `from` down to `to`. Undefined says that no layer answered in its place. */
  fail(call: Entry, from: number, to: number, error: unknown): Promise<unknown> | undefined {
    for (let slot = from; slot >= to; slot--) {
      const layer = this.layers[slot] as Layer
      layer.failure?.(call, slot, error)
      if (layer.recover === undefined || (call.expired && slot >= this.split)) continue
      // An expired timeout inside this layer ended the attempt, not the call.
      if (this.timed > slot) {
        call.context = call.context.renewed()
        call.timedOut = false
      }
      const recovered = this.recovery(call, slot, error)
      if (recovered !== undefined) return this.continue(call, slot - 1, to, recovered)
    }
    return undefined
  }

  /** Whether a layer wants to be asked about a value. */
  mayRevise(value: unknown): boolean {
    const { layers, revising } = this
    try {
      for (let i = 0; i < revising.length; i++)
        if ((layers[revising[i] as number] as Revising).revises(value)) return true
      return false
    } catch {
      return true // It throws again when it is asked in its turn.
    }
  }

  /** What a layer answers in place of a value. */
  private revision(call: Entry, slot: number, value: unknown): Promise<unknown> | undefined {
    const layer = this.layers[slot] as Layer
    try {
      if (layer.revises?.(value) === false) return undefined
      const answer = layer.revise?.(call, slot, value, this.rest(call, slot))
      if (answer !== undefined) call.kept = true
      return answer
    } catch (error) {
      call.kept = true
      return Promise.reject(error)
    }
  }

  /** What a layer answers in place of an error. */
  private recovery(call: Entry, slot: number, failure: unknown): Promise<unknown> | undefined {
    try {
      const answer = this.layers[slot]?.recover?.(call, slot, failure, this.rest(call, slot))
      if (answer !== undefined) call.kept = true
      return answer
    } catch (error) {
      call.kept = true
      return Promise.reject(error)
    }
  }

  private continue(call: Entry, from: number, to: number, outcome: Promise<unknown>): Promise<unknown> {
    if (from < to) return outcome
    return outcome.then(
      (value) => this.succeed(call, from, to, value),
      (error) => this.unwind(call, from, to, error),
    )
  }

  private rest(call: Entry, slot: number): Inner {
    return new Rest(this.tail(slot), call.context, call.operation, this.retriesUpTo(slot))
  }

  /** The part of the plan inside `slot`, compiled when first needed. */
  tail(slot: number): Segment {
    this.tails ??= this.layers.map(() => undefined)
    const known = this.tails[slot]
    if (known !== undefined) return known
    const tail = new Segment(this.layers.slice(slot + 1), this.around, this.next, this.retriesUpTo(slot + 1))
    this.tails[slot] = tail
    return tail
  }

  private retriesUpTo(slot: number): boolean {
    return this.retriedOutside || this.layers.slice(0, slot).some(isRetry)
  }
}

/** Shared by the many segments of one layer. */
const noSlots: readonly number[] = []
const firstSlot: readonly number[] = [0]

/** The slots from `from` up to `to` of layers that have a hook. */
function slotsWith(layers: readonly Layer[], hook: keyof Layer, from: number, to: number): readonly number[] {
  const slots: number[] = []
  for (let slot = from; slot < to; slot++) if (layers[slot]?.[hook] !== undefined) slots.push(slot)
  if (slots.length === 0) return noSlots
  return slots.length === 1 && slots[0] === 0 ? firstSlot : slots
}

type Entering = Required<Pick<Layer, 'enter'>>
type Revising = Required<Pick<Layer, 'revises'>>
type Passing = Required<Pick<Layer, 'passFor'>>
type Observing = Required<Pick<Layer, 'success'>>

class Rest implements Inner {
  readonly #segment: Segment
  readonly #context: CallContext
  readonly #operation: Operation
  readonly #retriedOutside: boolean

  constructor(segment: Segment, context: CallContext, operation: Operation, retriedOutside: boolean) {
    this.#segment = segment
    this.#context = context
    this.#operation = operation
    this.#retriedOutside = retriedOutside
  }

  get retriedOutside(): boolean {
    return this.#retriedOutside || this.#context.retriedOutside
  }

  run(context: CallContext): Promise<unknown> {
    return this.#segment.start(context, this.#operation)
  }

  pass(): Promise<unknown> {
    return this.#segment.pass(this.#context, this.#operation)
  }
}

const isRetry = (layer: Layer): boolean => layer.kind === 'retry'

/** Whether calls may pass a layer that does not see them: it says so, or does nothing for a call that succeeds. */
function letsPass({ enter, success, passFor, revise, revises }: Layer): boolean {
  const idle = enter === undefined && success === undefined
  return (idle || passFor !== undefined) && (revise === undefined || revises !== undefined)
}

/** Begins a new segment where a second layer limits time. */
const boundary: Layer = {
  kind: 'boundary',
  around: (context, inner) => inner.run(context.child()),
}

/** A compiled list of layers, first is outermost. */
export class Plan {
  private readonly first: Segment
  private readonly retries: boolean

  constructor(layers: readonly Layer[]) {
    this.first = compile(layers, false)
    this.retries = layers.some(isRetry)
  }

  /** Runs one call. Nothing runs when its signal has aborted already. */
  run(operation: Operation, options: ExecuteOptions | undefined): Promise<unknown> {
    const { first } = this
    if (options === undefined && first.steady) {
      return first.startSteady(CallContext.plain(this.retries), operation)
    }
    const context = CallContext.of(options, first.aborts, this.retries)
    if (options !== undefined && context.aborted) return rejectSoon(context.reason)
    return first.start(context, operation)
  }

  /** See `PolicyBase.passage`. A call inside another, or with a journey, is always seen. */
  passage(options: ExecuteOptions): Passage | undefined {
    return options.journey === undefined && !(options instanceof CallContext)
      ? this.first.passage(options)
      : undefined
  }
}

function compile(layers: readonly Layer[], retriedOutside: boolean): Segment {
  let timed = false
  for (const [slot, layer] of layers.entries()) {
    if (layer.around === undefined && !(timed && layer.deadline !== undefined)) {
      timed ||= layer.deadline !== undefined
      continue
    }
    const outer = layers.slice(0, slot)
    const retried = retriedOutside || outer.some(isRetry)
    return layer.around === undefined
      ? new Segment(outer, boundary, compile(layers.slice(slot), retried), retriedOutside)
      : new Segment(outer, layer, compile(layers.slice(slot + 1), retried), retriedOutside)
  }
  return new Segment(layers, undefined, undefined, retriedOutside)
}

/** Apart from its caller, where a closure over the result would cost every call an allocation (bench: `breaker`). */
function adopt(result: unknown): Promise<unknown> {
  return new Promise((resolve) => resolve(result))
}

/**
 * Rejects one microtask later, when the caller has attached its handlers: Node's tracker of unhandled rejections
 * then sees nothing, which is half the cost (bench: `open`). A rejection that nobody handles is still reported.
 */
function rejectSoon(error: unknown): Promise<never> {
  return new Promise((_, reject) => {
    settled.then(() => reject(error))
  })
}
