/** What each fault does to one call. */
import { type CallContext, duration } from '@seaworthy/core'
import { corrupted } from './corrupt.ts'
import { delayFrom } from './distributions.ts'
import type {
  AbortFault,
  BehaviorFault,
  CorruptFault,
  CrashFault,
  DropResponseFault,
  DuplicateFault,
  ErrorFault,
  HangFault,
  LatencyFault,
  OutcomeFault,
  RetryAfter,
  SlowDripFault,
  ThrottleFault,
} from './fault.ts'
import type { Holds } from './holds.ts'
import { errorFrom, errorOf, markInjected } from './injected.ts'
import { dripping } from './slow-drip.ts'
import type { AffectedCall } from './target.ts'
import type { ThrottleWindow } from './throttle-window.ts'

/** The faults that are done to calls. */
export type CallFault =
  | ErrorFault
  | LatencyFault
  | OutcomeFault
  | BehaviorFault
  | AbortFault
  | HangFault
  | ThrottleFault
  | CorruptFault
  | DropResponseFault
  | DuplicateFault
  | SlowDripFault
  | CrashFault

/** The kinds of {@link CallFault}. */
export const callFaults: readonly CallFault['kind'][] = Object.freeze<CallFault['kind'][]>([
  'error',
  'latency',
  'outcome',
  'behavior',
  'abort',
  'hang',
  'throttle',
  'corrupt',
  'dropResponse',
  'duplicate',
  'slowDrip',
  'crash',
])

/** What an effect works with, as long as its fault is in place. */
export interface EffectTools {
  /** Who is held, to be let go when the fault ends. */
  readonly holds: Holds
  readonly window: ThrottleWindow
  readonly crash: (() => void) | undefined
}

/** One call that is hit. */
export interface HitCall {
  readonly hit: AffectedCall
  readonly context: CallContext
  /** Goes on with the call: the next fault, or the function; in a context of its own, if one is given. */
  next(context?: CallContext): Promise<unknown>
}

/** Does a fault to a call. What it returns is what the caller gets. */
export function take(fault: CallFault, call: HitCall, tools: EffectTools): Promise<unknown> {
  switch (fault.kind) {
    case 'error':
      return failWith(fault, call)
    case 'latency':
      return delay(fault, call, tools)
    case 'outcome':
      return answerWith(fault, call)
    case 'behavior':
      return behave(fault, call, tools)
    case 'abort':
      return abort(fault, call, tools)
    case 'hang':
      return hang(fault, call, tools)
    case 'throttle':
      return throttle(fault, call, tools)
    case 'corrupt':
      return corrupt(fault, call)
    case 'dropResponse':
      return dropResponse(fault, call)
    case 'duplicate':
      return duplicate(fault, call)
    case 'slowDrip':
      return drip(fault, call, tools)
    case 'crash':
      return crash(fault, call, tools)
  }
}

async function failWith({ error, generate }: ErrorFault, { hit, next }: HitCall): Promise<unknown> {
  const random = (): number => hit.draw()
  const made = generate === undefined ? errorOf(error ?? { code: 'ECONNREFUSED' }, random) : generate(random)
  if (made === undefined) return pass(hit, 'generator-empty', next)
  hit.ended()
  throw markInjected(made)
}

async function delay(
  fault: LatencyFault,
  { hit, context, next }: HitCall,
  tools: EffectTools,
): Promise<unknown> {
  const wait = delayFrom(fault.delay, () => hit.draw())
  if (!(wait > 0)) return pass(hit, 'no-delay', next)
  try {
    await tools.holds.hold(wait, context.waitSignal)
  } finally {
    hit.ended()
  }
  return next()
}

async function answerWith({ value, generate }: OutcomeFault, { hit, next }: HitCall): Promise<unknown> {
  const made = generate === undefined ? value : generate(() => hit.draw())
  if (generate !== undefined && made === undefined) return pass(hit, 'generator-empty', next)
  hit.ended()
  return made
}

async function behave(fault: BehaviorFault, call: HitCall, { holds }: EffectTools): Promise<unknown> {
  const { hit, context, next } = call
  const stop = new AbortController()
  const ran = (async () => fault.run(stop.signal))().catch((error: unknown) => hit.failed(error))
  try {
    await holds.hold(duration('timeout', fault.timeout ?? '30s'), context.waitSignal, ran)
  } finally {
    stop.abort()
    hit.ended()
  }
  return next()
}

