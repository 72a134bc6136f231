/** The name that somebody may have meant. */

/** `; did you mean "--seed"?`, or nothing. */
export function didYouMean(
  word: string,
  candidates: readonly string[],
  show = (name: string): string => name,
): string {
  const meant = nearest(word, candidates)
  return meant === undefined ? '' : `; did you mean ${show(meant)}?`
}

/** The candidate that differs least, in a third of its letters at most; undefined if none does. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map((name) => ({ name, distance: editDistance(word.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= Math.max(1, Math.floor(name.length / 3)))
    .sort((a, b) => a.distance - b.distance)
  return ranked[0]?.name
}

/** Source: V. Levenshtein, "Binary codes capable of correcting deletions, insertions, and reversals" (1966). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}
