/** What can be wrong between the nodes of a graph. */
import { isShorter, recoveryOutOfOrder } from './explain-circuits.ts'
import { type Composition, times, wholeCost } from './explain-cost.ts'
import type { Service, Services } from './explain-services.ts'
import { neverEnds } from './explain-time.ts'
import type { CompositionWarning } from './explain-warning.ts'
import { counted, lasting } from './explain-words.ts'

/** Whether it answers in place of an error. */
export const answers = ({ layers }: Composition): boolean =>
  layers.some((layer) => layer.answers !== undefined)

/** What lets a request to a root wait for ever. */
export function endless(services: Services, roots: readonly Service[]): CompositionWarning[] {
  const seen = new Set<string>()
  const warnings: CompositionWarning[] = []
  const descend = ({ name, own, composition, calls }: Service, path: readonly string[]): void => {
    if (wholeCost(composition).time !== Number.POSITIVE_INFINITY || seen.has(name)) return
    seen.add(name)
    const here = [...path, name]
    const report = (cause: Composition): void => {
      for (const warning of neverEnds(cause, `${name} (reached by ${here.join(' → ')})`))
        warnings.push({ ...warning, policies: warning.policies.length > 0 ? warning.policies : [name] })
    }
    const work = composition.costs.at(-1)?.time
    if (own === Number.POSITIVE_INFINITY || work !== Number.POSITIVE_INFINITY) report(composition)
    for (const call of calls) {
      const called = services.get(call.to) as Service
      if (wholeCost(called.composition).time === Number.POSITIVE_INFINITY) {
        if (wholeCost(call.composition).time === Number.POSITIVE_INFINITY) descend(called, here)
      } else report(call.composition)
    }
  }
  for (const root of roots) descend(root, [])
  return warnings
}

/** Callers that give up before the node they call can have answered. */
export function deadlinesOutOfOrder(services: Services, margin: number): CompositionWarning[] {
  return [...services.values()].flatMap(({ name, composition, calls }) =>
    calls.flatMap((call) => {
      const called = (services.get(call.to) as Service).composition
      const between = { limit: shortestLimit(call.composition), time: wholeCost(call.composition).time }
      const below = { limit: shortestLimit(called), time: wholeCost(called).time }
      const caller = shortestLimit(composition)
      const edge = `${name} → ${call.to}`
      return [
        // A node that is limited nowhere below has no answer of its own to wait for: limiting it is the caller's part.
        ...(Math.min(between.limit, below.limit) < Number.POSITIVE_INFINITY
          ? tooShort(
              name,
              caller,
              between.limit < Number.POSITIVE_INFINITY ? edge : call.to,
              between.time,
              margin,
            )
          : []),
        ...(below.limit < Number.POSITIVE_INFINITY
          ? tooShort(edge, between.limit, call.to, below.time, margin)
          : []),
      ]
    }),
  )
}

function tooShort(
  upper: string,
  limit: number,
  lower: string,
  time: number,
  margin: number,
): CompositionWarning[] {
  if (limit === Number.POSITIVE_INFINITY || limit >= time + margin) return []
  return [
    {
      code: 'child-not-shorter',
      severity: 'warning',
      message: `${upper} is given ${lasting(limit)}, but ${lower} below it may take ${lasting(time)}. When ${lower} is slow, ${upper} gives up before ${lower} can answer, retry or fall back: its work is for nobody, and one slow node fails the whole chain. Circuit breakers do not cure it, since the time is spent above them.`,
      advice: `Let time limits shrink on the way down: give ${upper} more than ${lasting(time + margin)}, or ${lower} less than ${lasting(Math.max(0, limit - margin))}.`,
      policies: [upper, lower],
    },
  ]
}

const shortestLimit = ({ layers }: Composition): number =>
  Math.min(...layers.map(({ timeLimit }) => timeLimit?.limit ?? Number.POSITIVE_INFINITY))

