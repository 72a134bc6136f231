/** What a command finds around it: streams, signals, files, programs. In tests none of them is real. */
import type { Clock } from '@seaworthy/core'
import type { Interruption } from './interruption.ts'

/** Where texts go. `process.stdout` is one. */
export interface Writer {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

/** Programs that are run as processes of their own. */
export interface Programs {
  /** Calls `sampleSoak()` of `@seaworthy/drill`: whose memory a drill watches unless told otherwise. */
  readonly soak: string
  /** Calls `serveMemory()`: loaded into programs that `drill memory --cmd` watches. */
  readonly serveMemory: string
  /** Options of Node for them. */
  readonly execArgv: readonly string[]
}

/** All of it. */
export interface Session {
  /** Results, which may be read by programs. */
  readonly stdout: Writer
  /** Progress, questions and errors. */
  readonly stderr: Writer
  /** Where answers to questions come from. Nobody is asked unless it is a terminal. */
  readonly stdin: AsyncIterable<string | Uint8Array> & { readonly isTTY?: boolean }
  readonly environment: Readonly<Record<string, string | undefined>>
  /** What relative paths begin with. */
  readonly directory: string
  readonly programs: Programs | undefined
  readonly clock: Clock
  readonly interruption: Interruption
}

/** Writes a line to standard output. */
export function print(session: Session, text: string): void {
  session.stdout.write(`${text}\n`)
}

/** Writes a value as JSON, for programs. */
export function printJson(session: Session, value: unknown): void {
  session.stdout.write(`${JSON.stringify(value, infinityAsText, 2)}\n`)
}

/** JSON has no infinity, and its `null` would say that nothing is known. */
function infinityAsText(_key: string, value: unknown): unknown {
  return value === Number.POSITIVE_INFINITY ? 'Infinity' : value
}
