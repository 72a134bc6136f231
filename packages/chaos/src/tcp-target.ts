/** Connections as a target: a proxy between clients and a server. */
import { type Clock, duration, InvalidOptionError, knownOptions, systemClock } from '@seaworthy/core'
import type {
  BandwidthFault,
  BlackholeFault,
  CutFault,
  DropReplyFault,
  Fault,
  FaultKind,
  LatencyFault,
  PartitionFault,
  RefuseFault,
  ResetFault,
} from './fault.ts'
import { repeating } from './repeating.ts'
import { supported, targetId } from './supported.ts'
import type { AppliedFault, ChaosTarget, TargetInjection } from './target.ts'

/** What {@link tcpTarget} needs of a proxy. `tcpProxy` of `@seaworthy/testing/servers` has it. */
export interface FaultProxy {
  /** Milliseconds, and by how much more or less. */
  latency(delay: number, jitter?: number, direction?: 'up' | 'down'): void
  throttle(bytesPerSecond: number, direction?: 'up' | 'down'): void
  stall(direction?: 'up' | 'down'): void
  drop(direction: 'up' | 'down'): void
  dropNextReply(): void
  cut(): void
  reset(): void
  refuse(): void
  /** Ends all conditions. */
  heal(): void
}

/** Options of {@link tcpTarget}. */
export interface TcpTargetOptions {
  /** What `every` is measured on. @defaultValue the system clock */
  readonly clock?: Clock
}

/**
 * Makes the connections through a proxy something that a {@link ChaosController} can break.
 *
 * A proxy heals as a whole. When one of several faults ends, the proxy is healed and the others are put in place again, in one go:
 * what a `partition` or a `latency` has held until then is delivered.
 *
 * @param id - Its name in experiments, events and reports.
 *
 * @example
 * ```ts
 * import { tcpTarget } from '@seaworthy/chaos'
 *
 * const said: string[] = []
 * const say = (what: string) => () => said.push(what)
 * const proxy = {
 *   latency: say('latency'), throttle: say('throttle'), stall: say('stall'), drop: say('drop'),
 *   dropNextReply: say('drop reply'), cut: say('cut'), reset: say('reset'), refuse: say('refuse'), heal: say('heal'),
 * }
 * const redis = tcpTarget('redis', proxy)
 * console.log(redis.supports.includes('partition')) // true
 * ```
 */
export function tcpTarget(id: string, proxy: FaultProxy, options: TcpTargetOptions = {}): ChaosTarget {
  knownOptions('tcpTarget', options, ['clock'])
  return new Connections(targetId(id), proxy, options.clock ?? systemClock)
}

type TcpFault =
  | LatencyFault
  | BandwidthFault
  | PartitionFault
  | BlackholeFault
  | ResetFault
  | CutFault
  | RefuseFault
  | DropReplyFault

class Connections implements ChaosTarget {
  readonly id: string
  readonly supports: readonly FaultKind[] = [
    'latency',
    'bandwidth',
    'partition',
    'blackhole',
    'reset',
    'cut',
    'refuse',
    'dropReply',
  ]
  readonly #proxy: FaultProxy
  readonly #clock: Clock
  /** Puts each condition that holds in place again, by its owner. */
  readonly #conditions = new Map<object, () => void>()

  constructor(id: string, proxy: FaultProxy, clock: Clock) {
    this.id = id
    this.#proxy = proxy
    this.#clock = clock
  }

  apply(given: Fault, injection: TargetInjection): AppliedFault {
    const fault = supported<TcpFault>(this, given)
    const accident = this.#accident(fault)
    if (accident !== undefined) {
      const every =
        'every' in fault && fault.every !== undefined ? duration('every', fault.every, 1) : undefined
      const end = repeating(this.#clock, every, () => {
        accident()
        injection.note()
      })
      return { recover: () => this.#end(fault, end) }
    }
    const condition = this.#condition(fault)
    condition()
    injection.note()
    const owner = {}
    this.#conditions.set(owner, condition)
    return { recover: () => this.#heal(owner) }
  }

  /** What happens once, and needs no healing; or undefined. */
  #accident(fault: TcpFault): (() => void) | undefined {
    const proxy = this.#proxy
    if (fault.kind === 'reset') return () => proxy.reset()
    if (fault.kind === 'cut') return () => proxy.cut()
    if (fault.kind !== 'dropReply') return undefined
    return () => {
      for (let reply = 0; reply < (fault.count ?? 1); reply++) proxy.dropNextReply()
    }
  }

  #condition(fault: TcpFault): () => void {
    const proxy = this.#proxy
    switch (fault.kind) {
      case 'latency': {
        const [delay, jitter] = delayAndJitter(fault)
        return () => proxy.latency(delay, jitter, fault.direction)
      }
      case 'bandwidth':
        return () => proxy.throttle(fault.bytesPerSecond, fault.direction)
      case 'partition':
        return () => proxy.stall(fault.direction)
      case 'blackhole':
        return () => proxy.drop(fault.direction ?? 'down')
      default:
        return () => proxy.refuse()
    }
  }

  #heal(owner: object): void {
    if (!this.#conditions.delete(owner)) return
    this.#proxy.heal()
    for (const condition of this.#conditions.values()) condition()
  }

  /** Replies that were not lost yet will not be. */
  #end(fault: TcpFault, end: () => void): void {
    end()
    if (fault.kind !== 'dropReply') return
    this.#proxy.heal()
    for (const condition of this.#conditions.values()) condition()
  }
}

function delayAndJitter({ delay }: LatencyFault): readonly [number, number] {
  if (typeof delay !== 'object') return [duration('delay', delay), 0]
  if (delay.distribution !== 'uniform')
    throw new InvalidOptionError('delay.distribution of a connection', "'uniform'", delay.distribution)
  const min = duration('delay.min', delay.min)
  const max = duration('delay.max', delay.max)
  return [(min + max) / 2, (max - min) / 2]
}
