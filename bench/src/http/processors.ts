/**
 * Processes that stay on one processor. Clients share one and the server has another: left to the system, some clients come to
 * run beside the server and others in its place, which makes a third of a difference that is none of theirs.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { home } from '../processes.ts'

/** Whether processes can be kept on one. */
export const canPin: boolean =
  availableParallelism() > 1 && spawnSync('taskset', ['--cpu-list', '1', 'true']).status === 0

/** Starts a program that talks to us by messages, on a processor of its own where that is possible. */
export function startOn(processor: number, ...parameters: readonly string[]): ChildProcess {
  const command = [process.execPath, ...parameters]
  const pinned = canPin ? ['taskset', '--cpu-list', String(processor), ...command] : command
  const [program = '', ...rest] = pinned
  return spawn(program, rest, { cwd: home, stdio: ['pipe', 'pipe', 'inherit', 'ipc'] })
}
