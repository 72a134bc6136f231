import { type Clock, DeadlineList, type DeadlineNode } from '@seaworthy/core'
import { sometimes, VirtualClock } from '@seaworthy/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

class Node implements DeadlineNode {
  previous: DeadlineNode | undefined = undefined
  next: DeadlineNode | undefined = undefined
  due = 0
  expiredAt: number | undefined = undefined
  readonly addedAt: number
  readonly #clock: Clock
  readonly #then: () => void

  constructor(clock: Clock, then: () => void = () => {}) {
    this.#clock = clock
    this.addedAt = clock.now()
    this.#then = then
  }

  expire(): void {
    this.expiredAt = this.#clock.now()
    this.#then()
  }
}

function setup(grain: number, length: number) {
  const clock = Object.assign(new VirtualClock(), { grain })
  const list = new DeadlineList(clock, length)
  const add = (then?: () => void): Node => {
    const node = new Node(clock, then)
    list.add(node)
    return node
  }
  return { clock, list, add, allowed: Math.min(grain, length / 16) }
}

describe('a deadline list on an exact clock', () => {
  it('expires each node at its time, to the millisecond', async () => {
    const { clock, list, add } = setup(0, 100)
    const nodes: Node[] = []
    for (const pause of [0, 0, 1, 30, 98, 5]) {
      await clock.advance(pause)
      nodes.push(add())
    }
    await clock.advance(1000)
    expect(nodes.map((node) => (node.expiredAt ?? 0) - node.addedAt)).toEqual([100, 100, 100, 100, 100, 100])
    expect([list.size, list.ticking, clock.pendingTimers]).toEqual([0, false, 0])
  })

  it('stops its timer as soon as nobody waits', () => {
    const { clock, list, add } = setup(0, 100)
    const [first, second] = [add(), add()]
    expect([list.size, list.ticking, clock.pendingTimers]).toEqual([2, true, 1])
    list.remove(first)
    expect([list.size, list.ticking, clock.pendingTimers]).toEqual([1, true, 1])
    list.remove(second)
    expect([list.size, list.ticking, clock.pendingTimers]).toEqual([0, false, 0])
  })
})

describe('a deadline list on a coarse clock', () => {
  it('is never early, and late by a sixteenth of the length or a grain at most', async () => {
    for (const length of [16, 100, 800, 10_000]) {
      const { clock, add, allowed } = setup(50, length)
      const nodes: Node[] = []
      for (let i = 0; i < 200; i++) {
        await clock.advance((i * 7) % 23)
        nodes.push(add())
      }
      await clock.advance(2 * length)
      for (const { addedAt, expiredAt = Number.NaN } of nodes) {
        expect(expiredAt - addedAt).toBeGreaterThanOrEqual(length)
        expect(expiredAt - addedAt).toBeLessThanOrEqual(length + allowed)
      }
      expect(clock.pendingTimers).toBe(0)
    }
  })

  it('has one timer, which ends at most one grain after the last node has left', async () => {
    const { clock, list, add } = setup(50, 1000)
    for (let i = 0; i < 100; i++) {
      const node = add()
      await clock.advance(1)
      list.remove(node)
      expect(clock.pendingTimers).toBeLessThanOrEqual(1)
    }
    await clock.advance(50)
    expect([list.size, list.ticking, clock.pendingTimers]).toEqual([0, false, 0])
  })

  it('reads the clock once a tick, not once a node', () => {
    const { clock, list, add } = setup(50, 1000)
    let reads = 0
    const now = clock.now.bind(clock)
    clock.now = () => {
      reads++
      return now()
    }
    list.remove(add())
    const first = reads
    for (let i = 0; i < 1000; i++) {
      const node: DeadlineNode = { previous: undefined, next: undefined, due: 0, expire: () => {} }
      list.add(node)
      list.remove(node)
    }
    expect(reads).toBe(first)
  })

  it('is not early after the event loop was blocked', async () => {
    // A clock of which time can pass while no timer fires.
    const { clock: inner } = setup(0, 1)
    let blocked = 0
    const clock: Clock = {
      grain: 50,
      now: () => inner.now() + blocked,
      setTimer: (callback, delay) => inner.setTimer(callback, delay),
      sleep: (delay) => inner.sleep(delay),
    }
    const list = new DeadlineList(clock, 1000)
    const before = new Node(clock)
    list.add(before)
    await inner.advance(20)
    const unseen = new Node(clock)
    list.add(unseen)
    blocked += 5000 // now: the first is over, and the second too, but no tick has seen it
    const after = new Node(clock)
    list.add(after)
    await inner.advance(30)
    expect(before.expiredAt).toBe(5050)
    expect([unseen.expiredAt, after.expiredAt]).toEqual([undefined, undefined])
    await inner.advance(2000)
    for (const node of [unseen, after]) {
      expect((node.expiredAt ?? 0) - node.addedAt).toBeGreaterThanOrEqual(1000)
      expect(node.expiredAt ?? 0).toBeLessThanOrEqual(6050)
    }
    expect([list.size, inner.pendingTimers]).toEqual([0, 0])
  })
})

