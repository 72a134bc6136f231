/** The command line as a function. */
import { type Clock, isSeaworthyError, systemClock } from '@seaworthy/core'
import { readArguments } from './arguments.ts'
import type { Command } from './command.ts'
import { commands } from './commands.ts'
import { exitCodes } from './exit-codes.ts'
import { helpOf, overview } from './help.ts'
import { Interruption, type Signals } from './interruption.ts'
import { nearest } from './nearest.ts'
import type { Programs, Session, Writer } from './session.ts'
import { UsageError } from './usage-error.ts'

/** What {@link run} takes in place of the process that it is in. */
export interface CommandLineOptions {
  /** @defaultValue `process.stdout` */
  readonly stdout?: Writer
  /** @defaultValue `process.stderr` */
  readonly stderr?: Writer
  /** @defaultValue `process.stdin` */
  readonly stdin?: Session['stdin']
  /** @defaultValue `process.env` */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** What relative paths begin with. @defaultValue the working directory */
  readonly directory?: string
  /** Where SIGINT and SIGTERM come from: the first ends in order, the second at once. @defaultValue none are heard */
  readonly signals?: Signals
  /** Ends the process at the second signal. @defaultValue `process.exit` */
  readonly exit?: (code: number) => void
  /** Programs to run as processes of their own. @defaultValue none: no memory is watched unless a command names a program */
  readonly programs?: Programs
  /** What `--version` says. @defaultValue `'unknown'` */
  readonly version?: string
  /** @defaultValue the clock of the machine */
  readonly clock?: Clock
}

/**
 * Runs `seaworthy` with arguments. It never rejects, and does not end the process but at a second signal.
 *
 * @param argv - What follows the name of the program.
 * @returns The exit code: 0 passed, 1 failed, 2 not everything could be judged, 3 not well to begin with, 4 something could not be taken
 *   back, 64 typed or written wrongly, 70 no verdict since something failed, 130 or 143 interrupted by a signal, with everything taken back.
 *
 * @example
 * ```ts
 * import { run } from 'seaworthy/command-line'
 *
 * console.log(await run(['drill', 'breaker'])) // 0
 * ```
 */
export async function run(argv: readonly string[], options: CommandLineOptions = {}): Promise<number> {
  const { stdout = process.stdout, stderr = process.stderr, stdin = process.stdin } = options
  const { environment = process.env, directory = process.cwd(), clock = systemClock, programs } = options
  const { exit = (code) => process.exit(code), signals, version = 'unknown' } = options
  const interruption = new Interruption(exit, (text) => stderr.write(`\n${text}\n`))
  const forget = signals && interruption.follow(signals)
  try {
    const session: Session = {
      stdout,
      stderr,
      stdin,
      environment,
      directory,
      programs,
      clock,
      interruption,
    }
    const code = await dispatch(argv, session, version)
    // What could not be taken back is worse than that somebody was in a hurry.
    return code === exitCodes.cleanUpFailed ? code : (interruption.code ?? code)
  } catch (error) {
    return told(error, stderr)
  } finally {
    forget?.()
  }
}

async function dispatch(argv: readonly string[], session: Session, version: string): Promise<number> {
  const [first] = argv
  if (first === undefined || first === '--help' || first === '-h' || first === 'help')
    return helpFor(argv.slice(1), session, version)
  if (first === '--version' || first === '-v') {
    session.stdout.write(`${version}\n`)
    return 0
  }
  const command = commandOf(argv)
  if (command === undefined) {
    const group = commands.filter(({ words }) => words.split(' ')[0] === first)
    const [, second] = argv
    const bare = second === undefined || second === '--help'
    if (group.length === 0 || !bare) throw unknownCommand(argv)
    session.stdout.write(overview(group, version))
    return second === '--help' ? 0 : exitCodes.usage
  }
  const given = readArguments(command, argv.slice(command.words.split(' ').length))
  if (!given.flag('help')) return command.run(given, session)
  session.stdout.write(helpOf(command))
  return 0
}

function helpFor(words: readonly string[], { stdout }: Session, version: string): number {
  const command = commandOf(words)
  if (command === undefined && words.length > 0) throw unknownCommand(words)
  stdout.write(command === undefined ? overview(commands, version) : helpOf(command))
  return 0
}

/** The command whose words come first. */
function commandOf(argv: readonly string[]): Command | undefined {
  return commands.find(({ words }) => words.split(' ').every((word, index) => argv[index] === word))
}

function unknownCommand(argv: readonly string[]): UsageError {
  const names = commands.map(({ words }) => words)
  const typed = argv.filter((word) => !word.startsWith('-')).slice(0, 2)
  const near = nearest(typed.join(' '), names) ?? nearest(typed[0] ?? '', names)
  const known = near === undefined ? `they are ${names.join(', ')}` : `did you mean ${near}?`
  return new UsageError('seaworthy', [`there is no command ${typed.join(' ')}; ${known}`])
}

/** Tells what went wrong. @returns The exit code. */
function told(error: unknown, stderr: Writer): number {
  if (error instanceof UsageError) {
    stderr.write(`${error.message}\n`)
    return exitCodes.usage
  }
  if (isSeaworthyError(error)) {
    const { code, message } = error
    stderr.write(written.has(code) ? `${message}\n` : `${code}: ${message}\n`)
    return written.has(code) ? exitCodes.usage : exitCodes.internal
  }
  stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  return exitCodes.internal
}

/** Errors by which a library says that its input makes no sense. */
const written: ReadonlySet<string> = new Set(['ERR_INVALID_OPTION', 'ERR_INVALID_EXPERIMENT'])
