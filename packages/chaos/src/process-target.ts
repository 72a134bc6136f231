/** A process as a target. */
import { InvalidOptionError, knownOptions, optionalFunction } from '@seaworthy/core'
import type { Fault, FaultKind, KillFault, PauseFault } from './fault.ts'
import { supported, targetId } from './supported.ts'
import type { AppliedFault, ChaosTarget, TargetInjection } from './target.ts'

/** How a process is stopped and started. */
export interface ProcessControls {
  /** The process: its id, or a function that knows it, since it changes with every restart. Signals are sent to it. */
  readonly pid?: number | (() => number | undefined)
  /** In place of SIGKILL. */
  readonly kill?: () => void
  /** In place of SIGSTOP and SIGCONT. Both or neither. */
  readonly pause?: () => void
  readonly resume?: () => void
  /** Starts it again after it was killed; resolves when it serves. Without it, `kill` is not supported. */
  readonly restart?: () => unknown
}

/**
 * Makes a process something that a {@link ChaosController} can kill or pause.
 *
 * @param id - Its name in experiments, events and reports.
 * @throws {@link @seaworthy/core!InvalidOptionError} when there is nothing that could be done to it.
 *
 * @example
 * ```ts
 * import { processTarget } from '@seaworthy/chaos'
 *
 * const worker = processTarget('worker', {
 *   kill: () => console.log('killed'),
 *   restart: async () => console.log('started'),
 * })
 * console.log(worker.supports) // [ 'kill' ]
 * ```
 */
export function processTarget(id: string, controls: ProcessControls): ChaosTarget {
  knownOptions('processTarget', controls, ['pid', 'kill', 'pause', 'resume', 'restart'])
  const { pid, kill, pause, resume, restart } = controls
  for (const [name, value] of Object.entries({ kill, pause, resume, restart })) optionalFunction(name, value)
  if ((pause === undefined) !== (resume === undefined))
    throw new InvalidOptionError('pause and resume', 'both or neither', pause ?? resume)
  const target = new Process(targetId(id), controls)
  if (target.supports.length > 0) return target
  throw new InvalidOptionError('processTarget options', 'pid, or kill and restart, or pause and resume', {
    pid,
  })
}

class Process implements ChaosTarget {
  readonly id: string
  readonly supports: readonly FaultKind[]
  readonly #controls: ProcessControls

  constructor(id: string, controls: ProcessControls) {
    const { pid, kill, pause, restart } = controls
    const kills = restart !== undefined && (kill ?? pid) !== undefined
    const pauses = (pause ?? pid) !== undefined
    this.id = id
    this.supports = [...(kills ? (['kill'] as const) : []), ...(pauses ? (['pause'] as const) : [])]
    this.#controls = controls
  }

  apply(given: Fault, injection: TargetInjection): AppliedFault {
    const fault = supported<KillFault | PauseFault>(this, given)
    const { kill, pause, resume, restart } = this.#controls
    const act = fault.kind === 'kill' ? (kill ?? this.#sends('SIGKILL')) : (pause ?? this.#sends('SIGSTOP'))
    const undo = fault.kind === 'kill' ? restart : (resume ?? this.#sends('SIGCONT'))
    act()
    injection.note()
    return { recover: once(async () => undo?.()) }
  }

  #sends(signal: NodeJS.Signals): () => void {
    const { pid } = this.#controls
    return () => {
      const id = typeof pid === 'function' ? pid() : pid
      if (id === undefined) throw new Error(`${this.id} does not run`)
      try {
        process.kill(id, signal)
      } catch (error) {
        // It has ended by itself. That is what SIGKILL wants, and SIGCONT has nothing left to do.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH' || signal === 'SIGSTOP') throw error
      }
    }
  }
}

/** Runs it once, however often it is asked; again only after a failure. It begins before this returns. */
function once(work: () => Promise<unknown>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => {
    done ??= work().then(
      () => {},
      (error: unknown) => {
        done = undefined
        throw error
      },
    )
    return done
  }
}
