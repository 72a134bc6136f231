import {
  type CallContext,
  formatDuration,
  type Inner,
  type Layer,
  type Policy,
  PolicyBase,
  type PolicyDescription,
} from '@seaworthy/core'
import { InvalidKeyError } from './errors.ts'
import type { IdempotencyEvents } from './events.ts'
import type { Patience } from './flight.ts'
import { Flights } from './flights.ts'
import type { IdempotencyOptions } from './options.ts'
import { recordKey } from './record-key.ts'
import { Report } from './report.ts'
import { type Rules, rulesOf } from './rules.ts'
import type { Shared } from './shared.ts'
import type { Forgetting, IdempotencyStore, RecordView } from './store.ts'
import { type StoreCallError, StoreCalls } from './store-calls.ts'

/** Which record, for those who look after records by hand. */
export interface RecordChoice {
  readonly key: string
  /** As the option. @defaultValue the option, if it is a text */
  readonly scope?: string
}

/** How a record is dropped by hand. */
export interface ForgetOptions {
  /** Drops it only if it has this fence, as {@link IdempotencyPolicy.peek} told. @defaultValue any */
  readonly fence?: number
  /** Who does so, for the event. */
  readonly actor?: string
}

/** Runs work once per key. Made by {@link idempotency}. */
export interface IdempotencyPolicy extends Policy<never, IdempotencyEvents> {
  /**
   * Looks at a record.
   *
   * @throws {@link InvalidKeyError}; {@link StoreUnavailableError}
   */
  peek(record: RecordChoice): Promise<RecordView | undefined>
  /**
   * Drops a record, whatever its state: the next call does the work again. An owner that is at work loses its lease.
   *
   * @throws {@link InvalidKeyError}; {@link StoreUnavailableError}
   */
  forget(record: RecordChoice, options?: ForgetOptions): Promise<Forgetting>
}

/**
 * Runs work once per key: the first call claims it, and those that come later with the same key get what it came to.
 *
 * It promises that at any time one owner at most can have its outcome recorded, as long as the store loses nothing.
 * It cannot tell a crash just before the effect of the function from one just after; `onAbandoned` says what happens
 * then. Pass {@link idempotencyOf}'s key or fence on to close that gap.
 *
 * Put it outside retry, circuit breaker and timeout. Its function runs on when its caller gives up while others wait,
 * and keeps its lease while it runs; when nobody waits any more, its signal aborts.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense. Calls reject with the function's
 *   own error, or that of the run they are a duplicate of; with {@link InFlightError},
 *   {@link FingerprintMismatchError}, {@link LeaseLostError}, {@link OutcomeUnrecordedError}, {@link UnknownOutcomeError},
 *   {@link ResultOmittedError}, {@link InvalidKeyError} or {@link StoreUnavailableError}.
 *
 * @example
 * ```ts
 * import { idempotency, memoryIdempotencyStore } from '@seaworthy/idempotency'
 *
 * const once = idempotency({ store: memoryIdempotencyStore(), scope: 'charge' })
 * let charges = 0
 * const charge = () => `charge ${++charges}`
 * console.log(await once.execute(charge, { key: 'order-1' })) // charge 1
 * console.log(await once.execute(charge, { key: 'order-1' })) // charge 1
 * ```
 */
export function idempotency(options: IdempotencyOptions): IdempotencyPolicy {
  return new Idempotency(options)
}

/** Policies of one process with equal randomness must not have equal names of owners. */
let policies = 0

class Idempotency extends PolicyBase<never, IdempotencyEvents> implements IdempotencyPolicy, Layer {
  readonly #shared: Shared
  readonly #flights: Flights
  /** The scope of records that are looked after by hand; undefined if it depends on the call. */
  readonly #scope: string | undefined

