/** Spans of calls that took more than one try. */
import {
  type Attributes,
  context as contexts,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Context as TraceContext,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api'
import {
  type CallContext,
  type EventMap,
  type Inner,
  isSeaworthyError,
  knownOptions,
  type Layer,
  type Policy,
  PolicyBase,
  type PolicyDescription,
  systemWallClock,
  type WallClock,
} from '@seaworthy/core'

/** Options of {@link traced}. */
export interface TracedOptions {
  /** What the spans say as `resilience.policy.name`. @defaultValue the name of the policy */
  readonly name?: string
  /** @defaultValue the global one */
  readonly tracerProvider?: TracerProvider
  /** @defaultValue the calendar of the machine */
  readonly wallClock?: WallClock
}

/**
 * The same policy, with spans for calls that took more than one try or were answered in another way.
 *
 * Such a call has a span `resilience.execute` with a span `resilience.attempt` for each attempt. A call whose first attempt ends it, well or ill, has
 * none: what your function does is in the caller's span, as without a policy. The first attempt has been made when it turns out that there
 * are more, so spans of its own work are beside `resilience.execute` and not under its `resilience.attempt`; those of later attempts are. The status of
 * `resilience.execute` stays unset when a retry or a fallback saved the call. Errors are told by their type, never by their words.
 *
 * It costs every call two promises more. Put caches outside of it: an answer from memory is one without an attempt.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { retry } from '@seaworthy/retry'
 * import { traced } from '@seaworthy/telemetry/opentelemetry'
 *
 * const mails = traced(retry({ name: 'mails', attempts: 2, delay: 0 }))
 * const answer = await mails.execute(({ attempt }) => {
 *   if (attempt === 1) throw new Error('down')
 *   return 'sent'
 * })
 * console.log(answer) // sent, and a span with two attempts
 * ```
 */
export function traced<Added, Events extends EventMap>(
  policy: Policy<Added, Events>,
  options: TracedOptions = {},
): Policy<Added> {
  knownOptions('traced', options, ['name', 'tracerProvider', 'wallClock'])
  return new TracedPolicy(policy, options)
}

class TracedPolicy<Added> extends PolicyBase<Added> {
  readonly #policy: Pick<Policy<Added>, 'layers' | 'describe' | 'dispose'>
  readonly #label: string | undefined
  readonly #provider: TracerProvider
  readonly #wallClock: WallClock
  readonly #calls = new WeakMap<CallContext, TracedCall>()

  constructor(
    policy: Pick<Policy<Added>, 'layers' | 'describe' | 'dispose' | 'name'>,
    { name = policy.name, tracerProvider = trace, wallClock = systemWallClock }: TracedOptions,
  ) {
    super('traced', undefined)
    this.#policy = policy
    this.#label = name
    this.#provider = tracerProvider
    this.#wallClock = wallClock
  }

  override layers(): readonly Layer[] {
    const { kind } = this
    return [
      { kind, around: (context, inner) => this.#call(context, inner) },
      ...this.#policy.layers(),
      { kind: 'traced-attempt', around: (context, inner) => this.#attempt(context, inner) },
    ]
  }

  override describe(): PolicyDescription[] {
    return this.#policy.describe()
  }

  override dispose(): void {
    super.dispose()
    this.#policy.dispose()
  }

  #call(context: CallContext, inner: Inner): Promise<unknown> {
    const tracer = this.#provider.getTracer('@seaworthy/telemetry')
    const call = new TracedCall(tracer, this.#label, this.#wallClock)
    // The layers within may renew the context they get, but not the one outside of it, by which attempts find their call.
    const own = context.child()
    this.#calls.set(context, call)
    return inner.run(own).then(
      (value) => {
        own.release()
        call.answered()
        return value
      },
      (error: unknown) => {
        own.release()
        call.failed(error)
        throw error
      },
    )
  }

  #attempt(context: CallContext, inner: Inner): Promise<unknown> {
    const call = this.#callOf(context)
    return call === undefined ? inner.run(context) : call.attempt(context, inner)
  }

  /** Work that calls share, as that of a cache, belongs to none of them. */
  #callOf(context: CallContext): TracedCall | undefined {
    let at: CallContext | undefined = context
    while (at !== undefined && !this.#calls.has(at)) at = at.parent
    return at && this.#calls.get(at)
  }
}

/** An attempt that was made before it was known that there is something to tell. */
interface Attempt {
  readonly number: number
  readonly startedAt: number
}

class TracedCall {
  readonly #tracer: Tracer
  readonly #name: string | undefined
  readonly #wallClock: WallClock
  readonly #parent: TraceContext = contexts.active()
  readonly #startedAt: number
  #attempts = 0
  #succeeded = false
  /** Tells of the first attempt, once there is a span. */
  #tellFirst: (() => void) | undefined = undefined
  #firstError: unknown = undefined
  #span: Span | undefined = undefined

  constructor(tracer: Tracer, name: string | undefined, wallClock: WallClock) {
    this.#tracer = tracer
    this.#name = name
    this.#wallClock = wallClock
    this.#startedAt = wallClock()
  }

  async attempt(context: CallContext, inner: Inner): Promise<unknown> {
    const attempt: Attempt = { number: ++this.#attempts, startedAt: this.#wallClock() }
    const run = (): Promise<unknown> => inner.run(context)
    if (attempt.number === 1) return this.#first(attempt, context, run)
    const span = this.#startAttempt(attempt)
    try {
      const value = await contexts.with(trace.setSpan(contexts.active(), span), run)
      this.#end(span, context)
      return value
    } catch (error) {
      endFailed(span, error, this.#wallClock())
      throw error
    }
  }

  answered(): void {
    if (this.#succeeded && this.#attempts === 1) return
    const span = this.#open()
    span.setAttributes({
      'resilience.outcome': this.#succeeded ? 'recovered' : 'fallback',
      'resilience.attempts': this.#attempts,
    })
    span.end(this.#wallClock())
  }

  failed(error: unknown): void {
    // Turned away, or one attempt and its own error: there is nothing that the caller does not see.
    if (this.#attempts === 0 || (this.#attempts === 1 && error === this.#firstError)) return
    const span = this.#open()
    span.setAttributes({ 'resilience.outcome': 'failed', 'resilience.attempts': this.#attempts })
    endFailed(span, error, this.#wallClock())
  }

  async #first(attempt: Attempt, context: CallContext, run: () => Promise<unknown>): Promise<unknown> {
    try {
      const value = await run()
      const endedAt = this.#wallClock()
      this.#succeeded ||= !context.aborted
      this.#whenOpen(() => this.#end(this.#startAttempt(attempt), context, endedAt))
      return value
    } catch (error) {
      this.#firstError = error
      const endedAt = this.#wallClock()
      this.#whenOpen(() => endFailed(this.#startAttempt(attempt), error, endedAt))
      throw error
    }
  }

  /** A function that comes back after a timeout, or after another was faster, has not succeeded. */
  #end(span: Span, context: CallContext, endedAt: number = this.#wallClock()): void {
    if (context.aborted) endFailed(span, context.reason, endedAt)
    else {
      this.#succeeded = true
      span.end(endedAt)
    }
  }

  #whenOpen(tell: () => void): void {
    if (this.#span === undefined) this.#tellFirst = tell
    else tell()
  }

  #open(): Span {
    if (this.#span !== undefined) return this.#span
    const span = this.#start('resilience.execute', this.#startedAt, this.#parent, {})
    this.#span = span
    this.#tellFirst?.()
    return span
  }

  #startAttempt({ number, startedAt }: Attempt): Span {
    const parent = trace.setSpan(this.#parent, this.#open())
    return this.#start('resilience.attempt', startedAt, parent, { 'resilience.attempt': number })
  }

  #start(name: string, startTime: number, parent: TraceContext, own: Attributes): Span {
    const named = this.#name === undefined ? {} : { 'resilience.policy.name': this.#name }
    const options = { kind: SpanKind.INTERNAL, startTime, attributes: { ...named, ...own } }
    return this.#tracer.startSpan(name, options, parent)
  }
}

function endFailed(span: Span, error: unknown, endTime: number): void {
  span.setAttribute('error.type', errorType(error))
  span.setStatus({ code: SpanStatusCode.ERROR })
  span.end(endTime)
}

/** The code of an error, or its name, if they look like one: anything may be in them. */
function errorType(error: unknown): string {
  if (isSeaworthyError(error)) return error.code
  if (typeof error !== 'object' || error === null) return '_OTHER'
  try {
    const { code, name } = error as { readonly code?: unknown; readonly name?: unknown }
    return (
      [code, name].find((text): text is string => typeof text === 'string' && /^[A-Z]\w{1,63}$/.test(text)) ??
      '_OTHER'
    )
  } catch {
    return '_OTHER'
  }
}
