/** What can be wrong with the times of a composition. */
import type { Composition } from './explain-cost.ts'
import type { CompositionWarning } from './explain-warning.ts'
import { counted, lasting, listed } from './explain-words.ts'

/**
 * Nothing ends the wait of the caller.
 *
 * @param subject - What the function is called.
 */
export function neverEnds(
  { layers, costs, names }: Composition,
  subject = 'the function',
): CompositionWarning[] {
  if (costs[0]?.time !== Number.POSITIVE_INFINITY) return []
  const finite = costs.findIndex(({ time }) => time !== Number.POSITIVE_INFINITY)
  const culprit = (finite < 0 ? costs.length : finite) - 1
  if (culprit === layers.length) return [functionNeverEnds(layers, names, subject)]
  const name = names[culprit] as string
  if (layers[culprit]?.wait === Number.POSITIVE_INFINITY) {
    return [
      {
        code: 'unlimited-wait',
        severity: 'warning',
        message: `A call may wait in ${name} for ever: nothing limits the wait, and no time limit is outside it. In an outage callers pile up there and hold their memory and sockets.`,
        advice: 'Limit the wait, or put a timeout outside it.',
        policies: [name],
      },
    ]
  }
  return [
    {
      code: 'no-time-limit',
      severity: 'warning',
      message: `${name} may go on for ever: nothing limits its attempts or waits, and no time limit is outside it.`,
      advice: 'Limit the number of attempts, or put a timeout outside it.',
      policies: [name],
    },
  ]
}

function functionNeverEnds(layers: Layers, names: readonly string[], subject: string): CompositionWarning {
  const cooperative = names.filter((_, slot) => layers[slot]?.timeLimit !== undefined)
  if (cooperative.length > 0) {
    return {
      code: 'cooperative-limit',
      severity: 'warning',
      message: `${listed(cooperative)} only asks ${subject} to stop, through its signal, and waits until it does. What ignores its signal holds its caller for ever.`,
      advice: `Use mode 'aggressive', or pass the signal on to everything that ${subject} waits for.`,
      policies: cooperative,
    }
  }
  return {
    code: 'no-time-limit',
    severity: 'warning',
    message: `Nothing limits how long ${subject} may take. A dependency that hangs, rather than fails, holds every caller for ever: no error comes that a retry, a circuit breaker or a fallback could act on.`,
    advice: 'Put a timeout nearest to it.',
    policies: [],
  }
}

/** An inner limit that can never strike. */
export function limitsOutOfOrder({ layers, names }: Composition): CompositionWarning[] {
  return pairsOfLimits(layers).flatMap(([outer, inner]) => {
    const [long, short] = [limitAt(layers, outer), limitAt(layers, inner)]
    if (short < long) return []
    const between = names.slice(outer + 1, inner)
    const deaf =
      between.length === 0 ? '' : ` What lies between them (${listed(between)}) never learns of it.`
    return [
      {
        code: 'child-not-shorter',
        severity: 'warning',
        message: `${names[inner]} (${lasting(short)}) is inside ${names[outer]} (${lasting(long)}) and not shorter. The outer limit ends the whole call first, so the inner one never acts.${deaf}`,
        advice: `Make the inner limit shorter than ${lasting(long)}, or drop one of them.`,
        policies: [names[outer] as string, names[inner] as string],
      },
    ]
  })
}

/** A limit around retries that does not leave time for them. */
export function noRoomForRetries({ layers, costs, names, retries }: Composition): CompositionWarning[] {
  return retries.flatMap((slot): CompositionWarning[] => {
    const outer = limitOutside(layers, slot)
    const { attempts = 1, delays = 0 } = layers[slot] ?? {}
    const attempt = costs[slot + 1]?.time ?? 0
    // Endless attempts are meant to be ended from outside.
    if (outer < 0 || Math.max(attempt, attempts) === Number.POSITIVE_INFINITY) return []
    const limit = limitAt(layers, outer)
    const need = attempts * attempt + delays
    if (!(need > limit) || isShadowed(layers, outer, slot)) return []
    const pause = delays / (attempts - 1)
    const fitting = Math.floor((limit + pause) / (attempt + pause))
    const consequence =
      delays >= limit
        ? 'At their longest the waits alone fill that time: the last attempts never start, however fast the others fail.'
        : fitting < 2
          ? 'An attempt that takes its full time leaves no room for another: a slow dependency is never retried.'
          : `When attempts take their full time, about ${fitting} of them fit.`
    return [
      {
        code: 'no-room-for-retries',
        severity: delays >= limit || fitting < 2 ? 'warning' : 'info',
        message: `${names[slot]} may need ${lasting(need)} (${counted(attempts, 'attempt')} of up to ${lasting(attempt)}, ${lasting(delays)} of waiting), but ${names[outer]} ends the call after ${lasting(limit)}. ${consequence}`,
        advice: `Shorten the attempts or the waits, allow fewer attempts, or give the whole call ${lasting(need)}.`,
        policies: [names[outer] as string, names[slot] as string],
      },
    ]
  })
}

