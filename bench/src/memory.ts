/** What a breaker weighs, new and used, and the timers it keeps. */
import { createHook } from 'node:async_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { circuitBreaker } from '@seaworthy/circuit-breaker'
import { Hub } from '@seaworthy/core'
import * as cockatiel from 'cockatiel'
import * as mollitia from 'mollitia'
import Opossum from 'opossum'
import type { AsyncFunction } from './harness.ts'
import { inFreshProcess } from './processes.ts'
import type { Section } from './section.ts'
import { succeeds } from './subjects/functions.ts'
import type { Row } from './table.ts'

interface Kind {
  readonly name: string
  /** Makes one breaker. @param index - Different for each. */
  readonly create: (index: number) => Breaker
}

/** Nothing but the breaker itself: a closure around it would weigh too. */
interface Breaker {
  execute?: (fn: AsyncFunction) => Promise<unknown>
  fire?: () => Promise<unknown>
}

const halfOpenAfter = 10_000

const hub = new Hub()

const kinds: readonly Kind[] = [
  { name: 'seaworthy: defaults, count(100)', create: () => circuitBreaker() },
  { name: 'seaworthy: time(10 s)', create: () => circuitBreaker({ window: { time: '10s' } }) },
  {
    name: 'seaworthy: defaults, with a name on a hub',
    create: (index) => circuitBreaker({ name: `breaker ${index}`, hub }),
  },
  {
    name: 'cockatiel: consecutive(5)',
    create: () =>
      cockatiel.circuitBreaker(cockatiel.handleAll, {
        halfOpenAfter,
        breaker: new cockatiel.ConsecutiveBreaker(5),
      }),
  },
  {
    name: 'cockatiel: count(100)',
    create: () =>
      cockatiel.circuitBreaker(cockatiel.handleAll, {
        halfOpenAfter,
        breaker: new cockatiel.CountBreaker({ threshold: 0.5, size: 100 }),
      }),
  },
  {
    name: 'cockatiel: sampling(10 s)',
    create: () =>
      cockatiel.circuitBreaker(cockatiel.handleAll, {
        halfOpenAfter,
        breaker: new cockatiel.SamplingBreaker({ threshold: 0.5, duration: 10_000 }),
      }),
  },
  { name: 'opossum: defaults', create: () => new Opossum(succeeds) },
  {
    name: 'opossum: no timeout, snapshots, percentiles',
    create: () =>
      new Opossum(succeeds, { timeout: false, enableSnapshots: false, rollingPercentilesEnabled: false }),
  },
  {
    name: 'mollitia: count(100)',
    create: () => {
      const breaker = new mollitia.SlidingCountBreaker({ slidingWindowSize: 100 })
      return new mollitia.Circuit({ func: succeeds, options: { modules: [breaker] } })
    },
  },
]

const idleBreakers = 100_000
const busyBreakers = 2_000
/** More than a window of 100. */
const callsEach = 120
const watchedBreakers = 1_000

function kind(name: string): Kind {
  const found = kinds.find((each) => each.name === name)
  if (found === undefined) throw new Error(`There is no ${name}`)
  return found
}

const call = (breaker: Breaker): Promise<unknown> | undefined =>
  breaker.fire?.() ?? breaker.execute?.(succeeds)

interface Idle {
  readonly bytes: number
  /** Of these, the share that stays when nobody refers to them any more. */
  readonly kept: number
  /** To create one. */
  readonly microseconds: number
}

/** In a process of its own. */
export async function measureIdle(name: string): Promise<Idle> {
  const { create } = kind(name)
  create(-1)
  let breakers: Breaker[] = new Array(idleBreakers).fill(undefined)
  const empty = await heap()
  const began = performance.now()
  for (let i = 0; i < idleBreakers; i++) breakers[i] = create(i)
  const took = performance.now() - began
  const full = await heap()
  const array = breakers.length
  breakers = []
  const left = await heap()
  const weight = full - empty
  // The array is gone as well by now.
  return {
    bytes: weight / idleBreakers,
    kept: Math.max(0, left - empty + array * 8) / weight,
    microseconds: (took * 1000) / idleBreakers,
  }
}

/** Bytes of a breaker that has seen a window full of calls. In a process of its own. */
export async function measureTraffic(name: string): Promise<number> {
  const { create } = kind(name)
  await call(create(-1))
  const breakers: Breaker[] = new Array(busyBreakers).fill(undefined)
  const empty = await heap()
  for (let i = 0; i < busyBreakers; i++) breakers[i] = create(i)
  for (let round = 0; round < callsEach; round++) {
    for (const breaker of breakers) await call(breaker)
  }
  return ((await heap()) - empty) / breakers.length
}

/** Timers per breaker, after some calls. In a process of its own. */
export async function countTimers(name: string): Promise<number> {
  const { create } = kind(name)
  const timers = new Set<number>()
  const hook = createHook({
    init: (id, type) => {
      if (type === 'Timeout') timers.add(id)
    },
    destroy: (id) => timers.delete(id),
  })
  hook.enable()
  const breakers = Array.from({ length: watchedBreakers }, (_, index) => create(index))
  for (const breaker of breakers) await call(breaker)
  for (let turn = 0; turn < 10; turn++) await nextTurn() // for the hook to hear of timers that were cleared
  const alive = timers.size
  hook.disable()
  return alive / breakers.length
}

/** Bytes in use when everything unused is gone, typed arrays included. */
async function heap(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await nextTurn()
    globalThis.gc?.()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

export const memorySections: readonly Section[] = [
  {
    name: 'memory',
    title: `Memory and timers of a circuit breaker, ${idleBreakers.toLocaleString('en-US')} created`,
    rows: kinds.map(({ name }) => name),
    // Once: sizes hardly vary from process to process.
    async measure() {
      const rows: Row[] = []
      for (const { name } of kinds) {
        const { bytes, kept, microseconds } = await inFreshProcess<Idle>('idle', name)
        const busy = await inFreshProcess<number>('traffic', name)
        const timers = await inFreshProcess<number>('timers', name)
        rows.push({ name, cells: { bytes, busy, timers, kept: kept * 100, microseconds } })
      }
      return {
        name: this.name,
        title: this.title,
        columns: [
          { key: 'bytes', title: 'bytes, new', integer: true },
          { key: 'busy', title: `after ${callsEach} calls`, integer: true },
          { key: 'timers', title: 'timers', integer: true },
          { key: 'kept', title: '% kept when dropped', integer: true },
          { key: 'microseconds', title: 'µs to create' },
        ],
        rows,
      }
    },
  },
]
