/** Counters of what a test is meant to have seen. */
export interface Sometimes<Name extends string> {
  /**
   * Notes that something happened.
   *
   * @throws Error when the name is none of those that were announced.
   */
  mark(name: Name): void

  /** How often each thing happened. */
  counts(): Readonly<Record<Name, number>>

  /**
   * Ends the count.
   *
   * @throws Error that names everything that never happened.
   */
  verify(): void
}

/**
 * Guards a property test against success by emptiness: a property over random histories also holds when no
 * history ever gets to the interesting part. Announce the parts, mark them as they come by, verify at the end.
 *
 * @example
 * ```ts
 * import { sometimes } from '@seaworthy/testing'
 *
 * const seen = sometimes(['opened', 'closed again'])
 * seen.mark('opened')
 * try {
 *   seen.verify()
 * } catch (error) {
 *   console.log(String(error)) // Error: Never happened: closed again. Happened: opened 1.
 * }
 * ```
 */
export function sometimes<const Name extends string>(names: readonly Name[]): Sometimes<Name> {
  const counts = new Map<Name, number>(names.map((name) => [name, 0]))
  return {
    mark(name) {
      const count = counts.get(name)
      if (count === undefined) throw new Error(`'${name}' is none of: ${names.join(', ')}`)
      counts.set(name, count + 1)
    },
    counts: () => Object.fromEntries(counts) as Record<Name, number>,
    verify() {
      const entries = [...counts]
      const never = entries.filter(([, count]) => count === 0).map(([name]) => name)
      if (never.length === 0) return
      const others = entries.filter(([, count]) => count > 0).map(([name, count]) => `${name} ${count}`)
      throw new Error(`Never happened: ${never.join(', ')}. Happened: ${others.join(', ') || 'nothing'}.`)
    },
  }
}
