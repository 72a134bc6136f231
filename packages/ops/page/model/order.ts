/**
 * In what order rows are shown. They are sorted by what matters most, which changes every second; but rows must not move
 * away under a finger or a focus, or the wrong breaker gets reset.
 */

/**
 * @param shown - The keys as they stand.
 * @param sorted - The keys as they should stand.
 * @param hold - Whether somebody is at work in the list: what is there stays where it is, and what is new goes to the end.
 */
export function arrange(shown: readonly string[], sorted: readonly string[], hold: boolean): string[] {
  if (!hold) return [...sorted]
  const wanted = new Set(sorted)
  const kept = shown.filter((key) => wanted.has(key))
  const known = new Set(kept)
  return [...kept, ...sorted.filter((key) => !known.has(key))]
}
