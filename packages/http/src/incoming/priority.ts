/** How much it matters that a request is answered when not all can be. */

/**
 * The four criticalities, from what must never be shed to what nobody misses:
 *
 * - `critical-plus`: waits for its turn rather than being shed. Log-ins, payments, health checks.
 * - `critical`: shed last. What users wait for.
 * - `sheddable-plus`: shed early. Partial outages are expected, such as in batch work that tries again.
 * - `sheddable`: shed first. Nobody notices at once.
 *
 * *Source:* B. Beyer et al., "Site Reliability Engineering", chapter 21, "Handling Overload".
 */
export type Priority = 'critical-plus' | 'critical' | 'sheddable-plus' | 'sheddable'

/** All priorities, most important first. */
export const priorities = ['critical-plus', 'critical', 'sheddable-plus', 'sheddable'] as const

/** The key of a request's priority among the `values` of its context. */
const priority: unique symbol = Symbol('priority')

/** The `values` of contexts, by priority, so that no request makes its own. */
export const valuesOf: Readonly<Record<Priority, Readonly<Record<PropertyKey, unknown>>>> = {
  'critical-plus': Object.freeze({ [priority]: 'critical-plus' }),
  critical: Object.freeze({ [priority]: 'critical' }),
  'sheddable-plus': Object.freeze({ [priority]: 'sheddable-plus' }),
  sheddable: Object.freeze({ [priority]: 'sheddable' }),
}

/** The priority among `values`; `critical` if there is none. */
export function priorityIn(values: Readonly<Record<PropertyKey, unknown>> | undefined): Priority {
  return asPriority(values?.[priority])
}

/** A priority that a user's function gave; `critical` if it is none. */
export function asPriority(value: unknown): Priority {
  return priorities.find((each) => each === value) ?? 'critical'
}