/** A wait that outlasts the time the call has. */
export function waitsTooLong({ layers, names }: Composition): CompositionWarning[] {
  return layers.flatMap(({ wait = 0 }, slot) => {
    const outer = limitOutside(layers, slot)
    if (outer < 0 || wait === Number.POSITIVE_INFINITY || wait < limitAt(layers, outer)) return []
    const limit = lasting(limitAt(layers, outer))
    return [
      {
        code: 'wait-exceeds-time-limit',
        severity: 'warning',
        message: `A call may wait ${lasting(wait)} in ${names[slot]}, but ${names[outer]} gives it ${limit} in all. Whoever waits that long has no time left to run, and took a place in the queue from a call that had.`,
        advice: `Let calls wait for a small part of ${limit}, and be turned away early otherwise.`,
        policies: [names[outer] as string, names[slot] as string],
      },
    ]
  })
}

/** A limit outside the policies that should learn of a hanging function. */
export function hangsUnnoticed({
  layers,
  costs,
  names,
  retries,
  breakers,
}: Composition): CompositionWarning[] {
  if (costs.at(-1)?.time !== Number.POSITIVE_INFINITY) return []
  const last = layers.findLastIndex(({ timeLimit }) => timeLimit !== undefined)
  const blind = breakers.filter((slot) => !layers[slot]?.circuit?.countsHanging)
  const deaf = [...retries, ...blind].filter((slot) => slot > last).sort((a, b) => a - b)
  if (last < 0 || deaf.length === 0) return []
  const concerned = deaf.map((slot) => names[slot] as string)
  return [
    {
      code: 'hang-goes-unnoticed',
      severity: 'warning',
      message: `The only time limit, ${names[last]}, is outside ${listed(concerned)}. When the function hangs, the limit ends the whole call from outside: nothing is tried again, and a circuit breaker does not count what was given up from outside. It stays closed while every call times out.`,
      advice: `Put a shorter timeout nearest to the function, inside ${listed(concerned)}.`,
      policies: [names[last] as string, ...concerned],
    },
  ]
}

/** Slower than wanted. */
export function missesDuration(time: number, target: number): CompositionWarning[] {
  if (time <= target) return []
  return [
    {
      code: 'duration-misses-target',
      severity: 'error',
      message: `The caller may wait ${lasting(time)}; the target is ${lasting(target)}.`,
      advice: `Put a timeout of ${lasting(target)} or less outermost, with a fallback outside it if there is something to answer.`,
      policies: [],
    },
  ]
}

type Layers = Composition['layers']

const limitAt = (layers: Layers, slot: number): number =>
  layers[slot]?.timeLimit?.limit ?? Number.POSITIVE_INFINITY

/** The nearest time limit outside `slot`, or -1. */
const limitOutside = (layers: Layers, slot: number): number =>
  layers.findLastIndex(({ timeLimit }, index) => index < slot && timeLimit !== undefined)

/** Each time limit with the next one inside it. */
function pairsOfLimits(layers: Layers): Array<readonly [number, number]> {
  const slots = layers.flatMap(({ timeLimit }, slot) => (timeLimit === undefined ? [] : [slot]))
  return slots.slice(1).map((inner, index) => [slots[index] as number, inner])
}

/** Whether the limits around and inside the retry are out of order anyway: one warning is enough. */
const isShadowed = (layers: Layers, outer: number, retry: number): boolean =>
  layers.some(({ timeLimit }, slot) => slot > retry && (timeLimit?.limit ?? 0) >= limitAt(layers, outer))
