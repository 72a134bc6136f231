/** What a command was given. */

/** What was typed, checked. Options are asked for by the names of the table. */
export interface Given {
  readonly operands: readonly string[]
  flag(name: string): boolean
  text(name: string): string | undefined
  /** Items of an option that takes several, separated by commas or by repeating it; empty if it was not given. */
  list(name: string): readonly string[]
  count(name: string): number | undefined
  /** Milliseconds. */
  duration(name: string): number | undefined
}
