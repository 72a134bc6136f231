/** Pauses a process so that it goes on when we die of anything. */
import { spawn } from 'node:child_process'
import type { Writable } from 'node:stream'
import type { ProcessControls } from '@seaworthy/chaos'
import { count } from '@seaworthy/core'

/**
 * Reads a pipe that only we can write to. A line says that all is done; the end of the pipe without one says that we are gone, SIGKILL
 * included, since the kernel closes it then.
 */
const watcher = 'read -r done || kill -s CONT "$1"'

/**
 * How to pause a process of this machine and let it go on, also if this process is killed meanwhile: a shell watches over it for as long as it
 * is paused. For POSIX systems.
 *
 * @param pid - The process: its id, or a function that knows it.
 * @returns Controls for `processTarget`.
 * @throws {@link @seaworthy/core!InvalidOptionError} when the id is none.
 *
 * @example
 * ```ts no-run
 * import { processTarget } from '@seaworthy/chaos'
 * import { guardedPause } from '@seaworthy/chaos/node'
 *
 * const worker = processTarget('worker', guardedPause(4711))
 * console.log(worker.supports) // [ 'pause' ]
 * ```
 */
export function guardedPause(
  pid: number | (() => number | undefined),
): Required<Pick<ProcessControls, 'pause' | 'resume'>> {
  if (typeof pid === 'number') count('pid', pid)
  let paused: { readonly id: number; readonly watched: Writable } | undefined
  return {
    pause() {
      const id = typeof pid === 'function' ? pid() : pid
      if (id === undefined) throw new Error('The process to pause does not run')
      paused = { id, watched: watch(id) }
      process.kill(id, 'SIGSTOP')
    },
    resume() {
      if (paused === undefined) return
      const { id, watched } = paused
      paused = undefined
      try {
        process.kill(id, 'SIGCONT')
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error // It was killed while it was paused.
      }
      watched.end('done\n')
    },
  }
}

/** The pipe to the watcher. It keeps nobody running, and is gone by itself when the pipe ends. */
function watch(id: number): Writable {
  const shell = spawn('sh', ['-c', watcher, 'sh', String(id)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true, // a signal to our group, such as Ctrl-C, is not for it
  })
  shell.unref()
  shell.on('error', () => {}) // No shell, no guard: as without.
  shell.stdin.on('error', () => {})
  return shell.stdin
}
