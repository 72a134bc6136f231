/** What a command is: one table from which parsing and help both come. */
import type { Given } from './given.ts'
import type { Session } from './session.ts'

/** One option of a command. */
export interface OptionSpec {
  /** Without dashes. */
  readonly name: string
  /** What stands for its value in the help. Without it, the option is a flag. */
  readonly value?: string
  readonly help: string
  /** What a value must be. @defaultValue `'text'` */
  readonly kind?: 'text' | 'count' | 'duration' | 'list'
  /** The values there are. Of a list: of each of its items. */
  readonly choices?: readonly string[]
  /** What holds without it, for the help. */
  readonly standard?: string
}

/** One command. */
export interface Command {
  /** What is typed, for example `drill run`. */
  readonly words: string
  /** Its operands as the help shows them, for example `FILE` or `[FILE]`. @defaultValue none */
  readonly operands?: { readonly show: string; readonly least: number; readonly most: number }
  /** One line. */
  readonly summary: string
  /** What one should know, in paragraphs. */
  readonly about: readonly string[]
  readonly options: readonly OptionSpec[]
  /** Each with what it does. The first one teaches. */
  readonly examples: ReadonlyArray<readonly [typed: string, does: string]>
  /** Codes that mean something else than the usual ones. */
  readonly exitCodes?: Readonly<Record<number, string>>
  /** @returns The exit code. */
  run(given: Given, session: Session): Promise<number>
}

/** Options that every command has. */
const commonOptions: readonly OptionSpec[] = [{ name: 'help', help: 'Shows this, and does nothing.' }]

/** All options of a command. */
export const optionsOf = ({ options }: Pick<Command, 'options'>): readonly OptionSpec[] => [
  ...options,
  ...commonOptions,
]
