/** When a graph of services is how badly off: by the number of circuits that are not closed. */
import { type Level, levels, type Rule } from '@seaworthy/degradation'

/** So many open circuits for each level above normal. */
const circuits = [1, 2, 3, 4]

export const levelRules: readonly Rule[] = circuits.map((needed, index) => ({
  id: `${needed} circuits open`,
  level: levels[index + 1] as Level,
  exitAfter: '1s',
  when: (signals) =>
    signals.circuits.filter(({ state }) => state !== 'closed' && state !== 'disposed').length >= needed,
}))
