/** The options, checked once. */
import {
  type Clock,
  type Context,
  count,
  type Duration,
  duration,
  failureClass,
  InvalidOptionError,
  isProgrammerError,
  isSeaworthyError,
  knownOptions,
  oneOf,
  optionalFunction,
  type Random,
  systemClock,
  systemRandom,
} from '@seaworthy/core'
import { type Codec, taggedJson } from './codec.ts'
import { fingerprintOf } from './fingerprint.ts'
import type { FailureMeaning, IdempotencyOptions, Reconcile, RecordLifetimes } from './options.ts'
import type { Ending, IdempotencyStore } from './store.ts'

/** The options of a policy, checked, with defaults. Durations are milliseconds. */
export interface Rules {
  readonly name: string | undefined
  readonly store: IdempotencyStore
  readonly clock: Clock
  readonly random: Random
  readonly key: ((context: Context) => string | undefined) | undefined
  readonly scope: (context: Context) => string
  readonly ttl: Readonly<Record<Ending, number>>
  readonly lease: number
  readonly retain: number
  readonly waits: boolean
  readonly maxWait: number
  readonly takeover: boolean
  readonly reconcile: Reconcile | undefined
  readonly throwsUnrecorded: boolean
  readonly runsUnprotected: boolean
  readonly storeTimeout: number
  readonly codec: Codec
  readonly maxResultSize: number
  /** Empty if the payload is not compared. May throw. */
  fingerprint(context: Context): string
  /** Never throws. @param givenUp - Whether the call was told to stop. */
  meaning(error: unknown, givenUp: boolean): FailureMeaning
}

const names: readonly (keyof IdempotencyOptions)[] = [
  'store',
  'key',
  'scope',
  'ttl',
  'lease',
  'fingerprint',
  'fingerprintSecret',
  'whenInFlight',
  'maxWait',
  'onAbandoned',
  'onCompletionFailure',
  'onStoreError',
  'storeTimeout',
  'codec',
  'maxResultSize',
  'classify',
  'name',
  'hub',
  'clock',
  'random',
]

const day = 86_400_000

/** @throws InvalidOptionError when an option makes no sense. */
export function rulesOf(options: IdempotencyOptions): Rules {
  knownOptions('idempotency', options, names)
  const { onAbandoned = 'reexecute', codec = taggedJson } = options
  const ttl = lifetimes(options.ttl ?? '24h')
  const lease = duration('lease', options.lease ?? '30s', 100)
  return {
    name: options.name,
    store: storeOf(options.store),
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    key: optionalFunction('key', options.key),
    scope: scopeOf(options.scope ?? ''),
    ttl,
    lease,
    // What a crash leaves behind stays for as long as a result would, and for a day at least.
    retain: Math.max(ttl.completed, day, lease),
    waits: oneOf('whenInFlight', options.whenInFlight ?? 'reject', ['reject', 'wait']) === 'wait',
    maxWait: duration('maxWait', options.maxWait ?? '5s'),
    takeover: onAbandoned !== 'unknown-outcome',
    reconcile: reconcileOf(onAbandoned),
    throwsUnrecorded:
      oneOf('onCompletionFailure', options.onCompletionFailure ?? 'return', ['return', 'throw']) === 'throw',
    runsUnprotected: oneOf('onStoreError', options.onStoreError ?? 'closed', ['closed', 'open']) === 'open',
    // A claim that is answered when its lease is nearly over is of no use.
    storeTimeout: Math.min(duration('storeTimeout', options.storeTimeout ?? '1s', 1), lease / 3),
    codec: codecOf(codec),
    maxResultSize: count('maxResultSize', options.maxResultSize ?? 65_536, 0, true),
    fingerprint: fingerprinter(options),
    meaning: judge(optionalFunction('classify', options.classify)),
  }
}

function lifetimes(ttl: Duration | RecordLifetimes): Record<Ending, number> {
  if (typeof ttl !== 'object' || ttl === null) {
    const all = duration('ttl', ttl, 1)
    return { completed: all, failed: all, retryable: all }
  }
  knownOptions('ttl', ttl, ['completed', 'failed', 'retryable'])
  const { completed = '24h', failed = '24h', retryable = '24h' } = ttl
  return {
    completed: duration('ttl.completed', completed, 1),
    failed: duration('ttl.failed', failed, 1),
    retryable: duration('ttl.retryable', retryable, 1),
  }
}

function storeOf(store: IdempotencyStore): IdempotencyStore {
  if (typeof store?.claim === 'function') return store
  throw new InvalidOptionError('store', 'an IdempotencyStore, such as memoryIdempotencyStore()', store)
}

function codecOf(codec: Codec): Codec {
  if (typeof codec?.encode === 'function' && typeof codec.decode === 'function') return codec
  throw new InvalidOptionError('codec', 'an object with encode and decode', codec)
}

function scopeOf(scope: string | ((context: Context) => string)): (context: Context) => string {
  if (typeof scope === 'string') return () => scope
  if (typeof scope === 'function') return scope
  throw new InvalidOptionError('scope', 'a text or a function', scope)
}

function reconcileOf(onAbandoned: NonNullable<IdempotencyOptions['onAbandoned']>): Reconcile | undefined {
  if (typeof onAbandoned === 'function') return onAbandoned
  if (onAbandoned === 'reexecute' || onAbandoned === 'unknown-outcome') return undefined
  throw new InvalidOptionError('onAbandoned', "'reexecute', 'unknown-outcome' or a function", onAbandoned)
}

function fingerprinter({ fingerprint, fingerprintSecret }: IdempotencyOptions): Rules['fingerprint'] {
  optionalFunction('fingerprint', fingerprint)
  if (fingerprintSecret !== undefined && (fingerprint === undefined || fingerprintSecret.length === 0))
    throw new InvalidOptionError('fingerprintSecret', 'a secret beside fingerprint, not empty', '(a secret)')
  return (context) => {
    const payload = fingerprint?.(context)
    return payload === undefined ? '' : fingerprintOf(payload, fingerprintSecret)
  }
}

function judge(classify: IdempotencyOptions['classify']): Rules['meaning'] {
  return (error, givenUp) => {
    try {
      const judged = classify?.(error)
      if (judged === 'terminal' || judged === 'retryable' || judged === 'unknown') return judged
    } catch {
      // As if it had said nothing.
    }
    // Policies speak of themselves, not of the work; a bug is no answer, since it can be mended.
    if (givenUp || isSeaworthyError(error) || isProgrammerError(error)) return 'retryable'
    return failureClass(error) === 'fatal' ? 'terminal' : 'retryable'
  }
}
