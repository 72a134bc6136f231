/** What a task stream needs to know of the dead letters on its own server. */
import type { AddResult, NewLetter } from '@seaworthy/dead-letter'
import type { Argument } from './script.ts'

/** Letters that a script of the stream may write. */
export interface LettersBeside {
  readonly keys: readonly string[]
  /** How many entries their audit keeps, and what `letters.received` reads. */
  argumentsOf(letter: NewLetter): readonly Argument[]
  /** Reads what `letters.add` answers. */
  answerOf(raw: unknown): AddResult
}
