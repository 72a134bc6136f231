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

const refusal: Refusal = { refused: true }

const settled: Promise<void> = Promise.resolve()
const nativeThen = Promise.prototype.then

/** The most records that are kept for later calls. */
const poolLimit = 2048
let pool: Flight | undefined
let pooled = 0

class Flight implements Call, DeadlineNode {
  segment: Segment = undefined as never
  context: CallContext = undefined as never
  operation: Operation = undefined as never
  readonly tokens: unknown[] = [undefined, undefined, undefined, undefined]
  expired = false
  /** Whether something besides the one promise still refers to this record: then it is not used again. */
  kept = false
  refused: unknown = undefined
  /** The slot of the layer that turned the call away, or -1. */
  refusedAt = -1
  /** The slot of the layer that made the call wait. */
  waitsAt = -1
  resolve: (value: unknown) => void = undefined as never
  reject: (error: unknown) => void = undefined as never
  nextInPool: Flight | undefined = undefined

  listed = false
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
    this.reject(error)
    this.context.abort(error)
  }

  expire(): void {
    const { segment } = this
    segment.layers[segment.timed]?.expire?.(this, segment.timed)
  }

  readonly executor = (resolve: (value: unknown) => void, reject: (error: unknown) => void): void => {
    this.resolve = resolve
    this.reject = reject
  }

  /** The function succeeded; the timed layer may have settled the call before. */
  readonly innerSucceeded = (value: unknown): void => {
    const { segment, resolve } = this
    let result = value
    if (segment.revises) result = segment.succeed(this, segment.layers.length - 1, segment.split, value)
    else segment.observeInner(this, value)
    if (this.expired) return
    if (!segment.observesOuter) this.finish()
    resolve(result)
  }

  readonly innerFailed = (error: unknown): void => {
    const { segment, resolve, reject } = this
    const recovered = segment.fail(this, segment.layers.length - 1, segment.split, error)
    if (this.expired) return
    if (!segment.observesOuter) this.finish()
    if (recovered === undefined) reject(error)
    else recovered.then(resolve, reject)
  }

  /** The promise that decides for the caller was fulfilled. */
  readonly succeeded = (value: unknown): unknown => {
    const { segment } = this
    let result = value
    if (segment.revises) result = segment.succeed(this, segment.split - 1, 0, value)
    else segment.observeOuter(this, value)
    this.finish()
    return result
  }

  readonly failed = (error: unknown): unknown => {
    const recovered = this.segment.fail(this, this.segment.split - 1, 0, error)
    this.finish()
    if (recovered !== undefined) return recovered
    throw error
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
    this.refusedAt = -1
    this.nextInPool = pool
    pool = this
    pooled++
  }
}

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