  constructor(options: IdempotencyOptions) {
    const rules = rulesOf(options)
    super('idempotency', options.name, options.hub)
    const report = new Report(options.name, this.events)
    const stats = { running: 0, recording: 0, leases: 0 }
    this.#shared = { rules, report, calls: new StoreCalls(rules.clock), stats }
    const { random } = rules
    this.#flights = new Flights(this.#shared, `${word(random())}${word(random())}-${++policies}`)
    this.#scope = typeof options.scope === 'function' ? undefined : (options.scope ?? '')
    this.register(() => this.#snapshot(), {
      peek: (record: RecordChoice) => this.peek(record),
      forget: (record: RecordChoice, by?: ForgetOptions) => this.forget(record, by),
    })
  }

  around(context: CallContext, inner: Inner): Promise<unknown> {
    if (context.aborted) return Promise.reject(context.reason)
    const { rules } = this.#shared
    const key = rules.key === undefined ? (context.key ?? '') : rules.key(context)
    if (key === undefined) return inner.run(context.child())
    return this.#flights.serve({
      context,
      inner,
      key: this.#recordKey(rules.scope(context), key),
      fingerprint: rules.fingerprint(context),
      patience: patienceOf(rules, context),
    })
  }

  override layers(): readonly Layer[] {
    return [this]
  }

  override describe(): PolicyDescription[] {
    const { rules } = this.#shared
    const { ttl, lease, waits, maxWait, storeTimeout, reconcile, takeover } = rules
    const options = {
      ttl: formatDuration(ttl.completed),
      lease: formatDuration(lease),
      whenInFlight: waits ? 'wait' : 'reject',
      ...(waits ? { maxWait: formatDuration(maxWait) } : {}),
      onAbandoned: reconcile ? 'reconcile' : takeover ? 'reexecute' : 'unknown-outcome',
      onCompletionFailure: rules.throwsUnrecorded ? 'throw' : 'return',
      onStoreError: rules.runsUnprotected ? 'open' : 'closed',
      storeTimeout: formatDuration(storeTimeout),
    }
    const wait = storeTimeout + (waits ? maxWait : 0)
    return [{ kind: this.kind, name: this.name, options, wait }]
  }

  /**
   * `flights`: keys that are claimed, waited for or worked on here; `waiting`: calls that wait, those whose functions
   * run included; `timers`: those of them with a timer; `running`: functions; `leases`: leases that are kept;
   * `recording`: outcomes on their way to the store; `storeCalls`: answers that are waited for.
   */
  override debugStats(): Record<string, number> {
    const { calls, stats } = this.#shared
    return { ...super.debugStats(), ...this.#flights.stats(), ...stats, storeCalls: calls.pending }
  }

  async peek({ key, scope }: RecordChoice): Promise<RecordView | undefined> {
    const id = this.#chosen(key, scope)
    return this.#ask((store) => store.peek(id))
  }

  async forget({ key, scope }: RecordChoice, { fence, actor }: ForgetOptions = {}): Promise<Forgetting> {
    const id = this.#chosen(key, scope)
    const answer = await this.#ask((store) => store.forget(id, fence))
    if (answer === 'forgotten') this.#shared.report.tell('forgotten', { actor }, id)
    return answer
  }

  async #ask<T>(call: (store: IdempotencyStore) => Promise<T>): Promise<T> {
    const { rules, calls } = this.#shared
    try {
      return await calls.run(() => call(rules.store), rules.storeTimeout)
    } catch (error) {
      throw (error as StoreCallError).toError(this.name)
    }
  }

  #chosen(key: string, scope: string | undefined = this.#scope): string {
    if (scope === undefined) throw new InvalidKeyError(this.name, 'the scope depends on the call: say which')
    return this.#recordKey(scope, key)
  }

  #recordKey(scope: string, key: string): string {
    const id = recordKey(scope, key)
    if (id !== undefined) return id
    throw new InvalidKeyError(
      this.name,
      'a call needs a key of 1 to 256 characters, and a scope of at most 256',
    )
  }

  #snapshot(): object {
    const { stats, report } = this.#shared
    return { ...this.#flights.stats(), ...stats, ...report.counts }
  }
}

function patienceOf(
  { waits, clock, maxWait }: Rules,
  { deadline = Number.POSITIVE_INFINITY }: CallContext,
): Patience {
  if (!waits) return impatient
  const until = clock.now() + maxWait
  return deadline < until ? { until: deadline, reason: 'deadline' } : { until, reason: 'maxWait' }
}

const impatient: Patience = { until: 0, reason: 'reject' }

/** Some 11 characters of randomness. */
const word = (random: number): string => random.toString(36).slice(2)
