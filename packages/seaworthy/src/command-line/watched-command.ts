/** A command that is started to watch its memory. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { pathToFileURL } from 'node:url'
import {
  type ChildConversation,
  childProcess,
  converse,
  type MemorySource,
  otherProcess,
} from '@seaworthy/drill'
import type { Programs, Session } from './session.ts'
import { UsageError } from './usage-error.ts'

/** How long a Node program may take to tell its memory for the first time, and any to end. Milliseconds. */
const patience = { first: 20_000, ending: 500, end: 3000 } as const

/** A command that runs. */
export interface WatchedCommand {
  readonly source: MemorySource
  /** Whether it reads its own memory, or is looked at from outside. */
  readonly fromInside: boolean
  end(): Promise<void>
}

/** Starts a command. @throws UsageError when it ends at once. */
export async function watchedCommand(command: string, session: Session): Promise<WatchedCommand> {
  const { interruption, directory, environment, programs } = session
  // The shell becomes the command, so that the id of the process is that of the command.
  const child = spawn(process.platform === 'win32' ? command : `exec ${command}`, {
    shell: true,
    cwd: directory,
    env: {
      ...environment,
      ...(programs && { NODE_OPTIONS: withServing(environment['NODE_OPTIONS'], programs) }),
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const forget = interruption.inEmergency(() => child.kill('SIGKILL'))
  const end = async (): Promise<void> => {
    await ended(child, session)
    forget()
  }
  await once(child, 'spawn')
  const conversation = converse(child)
  const fromInside = programs !== undefined && (await answers(conversation, session))
  if (!fromInside && (await hasEnded(child, session, patience.ending))) {
    forget()
    throw new UsageError(`--cmd "${command}"`, [
      `has ended at once, with ${child.signalCode ?? child.exitCode}`,
    ])
  }
  if (fromInside) return { source: childProcess(conversation), fromInside, end }
  conversation.close()
  session.stderr.write('it does not tell its memory: looked at from outside\n')
  return { source: otherProcess(child.pid as number), fromInside, end }
}

/** So that every Node program the command consists of can be asked. */
function withServing(before: string | undefined, { serveMemory, execArgv }: Programs): string {
  const more = [...execArgv, `--import=${pathToFileURL(serveMemory).href}`].map(quoted)
  return [before, ...more].filter(Boolean).join(' ')
}

/** As Node reads its variable: quotation marks around what may have spaces. */
const quoted = (argument: string): string => `"${argument.replaceAll(/["\\]/g, '\\$&')}"`

/** Whether it tells its memory. It does not if it is no Node program, closes the channel, or ends. */
async function answers(conversation: ChildConversation, { clock }: Session): Promise<boolean> {
  const waiting = new AbortController()
  const tooLong = clock.sleep(patience.first, waiting.signal).then(
    () => false,
    () => false,
  )
  const asked = conversation.ask('memory', false).then(
    () => true,
    () => false,
  )
  try {
    return await Promise.race([asked, tooLong])
  } finally {
    waiting.abort()
  }
}

/** Its channel closes a moment before it has ended. */
async function hasEnded(child: ChildProcess, { clock }: Session, within: number): Promise<boolean> {
  if (over(child)) return true
  const waiting = new AbortController()
  await Promise.race([once(child, 'exit'), clock.sleep(within, waiting.signal).catch(() => {})])
  waiting.abort()
  return over(child)
}

async function ended(child: ChildProcess, session: Session): Promise<void> {
  if (over(child)) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  if (await hasEnded(child, session, patience.end)) return
  child.kill('SIGKILL')
  await exited
}

const over = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null