/** A run of layers that one promise serves. */
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
  readonly #around: Layer | undefined
  readonly #next: Segment | undefined
  readonly #retriedOutside: boolean
  readonly #entering: readonly Layer[]
  readonly #enteringSlots: readonly number[]
  readonly #outer: readonly Layer[]
  readonly #outerSlots: readonly number[]
  readonly #inner: readonly Layer[]
  readonly #innerSlots: readonly number[]
  /** Nothing settles here: the function's own promise is the answer. */
  readonly #passes: boolean
  readonly #settlesEarly: boolean
  #tails: Array<Segment | undefined> | undefined

  constructor(layers: readonly Layer[], around?: Layer, next?: Segment, retriedOutside = false) {
    this.layers = layers
    this.#around = around
    this.#next = next
    this.#retriedOutside = retriedOutside
    const slots = layers.map((_, slot) => slot)
    const having = (hook: keyof Layer, from: number, to: number): number[] =>
      slots.filter((slot) => slot >= from && slot < to && layers[slot]?.[hook] !== undefined)
    const pick = (chosen: readonly number[]): Layer[] => chosen.map((slot) => layers[slot] as Layer)

    this.timed = layers.findIndex((layer) => layer.deadline !== undefined)
    this.aborts = this.timed >= 0
    this.#settlesEarly = layers[this.timed]?.deadline === 'settles'
    this.split = this.#settlesEarly ? this.timed : layers.length
    this.revises = layers.some((layer) => layer.revise !== undefined)
    this.#enteringSlots = having('enter', 0, layers.length)
    this.#entering = pick(this.#enteringSlots)
    this.#outerSlots = having('success', 0, this.split).reverse()
    this.#outer = pick(this.#outerSlots)
    this.#innerSlots = having('success', this.split, layers.length).reverse()
    this.#inner = pick(this.#innerSlots)
    this.observesOuter = layers
      .slice(0, this.split)
      .some(({ success, failure, recover, revise }) => success ?? failure ?? recover ?? revise)
    this.#passes = !this.#settlesEarly && !this.observesOuter && !this.aborts && around === undefined
  }

  /** Runs one call. */
  start(context: CallContext, operation: Operation): Promise<unknown> {
    const flight = takeFlight(this, context, operation)
    if (this.#settlesEarly) return this.#startEarly(flight)
    const waiting = this.#enter(flight)
    if (waiting !== undefined) return waiting.finally(() => flight.finish())
    if (flight.refusedAt >= 0) return this.#refuse(flight)
    const promise = this.#invoke(flight)
    if (!this.#passes || context.abortable) return promise.then(flight.succeeded, flight.failed)
    flight.finish()
    return promise
  }

  #startEarly(flight: Flight): Promise<unknown> {
    const { context } = flight
    const early = new Promise(flight.executor)
    const waiting = this.#enter(flight)
    if (waiting !== undefined) {
      if (flight.waitsAt < this.split) return waiting.finally(() => context.release())
      waiting.then(flight.resolve, flight.reject)
    } else if (flight.refusedAt > this.split) this.#refuse(flight).then(flight.resolve, flight.reject)
    else if (flight.refusedAt >= 0) return this.#refuse(flight)
    else this.#invoke(flight).then(flight.innerSucceeded, flight.innerFailed)
    return this.observesOuter ? early.then(flight.succeeded, flight.failed) : early
  }

  /** Lets the call into each layer in turn. A promise is the outcome of the whole rest, unwound, if a layer made it wait. */
  #enter(flight: Flight): Promise<unknown> | undefined {
    const layers = this.#entering
    const slots = this.#enteringSlots
    for (let i = 0; i < layers.length; i++) {
      const slot = slots[i] as number
      let admission: ReturnType<NonNullable<Layer['enter']>>
      try {
        admission = (layers[i] as Entering).enter(flight, slot)
      } catch (error) {
        admission = flight.refuse(error)
      }
      if (admission === undefined) continue
      if (admission instanceof Promise) return this.#wait(flight, slot, admission)
      flight.refusedAt = slot
      return undefined
    }
    return undefined
  }

  /** Slow path: the layers inside `slot` run as a nested call once the wait is over. */
  #wait(flight: Flight, slot: number, wait: Promise<unknown>): Promise<unknown> {
    flight.kept = true
    flight.waitsAt = slot
    const { context, operation } = flight
    const to = this.#unwindTo(slot)
    return wait.then(
      () => {
        if (context.aborted) return this.#unwind(flight, slot, to, context.reason)
        return this.tail(slot)
          .start(context.child(), operation)
          .then(
            (value) => this.succeed(flight, slot, to, value),
            (error) => this.#unwind(flight, slot, to, error),
          )
      },
      (error) => this.#unwind(flight, slot - 1, to, error),
    )
  }

  #refuse(flight: Flight): Promise<unknown> {
    const { refused, refusedAt } = flight
    const recovered = this.fail(flight, refusedAt - 1, this.#unwindTo(refusedAt), refused)
    if (refusedAt < this.split || !this.#settlesEarly) flight.finish()
    return recovered ?? rejectSoon(refused)
  }

  /** What happens inside the timed layer goes out through its own promise. */
  #unwindTo(slot: number): number {
    return this.#settlesEarly && slot > this.split ? this.split : 0
  }

  #unwind(flight: Flight, from: number, to: number, error: unknown): Promise<unknown> {
    const recovered = this.fail(flight, from, to, error)
    if (recovered !== undefined) return recovered
    throw error
  }

  #invoke(flight: Flight): Promise<unknown> {
    const { context, operation } = flight
    try {
      const result =
        this.#around === undefined
          ? operation(context)
          : this.#around.around?.(
              context,
              new Rest(this.#next as Segment, context, operation, this.#retriedOutside),
            )
      // Only a native promise is known to react once. Everything else is adopted by one.
      if (result instanceof Promise && result.then === nativeThen) return result
      return new Promise((resolve) => resolve(result))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  observeOuter(flight: Flight, value: unknown): void {
    const layers = this.#outer
    for (let i = 0; i < layers.length; i++) {
      ;(layers[i] as Observing).success(flight, this.#outerSlots[i] as number, value)
    }
  }

  observeInner(flight: Flight, value: unknown): void {
    const layers = this.#inner
    for (let i = 0; i < layers.length; i++) {
      ;(layers[i] as Observing).success(flight, this.#innerSlots[i] as number, value)
    }
  }

  /** Unwinds a value through the layers `from` down to `to`. */
  succeed(flight: Flight, from: number, to: number, value: unknown): unknown {
    for (let slot = from; slot >= to; slot--) {
      const layer = this.layers[slot] as Layer
      layer.success?.(flight, slot, value)
      if (layer.revise === undefined || flight.expired) continue
      const revised = this.#answer(flight, () =>
        layer.revise?.(flight, slot, value, this.#rest(flight, slot)),
      )
      if (revised !== undefined) return this.#continue(flight, slot - 1, to, revised)
    }
    return value
  }

  /** Unwinds an error through the layers `from` down to `to`. Undefined says that no layer answered in its place. */
  fail(flight: Flight, from: number, to: number, error: unknown): Promise<unknown> | undefined {
    for (let slot = from; slot >= to; slot--) {
      const layer = this.layers[slot] as Layer
      layer.failure?.(flight, slot, error)
      if (layer.recover === undefined || (flight.expired && slot >= this.split)) continue
      // An expired timeout inside this layer ended the attempt, not the call.
      if (this.timed > slot) flight.context = flight.context.renewed()
      const recovered = this.#answer(flight, () =>
        layer.recover?.(flight, slot, error, this.#rest(flight, slot)),
      )
      if (recovered !== undefined) return this.#continue(flight, slot - 1, to, recovered)
    }
    return undefined
  }

  #answer(flight: Flight, ask: () => Promise<unknown> | undefined): Promise<unknown> | undefined {
    try {
      const answer = ask()
      if (answer !== undefined) flight.kept = true
      return answer
    } catch (error) {
      flight.kept = true
      return Promise.reject(error)
    }
  }

  #continue(flight: Flight, from: number, to: number, outcome: Promise<unknown>): Promise<unknown> {
    if (from < to) return outcome
    return outcome.then(
      (value) => this.succeed(flight, from, to, value),
      (error) => this.#unwind(flight, from, to, error),
    )
  }

  #rest(flight: Flight, slot: number): Inner {
    return new Rest(this.tail(slot), flight.context, flight.operation, this.#retriesUpTo(slot))
  }

  /** The part of the plan inside `slot`, compiled when first needed. */
  tail(slot: number): Segment {
    this.#tails ??= this.layers.map(() => undefined)
    const known = this.#tails[slot]
    if (known !== undefined) return known
    const tail = new Segment(
      this.layers.slice(slot + 1),
      this.#around,
      this.#next,
      this.#retriesUpTo(slot + 1),
    )
    this.#tails[slot] = tail
    return tail
  }

  #retriesUpTo(slot: number): boolean {
    return this.#retriedOutside || this.layers.slice(0, slot).some(isRetry)
  }
}

type Entering = Required<Pick<Layer, 'enter'>>
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
}

const isRetry = (layer: Layer): boolean => layer.kind === 'retry'

/** Begins a new segment where a second layer limits time. */
const boundary: Layer = {
  kind: 'boundary',
  around: (context, inner) => inner.run(context.child()),
}

/** A compiled list of layers, first is outermost. */
export class Plan {
  readonly #first: Segment
  readonly #retries: boolean

  constructor(layers: readonly Layer[]) {
    this.#first = compile(layers, false)
    this.#retries = layers.some(isRetry)
  }

  /** Runs one call. Nothing runs when its signal has aborted already. */
  run(operation: Operation, options: ExecuteOptions | undefined): Promise<unknown> {
    const context = CallContext.of(options, this.#first.aborts, this.#retries)
    if (options !== undefined && context.aborted) return rejectSoon(context.reason)
    return this.#first.start(context, operation)
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

/**
 * Rejects one microtask later, when the caller has attached its handlers: Node's tracker of unhandled rejections
 * then sees nothing, which is half the cost (bench: `open`). A rejection that nobody handles is still reported.
 */
function rejectSoon(error: unknown): Promise<never> {
  return new Promise((_, reject) => {
    settled.then(() => reject(error))
  })
}
