/** Signals for a process and its children. PostgreSQL serves each connection in a child of its own. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Stops a process and its children where they are, as a machine that hangs. Sockets stay open, nothing answers. */
export function freeze(pid: number): void {
  send(pid, 'SIGSTOP') // First, so that it starts no further children.
  for (const child of childrenOf(pid)) send(child, 'SIGSTOP')
}

/** Undoes {@link freeze}. */
export function thaw(pid: number): void {
  for (const child of childrenOf(pid)) send(child, 'SIGCONT')
  send(pid, 'SIGCONT')
}

/** Kills a process and its children, none of which can still react, as a machine that fails. */
export function destroy(pid: number): void {
  freeze(pid)
  const children = childrenOf(pid)
  send(pid, 'SIGKILL')
  for (const child of children) send(child, 'SIGKILL')
}

/** `process.kill`, but it does not matter whether the process is gone already. */
export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function childrenOf(pid: number): number[] {
  try {
    return numbers(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'))
  } catch {
    // Not Linux, or the process is gone. A machine without `pgrep` has no children to offer.
    return numbers(spawnSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' }).stdout ?? '')
  }
}

const numbers = (text: string): number[] => text.split(/\s+/).filter(Boolean).map(Number)
