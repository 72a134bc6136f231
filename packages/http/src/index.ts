/**
 * Outbound HTTP that survives servers in trouble: retries by evidence, replay of bodies, circuits and budgets for each
 * origin, server hints, time limits.
 *
 * @module @seaworthy/http
 */
export { drainBytes, drainTime } from './drain.ts'
export { type OriginStatus, type OutboundHttp, outboundHttp } from './engine.ts'
export {
  HttpStatusError,
  type HttpStatusErrorOptions,
  HttpTimeoutError,
  type HttpTimeoutScope,
  NotRepeatableError,
  OriginCooldownError,
} from './errors.ts'
export type {
  HttpAttemptFailed,
  HttpCooldown,
  HttpEvents,
  HttpNotRepeatable,
  HttpSettled,
} from './events.ts'
export { type Evidence, evidenceOf } from './evidence.ts'
export type { Abortable, CallerSignal, Exchange, Sending } from './exchange.ts'
export type { ReplayableInit } from './fetch-exchange.ts'
export { type AnyHeaders, lookUp as lookUpHeader } from './headers.ts'
export { type HeaderLookup, type HintRules, serverHint } from './hints.ts'
export type {
  CooldownOptions,
  HttpOptions,
  HttpRetryOptions,
  HttpTimeoutOptions,
  RequestTarget,
} from './options.ts'
export {
  type Body,
  type BodyFactory,
  type Buffered,
  bufferStream as readReplay,
  isStream as isReplayStream,
  type ReplayRules,
} from './replay-body.ts'
export {
  type AnyFetch,
  engineOf,
  type ResilientFetch,
  type ResilientFetchExtras,
  type ResilientFetchOptions,
  resilientFetch,
} from './resilient-fetch.ts'
export { edgeStatuses, retriedStatuses } from './status.ts'
