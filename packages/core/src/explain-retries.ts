/** What can be wrong with the retries and the answers of a composition. */
import { type Composition, isCollapsed, isRetry, times } from './explain-cost.ts'
import type { CompositionWarning } from './explain-warning.ts'
import { counted, lasting, listed } from './explain-words.ts'

/** A retry that never tries again. */
export function retryInsideRetry({ layers, names }: Composition): CompositionWarning[] {
  return layers.flatMap((_, slot) => {
    if (!isCollapsed(layers, slot)) return []
    const owner = names[layers.findIndex(isRetry)] as string
    return [
      {
        code: 'retry-inside-retry',
        severity: 'warning',
        message: `${names[slot]} is inside ${owner}, which owns the retrying: the inner one never tries again, or the two would multiply. Its options have no effect.`,
        advice: 'Keep one of them.',
        policies: [owner, names[slot] as string],
      },
    ]
  })
}

/** Attempts that multiply. */
export function retriesMultiplied({ layers, names, retries }: Composition): CompositionWarning[] {
  if (retries.length < 2) return []
  const attempts = retries.map((slot) => layers[slot]?.attempts ?? 1)
  const policies = retries.map((slot) => names[slot] as string)
  return [
    {
      code: 'retries-multiplied',
      severity: 'warning',
      message: `${listed(policies)} multiply: ${attempts.join(' × ')} = ${counted(attempts.reduce(times), 'attempt')} for one call. In an outage that is the load the dependency gets, just when it can bear least.`,
      advice: 'Let one of them repeat, or share a retry budget.',
      policies,
    },
  ]
}

/** A fallback that answers before the retry outside it learns of a failure. */
export function fallbackInsideRetry({ layers, names, retries }: Composition): CompositionWarning[] {
  return retries.flatMap((slot) => {
    const inner = layers.findIndex(({ answers }, index) => index > slot && answers !== undefined)
    if (inner < 0) return []
    return [
      {
        code: 'fallback-inside-retry',
        severity: 'warning',
        message: `${names[inner]} is inside ${names[slot]} and answers in place of errors: the retry sees a success and does not try again. The first failure already brings the second-best answer.`,
        advice: `Put ${names[inner]} outside ${names[slot]}.`,
        policies: [names[slot] as string, names[inner] as string],
      },
    ]
  })
}

/** A fallback that covers up mistakes in the code. */
export function fallbackHidesBugs({ layers, names }: Composition): CompositionWarning[] {
  return layers.flatMap(({ answers }, slot) =>
    answers?.programmerErrors
      ? [
          {
            code: 'fallback-hides-bugs',
            severity: 'warning',
            message: `${names[slot]} also answers for programming errors, such as a TypeError: a mistake in the function looks like an outage, or like nothing at all, and nobody finds it.`,
            advice: 'Let such errors pass: answer only for failures that the code did not cause.',
            policies: [names[slot] as string],
          },
        ]
      : [],
  )
}

/** A rate limit that counts calls, while the dependency gets attempts. */
export function retriesBypassRateLimit({ layers, names, retries }: Composition): CompositionWarning[] {
  const limits = layers.flatMap(({ kind }, slot) => (kind === 'rate-limit' ? [slot] : []))
  return limits.flatMap((slot) => {
    const inner = retries.find((each) => each > slot)
    if (inner === undefined) return []
    const { attempts = 1 } = layers[inner] ?? {}
    return [
      {
        code: 'retries-bypass-rate-limit',
        severity: 'info',
        message: `${names[slot]} is outside ${names[inner]} and counts a call once, whatever its attempts: the dependency may see ${attempts} times the rate.`,
        advice: `Put ${names[slot]} inside ${names[inner]}, so that retries are counted too.`,
        policies: [names[slot] as string, names[inner] as string],
      },
    ]
  })
}

/** A limit on concurrency that is used up by sleeping calls. */
export function placesHeldWhileWaiting({ layers, names, retries }: Composition): CompositionWarning[] {
  return layers.flatMap(({ concurrency = Number.POSITIVE_INFINITY }, slot) => {
    const inner = retries.find((each) => each > slot && (layers[each]?.delays ?? 0) > 0)
    if (inner === undefined || concurrency === Number.POSITIVE_INFINITY) return []
    const delays = lasting(layers[inner]?.delays ?? 0)
    return [
      {
        code: 'places-held-while-waiting',
        severity: 'info',
        message: `A call keeps its place in ${names[slot]} while ${names[inner]} waits between attempts, up to ${delays} in all. In an outage sleeping calls take all ${concurrency} places, and calls that could succeed are turned away.`,
        advice: `Put ${names[slot]} inside ${names[inner]}, unless it is meant to limit the callers.`,
        policies: [names[slot] as string, names[inner] as string],
      },
    ]
  })
}