async function abort(
  { after = 0, reason }: AbortFault,
  call: HitCall,
  { holds }: EffectTools,
): Promise<unknown> {
  const { hit, context, next } = call
  const inner = context.child()
  const error = errorFrom(reason ?? { name: 'AbortError', message: 'This operation was aborted' })
  const wait = duration('after', after)
  const outcome = next(inner)
  const over = outcome.then(nothing, nothing)
  if (wait === 0 || (await holds.hold(wait, undefined, over)) === 'elapsed') inner.abort(error)
  try {
    return await outcome
  } finally {
    inner.release()
    hit.ended()
  }
}

const nothing = (): void => {}

async function hang(
  { onRecover = 'continue' }: HangFault,
  call: HitCall,
  { holds }: EffectTools,
): Promise<unknown> {
  const { hit, context, next } = call
  try {
    await holds.hold(Number.POSITIVE_INFINITY, context.waitSignal)
  } finally {
    hit.ended()
  }
  if (onRecover === 'reject') throw errorFrom({ code: 'ECONNRESET' })
  return next()
}

async function throttle(
  fault: ThrottleFault,
  { hit, next }: HitCall,
  { window }: EffectTools,
): Promise<unknown> {
  if (window.admits()) return pass(hit, 'within-limit', next)
  const { retryAfter = '1s' } = fault
  const turns: readonly RetryAfter[] = typeof retryAfter === 'object' ? retryAfter : [retryAfter]
  const told = turns[(hit.ordinal - 1) % turns.length]
  hit.ended()
  throw errorFrom({ message: 'Too Many Requests', status: 429, properties: retryHint(told) })
}

/** As HTTP clients hand it on: the header as it came, in whole seconds, and the number that Seaworthy's retries read. */
function retryHint(told: RetryAfter = 'missing'): Record<string, unknown> {
  if (told === 'missing') return { headers: {} }
  if (told === 'garbage') return { headers: { 'retry-after': 'soon' } }
  const retryAfter = duration('retryAfter', told)
  return { headers: { 'retry-after': String(Math.ceil(retryAfter / 1000)) }, retryAfter }
}

async function corrupt({ mutate = corrupted }: CorruptFault, { hit, next }: HitCall): Promise<unknown> {
  const value = await orSkip(hit, next)
  try {
    return mutate(value, () => hit.draw())
  } finally {
    hit.ended()
  }
}

async function dropResponse({ error }: DropResponseFault, { hit, next }: HitCall): Promise<unknown> {
  await orSkip(hit, next)
  hit.ended()
  throw errorFrom(error ?? { code: 'ECONNRESET', message: 'read ECONNRESET' })
}

async function duplicate({ mode = 'parallel' }: DuplicateFault, { hit, next }: HitCall): Promise<unknown> {
  const first = orSkip(hit, next)
  const again = mode === 'parallel' ? next() : first.then(() => next())
  const [outcome] = await Promise.allSettled([first, again])
  hit.ended()
  if (outcome.status === 'rejected') throw outcome.reason
  return outcome.value
}

async function drip(
  { every = '100ms' }: SlowDripFault,
  { hit, next }: HitCall,
  { holds }: EffectTools,
): Promise<unknown> {
  const value = await orSkip(hit, next)
  const pause = (): Promise<unknown> => holds.hold(duration('every', every), undefined)
  const slow = dripping(value, pause, () => hit.ended())
  if (slow === undefined) hit.skipped('not-a-stream')
  return slow ?? value
}

/** Where the process outlives it, as in a simulation, the call is lost: it hangs until the fault ends. */
async function crash({ phase = 'before' }: CrashFault, call: HitCall, tools: EffectTools): Promise<unknown> {
  const { hit, context, next } = call
  if (phase === 'after') await orSkip(hit, next)
  try {
    tools.crash?.()
    await tools.holds.hold(Number.POSITIVE_INFINITY, context.waitSignal)
  } finally {
    hit.ended()
  }
  throw errorFrom({ code: 'ECONNRESET' })
}

/** Goes on without a fault after all. */
function pass(
  hit: AffectedCall,
  reason: Parameters<AffectedCall['skipped']>[0],
  next: HitCall['next'],
): Promise<unknown> {
  hit.skipped(reason)
  return next()
}

/** The outcome of the function. Its own errors are handed on: a fault never hides a real one. */
async function orSkip(hit: AffectedCall, next: HitCall['next']): Promise<unknown> {
  try {
    return await next()
  } catch (error) {
    hit.skipped('inner-failed')
    throw error
  }
}