/** The retrying stages on a way down. */
interface Way {
  readonly attempts: number
  readonly stages: ReadonlyArray<{ readonly name: string; readonly attempts: number }>
}

/** Retries on several levels of one way down. */
export function attemptsMultiply(services: Services): CompositionWarning[] {
  const worst = new Map<string, Way>()
  for (const { name, composition, calls } of services.values()) {
    const way = extend(worst.get(name) ?? { attempts: 1, stages: [] }, name, composition)
    worst.set(name, way)
    for (const call of calls) {
      const next = extend(way, `${name} → ${call.to}`, call.composition)
      if (next.attempts > (worst.get(call.to)?.attempts ?? 0)) worst.set(call.to, next)
    }
  }
  return [...services.values()].flatMap(({ name, calls }) => {
    const { attempts, stages } = worst.get(name) as Way
    if (calls.length > 0 || stages.length < 2) return []
    const names = stages.map((stage) => stage.name)
    const product = stages.map((stage) => stage.attempts).join(' × ')
    return [
      {
        code: 'retries-multiplied',
        severity: 'warning',
        message: `Every level retries what the level below has retried already: ${names.join(', ')}: ${product} = ${counted(attempts, 'attempt')} at ${name} for one request. In a brown-out the retries alone keep ${name} overloaded, and it stays so after the cause is gone.`,
        advice: 'Retry on one level, best the one nearest to the trouble; or give each level a retry budget.',
        policies: names,
      },
    ]
  })
}

function extend(way: Way, name: string, composition: Composition): Way {
  const { attempts } = wholeCost(composition)
  if (attempts <= 1) return way
  return { attempts: times(way.attempts, attempts), stages: [...way.stages, { name, attempts }] }
}

/** Lower circuits that try again sooner than those above them. */
export function recoveriesOutOfOrderBelow(
  services: Services,
  roots: readonly Service[],
): CompositionWarning[] {
  const found = new Map<string, CompositionWarning>()
  const seen = new Set<string>()
  const cross = (composition: Composition, above: Breaker | undefined): Breaker | undefined => {
    const [first] = composition.breakers
    const last = composition.breakers.at(-1)
    if (first === undefined || last === undefined) return above
    const below = breakerAt(composition, first)
    if (above !== undefined && isShorter(below.recovery, above.recovery)) {
      const warning = recoveryOutOfOrder(above.name, below.name, below.recovery, above.recovery)
      found.set(warning.policies.join(), warning)
    }
    return breakerAt(composition, last)
  }
  const descend = ({ name, composition, calls }: Service, above: Breaker | undefined): void => {
    const key = `${name} below ${above?.name}`
    if (seen.has(key)) return
    seen.add(key)
    const here = cross(composition, above)
    for (const call of calls) descend(services.get(call.to) as Service, cross(call.composition, here))
  }
  for (const root of roots) descend(root, undefined)
  return [...found.values()]
}

interface Breaker {
  readonly name: string
  readonly recovery: { readonly first: number; readonly longest: number }
}

function breakerAt({ layers, names }: Composition, slot: number): Breaker {
  const recovery = layers[slot]?.circuit?.recovery ?? { first: 0, longest: 0 }
  return { name: names[slot] as string, recovery }
}

/** Optional calls whose failure nothing catches. */
export function optionalWithoutFallback(services: Services): CompositionWarning[] {
  return [...services.values()].flatMap(({ name, calls }) =>
    calls.flatMap((call) => {
      const called = services.get(call.to) as Service
      if (call.critical || answers(call.composition) || answers(called.composition)) return []
      return [
        {
          code: 'optional-call-without-fallback',
          severity: 'info',
          message: `${name} can do without ${call.to}, but no policy answers in its place: unless its code catches the error, the failure of an optional call is a failure of ${name}.`,
          advice: `Put a fallback around the call of ${call.to}.`,
          policies: [`${name} → ${call.to}`],
        },
      ]
    }),
  )
}
