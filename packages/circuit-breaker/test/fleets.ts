/** Instances that share a circuit in virtual time, and a network between them and the store that can be bad. */
import {
  type BreakerStore,
  type CircuitBreaker,
  type CircuitBreakerOptions,
  circuitBreaker,
  memoryBreakerStore,
  type SharingOptions,
  shareBreakers,
} from '@seaworthy/circuit-breaker'
import { Hub } from '@seaworthy/core'
import { seededRandom, VirtualClock } from '@seaworthy/testing'

/** How the way to the store is for one instance. */
interface Way {
  /** `lost`: requests do not arrive. `deaf`: they do, the answers are lost. */
  mode: 'up' | 'rejects' | 'lost' | 'deaf'
  /** Milliseconds there, and the same back. */
  delay: () => number
}

/** A store behind a bad network. */
function through(store: BreakerStore, way: Way, clock: VirtualClock): BreakerStore {
  const bad =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (way.mode === 'rejects') throw new Error('down')
      if (way.mode === 'lost') return new Promise(() => {})
      const there = way.delay()
      if (there > 0) await clock.sleep(there)
      const answer = await call(...args)
      const back = way.delay()
      if (back > 0) await clock.sleep(back)
      return way.mode === 'deaf' ? new Promise(() => {}) : answer
    }
  return {
    exchange: bad(store.exchange),
    startTrial: bad(store.startTrial),
    endTrial: bad(store.endTrial),
    command: bad(store.command),
    leave: bad(store.leave),
    watch: (breaker, callback) => store.watch?.(breaker, callback) ?? (() => {}),
  }
}

export interface Instance {
  readonly breaker: CircuitBreaker
  readonly way: Way
  /** Whether calls of this instance fail. */
  broken: boolean
  /** Makes a call that takes no time. */
  call(): Promise<'fine' | 'failed' | 'rejected'>
}

/** The usual rules of these tests. */
const rules: CircuitBreakerOptions = {
  failureThreshold: 3,
  failureRate: false,
  successThreshold: 2,
  recoveryTimeout: '10s',
}

export function fleet(
  size: number,
  options: CircuitBreakerOptions = {},
  sharing: SharingOptions = {},
  clock: VirtualClock = new VirtualClock(),
) {
  const store = memoryBreakerStore({ clock })
  let made = 0
  const start = (): Instance => {
    const random = seededRandom(++made)
    const way: Way = { mode: 'up', delay: () => 0 }
    const breaker = circuitBreaker({
      ...rules,
      name: 'stock',
      hub: new Hub(),
      clock,
      random,
      store: shareBreakers(through(store, way, clock), sharing),
      ...options,
    })
    const instance: Instance = {
      breaker,
      way,
      broken: false,
      async call() {
        let ran = false
        const { status } = await breaker.settle(() => {
          ran = true
          if (instance.broken) throw new Error('down')
        })
        return status === 'fulfilled' ? 'fine' : ran ? 'failed' : 'rejected'
      },
    }
    return instance
  }
  const instances = Array.from({ length: size }, start)
  return { clock, store, instances, start, states: () => instances.map(({ breaker }) => breaker.state) }
}

/** Makes an instance open its circuit by its own experience. */
export async function breakDown(instance: Instance): Promise<void> {
  instance.broken = true
  for (let i = 0; i < 3; i++) await instance.call()
}