describe('what happens while nodes expire', () => {
  it('may add and remove nodes', async () => {
    for (const grain of [0, 50]) {
      const { clock, list, add } = setup(grain, 100)
      const others: Node[] = []
      let added: Node | undefined
      add(() => {
        for (const node of others) list.remove(node)
        added = add()
      })
      others.push(add(), add())
      await clock.advance(1000)
      expect(others.map(({ expiredAt }) => expiredAt)).toEqual([undefined, undefined])
      expect((added?.expiredAt ?? 0) - (added?.addedAt ?? 0)).toBeGreaterThanOrEqual(100)
      expect([list.size, list.ticking, clock.pendingTimers]).toEqual([0, false, 0])
    }
  })

  it('lets a node be added again', async () => {
    for (const grain of [0, 50]) {
      const { clock, list } = setup(grain, 100)
      const times: number[] = []
      const node: Node = new Node(clock, () => {
        times.push(clock.now())
        if (times.length < 3) list.add(node)
      })
      list.add(node)
      await clock.advance(1000)
      expect(times).toEqual([100, 200, 300])
      expect([list.size, clock.pendingTimers]).toEqual([0, 0])
    }
  })
})

describe('a deadline list against a plain list of facts', () => {
  type Action =
    | { readonly do: 'add' }
    | { readonly do: 'remove'; readonly which: number }
    | { readonly do: 'pass'; readonly time: number }

  const actions = fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constant<Action>({ do: 'add' }) },
      { weight: 3, arbitrary: fc.nat(1000).map((which): Action => ({ do: 'remove', which })) },
      {
        weight: 3,
        arbitrary: fc
          .constantFrom(0, 1, 5, 49, 50, 51, 99, 100, 101)
          .map((time): Action => ({ do: 'pass', time })),
      },
    ),
    { minLength: 1, maxLength: 60, size: 'max' },
  )

  it('expires exactly those that were not removed in time, whatever the order of removal', async () => {
    const seen = sometimes([
      'removed the first',
      'removed the last',
      'removed from the middle',
      'removed twice',
      'expired',
    ])
    await fc.assert(
      fc.asyncProperty(
        actions,
        fc.constantFrom(0, 50),
        fc.constantFrom(100, 1600),
        async (history, grain, length) => {
          const { clock, list, add, allowed } = setup(grain, length)
          const nodes: Node[] = []
          const removed = new Set<Node>()
          const waiting = () => nodes.filter((node) => node.expiredAt === undefined && !removed.has(node))
          for (const action of history) {
            if (action.do === 'add') nodes.push(add())
            else if (action.do === 'pass') await clock.advance(action.time)
            else if (nodes.length > 0) {
              const node = nodes[action.which % nodes.length] as Node
              const place = waiting().indexOf(node)
              if (removed.has(node)) seen.mark('removed twice')
              else if (place === 0) seen.mark('removed the first')
              else if (place === waiting().length - 1) seen.mark('removed the last')
              else if (place > 0) seen.mark('removed from the middle')
              list.remove(node)
              if (place >= 0) removed.add(node)
            }
            expect(list.size).toBe(waiting().length)
            if (list.size > 0) expect(list.ticking).toBe(true)
            for (const node of waiting())
              expect(clock.now() - node.addedAt).toBeLessThanOrEqual(length + allowed)
          }
          await clock.advance(length + 100)
          for (const node of nodes) {
            expect(node.expiredAt === undefined).toBe(removed.has(node))
            if (node.expiredAt === undefined) continue
            seen.mark('expired')
            expect(node.expiredAt - node.addedAt).toBeGreaterThanOrEqual(length)
            expect(node.expiredAt - node.addedAt).toBeLessThanOrEqual(length + allowed)
          }
          expect([list.size, list.ticking, clock.pendingTimers]).toEqual([0, false, 0])
        },
      ),
      {
        numRuns: Number(process.env['PROPERTY_RUNS'] ?? 300),
        seed: Number(process.env['PROPERTY_SEED'] ?? 20),
      },
    )
    seen.verify()
  })
})
