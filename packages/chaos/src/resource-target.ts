/** The resources of this process as a target: memory, the event loop, the slots of a pool. */
import {
  type AnyPolicy,
  type Clock,
  count,
  duration,
  knownOptions,
  number,
  onAbort,
  optionalFunction,
  systemClock,
  type Timer,
} from '@seaworthy/core'
import type { BallastFault, ExhaustFault, Fault, FaultKind, StallFault } from './fault.ts'
import { repeating } from './repeating.ts'
import { supported, targetId } from './supported.ts'
import type { AppliedFault, ChaosTarget, TargetInjection } from './target.ts'

/** Options of {@link resourceTarget}. */
export interface ResourceTargetOptions {
  /** What `every` of a `stall` is measured on. @defaultValue the system clock */
  readonly clock?: Clock
  /** Whose slots `exhaust` holds: a bulkhead, or any pool behind an `execute` of that shape. @defaultValue `exhaust` is not supported */
  readonly pool?: Pick<AnyPolicy, 'execute'>
  /** Blocks the event loop for some milliseconds. A simulation moves its clock instead. @defaultValue the thread sleeps, in real time */
  readonly block?: (milliseconds: number) => void
}

/**
 * Makes the resources of this process something that a {@link ChaosController} can use up. Memory and the event loop are real:
 * on a virtual clock they say nothing about a service.
 *
 * @param id - Its name in experiments, events and reports.
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { resourceTarget } from '@seaworthy/chaos'
 *
 * console.log(resourceTarget('this process').supports) // [ 'ballast', 'stall' ]
 * ```
 */
export function resourceTarget(id: string, options: ResourceTargetOptions = {}): ChaosTarget {
  knownOptions('resourceTarget', options, ['clock', 'pool', 'block'])
  optionalFunction('block', options.block)
  return new Resources(targetId(id), options)
}

class Resources implements ChaosTarget {
  readonly id: string
  readonly supports: readonly FaultKind[]
  readonly #options: ResourceTargetOptions

  constructor(id: string, options: ResourceTargetOptions) {
    this.id = id
    this.supports = options.pool === undefined ? ['ballast', 'stall'] : ['ballast', 'stall', 'exhaust']
    this.#options = options
  }

  apply(given: Fault, injection: TargetInjection): AppliedFault {
    const fault = supported<BallastFault | StallFault | ExhaustFault>(this, given)
    if (fault.kind === 'ballast') return ballast(fault, this.#options.clock ?? systemClock, injection)
    if (fault.kind === 'stall') return this.#stall(fault, injection)
    return this.#exhaust(fault, injection)
  }

  /** It first stands still one interval from now, so that whoever injects it is told before. */
  #stall({ block = '200ms', every = '2s' }: StallFault, injection: TargetInjection): AppliedFault {
    const { clock = systemClock, block: stand = sleepThread } = this.#options
    const length = duration('block', block, 1)
    let first = true
    const end = repeating(clock, duration('every', every, 1), () => {
      if (!first) {
        stand(length)
        injection.note()
      }
      first = false
    })
    return { recover: end }
  }

  #exhaust({ slots }: ExhaustFault, injection: TargetInjection): AppliedFault {
    const { pool } = this.#options
    const end = new AbortController()
    for (let slot = 0; slot < count('slots', slots); slot++) {
      const held = pool?.execute(() => aborted(end.signal), { signal: end.signal })
      // A pool that is full turns the rest away, and given slots back it rejects: both are as they should be.
      held?.catch(() => {})
      injection.note()
    }
    return { recover: () => end.abort() }
  }
}

/** The smallest page of memory that machines have, in bytes. */
const page = 4096
/** Megabytes that are taken in one turn. */
const piece = 32

/** A piece at a time, so that taking memory does not stop everything else: the kernel needs a millisecond for a megabyte or so. */
function ballast({ megabytes }: BallastFault, clock: Clock, injection: TargetInjection): AppliedFault {
  let blocks: Uint8Array[] | undefined = []
  let rest = number('megabytes', megabytes)
  let timer: Timer | undefined
  const take = (): void => {
    const block = new Uint8Array(Math.ceil(Math.min(rest, piece) * 2 ** 20))
    // Each page is written to, or the kernel would promise it only.
    for (let at = 0; at < block.length; at += page) block[at] = 1
    blocks?.push(block)
    rest -= piece
    timer = rest > 0 ? clock.setTimer(take, 0) : undefined
  }
  if (rest > 0) take()
  injection.note()
  return {
    recover() {
      timer?.cancel()
      blocks = undefined
    },
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    onAbort(signal, () => resolve())
  })

function sleepThread(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}
