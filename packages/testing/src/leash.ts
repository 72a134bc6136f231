/**
 * Processes that cannot outlive ours.
 *
 * The shell that becomes the process leaves a watcher behind, which reads a pipe that only we can write to. When we
 * die of anything, SIGKILL included, the kernel closes the pipe, and the watcher ends the process and removes its
 * directory. Where the process ends before us, we say so with a line, and the watcher goes away.
 */
import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'

/** Who owns the process and its files, where that is not us. */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

/** How {@link leash} runs a process. */
export interface LeashOptions {
  /** Where it runs, and where its output goes, into {@link logFile}. Removed when we die. */
  readonly directory: string
  /** The signal that ends it when we die. */
  readonly signal: 'KILL' | 'QUIT'
  /** Whom it runs as. @defaultValue us */
  readonly owner?: Owner | undefined
}

/** A process that ends with ours. It does not keep ours running. */
export interface LeashedProcess {
  readonly pid: number
  readonly running: boolean

  /** Waits for the end. Meanwhile it does keep our process running. @returns The exit code; null after a signal. */
  exit(): Promise<number | null>
}

/** What the process has printed, in its directory. */
export const logFile = 'output.log'

/**
 * `$1` is the signal, `$2` the directory. The watcher is started by a shell that is gone at once, so it is no child
 * of the process, which would count it among its own. `$$` is the process in both places. The process and
 * its children may need SIGCONT to notice the signal, and some time to end; its files go after that. One that has ended
 * and that nobody reaps still takes signals, but on Linux it has no program any more.
 */
const script = `
signal=$1 directory=$2
shift 2
exec >"${logFile}" 2>&1
(
  {
    read -r done <&3 && exit
    kill -s "$signal" $$
    kill -s CONT $$ $(cat /proc/$$/task/$$/children)
    tries=0
    while kill -s 0 $$ && { [ ! -d /proc/1 ] || [ -e /proc/$$/exe ]; } && [ $tries -lt 100 ]; do
      sleep 0.1
      tries=$((tries + 1))
    done
    rm -rf "$directory"
  } >/dev/null 2>&1 &
)
exec "$@" 3<&-
`

/**
 * Starts a process that ends when ours does. It sees no interrupt of the terminal: who started it ends it.
 *
 * @param command - The program and its arguments. Exit code 127: there is no such program, 126: it does not run.
 * @throws Error where there is no POSIX shell, so on Windows.
 */
export function leash(
  command: readonly string[],
  { directory, signal, owner }: LeashOptions,
): LeashedProcess {
  const child = spawn('sh', ['-c', script, 'sh', signal, directory, ...command], {
    cwd: directory,
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'], // Node closes a pipe to stdin before it tells us of the end.
    env: { ...process.env, LC_ALL: 'C' },
    ...owner,
  })
  const { pid } = child
  const pipe = child.stdio[3] as Socket
  child.on('error', () => {})
  pipe.on('error', () => {}) // The watcher may be gone already.
  if (pid === undefined) throw new Error('Servers for tests need a POSIX shell, `sh`')
  child.unref()
  pipe.unref()
  let running = true
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => {
      running = false
      pipe.end('done\n', () => pipe.destroy())
      resolve(code)
    })
  })
  return {
    pid,
    get running() {
      return running
    },
    exit() {
      child.ref()
      return exited
    },
  }
}
