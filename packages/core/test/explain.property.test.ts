import { type Describable, explain, type PolicyDescription, type ServiceGraph } from '@seaworthy/core'
import { sometimes } from '@seaworthy/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { composed, failover, hedge, retry, timeout } from './explain-descriptions.ts'

const endless = Number.POSITIVE_INFINITY

/** A layer that can be described, and played through in whole ticks. */
type Toy =
  | { readonly kind: 'repeat'; readonly owned: boolean; readonly delays: readonly number[] }
  | { readonly kind: 'copies'; readonly delays: readonly number[] }
  | { readonly kind: 'limit'; readonly limit: number; readonly mode: 'aggressive' | 'cooperative' }
  | { readonly kind: 'wait'; readonly wait: number }

const total = (delays: readonly number[]): number => delays.reduce((sum, delay) => sum + delay, 0)

function describeToy(toy: Toy): PolicyDescription {
  if (toy.kind === 'limit') return timeout(toy.limit, toy.mode)
  if (toy.kind === 'wait') return { kind: 'queue', options: {}, wait: toy.wait }
  const runs = toy.delays.length + 1
  if (toy.kind === 'copies') return hedge(runs, total(toy.delays))
  return toy.owned ? retry(runs, total(toy.delays)) : { ...failover(runs), delays: total(toy.delays) }
}

/**
 * All moments at which a call that fails can settle, by playing through every choice: how long each run of the
 * function takes, how long each wait lasts. The function ignores its signal; what starts at the very tick of an abort
 * still starts.
 */
function endings(toys: readonly Toy[], longest: number): Set<number> {
  const known = new Map<string, Set<number>>()
  const from = (slot: number, start: number, abort: number): Set<number> => {
    if (start > abort) return new Set([abort])
    const key = `${slot} ${start} ${abort}`
    const ends = known.get(key) ?? play(slot, start, abort)
    known.set(key, ends)
    return ends
  }
  const play = (slot: number, start: number, abort: number): Set<number> => {
    const toy = toys[slot]
    if (toy === undefined) return new Set(ticks(longest).map((taken) => start + taken))
    const inside = (begin: number, until = abort): Set<number> => from(slot + 1, begin, until)
    switch (toy.kind) {
      case 'wait':
        return union(ticks(toy.wait).map((wait) => inside(start + wait)))
      case 'limit': {
        const until = Math.min(abort, start + toy.limit)
        const ends = inside(start, until)
        return toy.mode === 'cooperative' ? ends : new Set([...ends].map((end) => Math.min(end, until)))
      }
      case 'repeat': {
        let ends = inside(start)
        for (const delay of isCollapsed(toys, slot) ? [] : toy.delays) {
          const over = [...ends].filter((end) => end > abort)
          const begins = union([...ends].filter((end) => end <= abort).map((end) => after(end, delay)))
          ends = union([new Set(over), ...[...begins].map((begin) => inside(begin))])
        }
        return ends
      }
      case 'copies': {
        // All copies fail, and the last decides.
        let begins = new Set([start])
        let ends = inside(start)
        for (const delay of toy.delays) {
          begins = union([...begins].map((begin) => after(begin, delay)))
          ends = union([ends, ...[...begins].map((begin) => inside(begin))])
        }
        return ends
      }
    }
  }
  return from(0, 0, endless)
}

const ticks = (most: number): number[] => Array.from({ length: most + 1 }, (_, tick) => tick)

const after = (moment: number, delay: number): Set<number> =>
  new Set(ticks(delay).map((wait) => moment + wait))

const union = (sets: readonly Set<number>[]): Set<number> => new Set(sets.flatMap((set) => [...set]))

const isOwned = (toy: Toy | undefined): boolean => toy?.kind === 'repeat' && toy.owned

/** A retry inside a retry never tries again. */
const isCollapsed = (toys: readonly Toy[], slot: number): boolean =>
  isOwned(toys[slot]) && toys.slice(0, slot).some(isOwned)

/** Runs a function under the toys. Every run fails at once, so that whoever repeats does. */
function run(toys: readonly Toy[], work: () => void, slot = 0): void {
  const toy = toys[slot]
  if (toy === undefined) {
    work()
    return
  }
  const repeats = toy.kind === 'copies' || (toy.kind === 'repeat' && !isCollapsed(toys, slot))
  for (let left = repeats ? toy.delays.length : 0; left >= 0; left--) run(toys, work, slot + 1)
}

const delays = fc.array(fc.nat(2), { minLength: 1, maxLength: 2 })
const mode = fc.constantFrom<'aggressive' | 'cooperative'>('aggressive', 'cooperative')
const toy: fc.Arbitrary<Toy> = fc.oneof(
  fc.record({ kind: fc.constant('repeat' as const), owned: fc.boolean(), delays }),
  fc.record({ kind: fc.constant('copies' as const), delays }),
  fc.record({ kind: fc.constant('limit' as const), limit: fc.integer({ min: 1, max: 12 }), mode }),
  fc.record({ kind: fc.constant('wait' as const), wait: fc.nat(3) }),
)
const toys = fc.array(toy, { maxLength: 4 })

describe('the bounds of a composition', () => {
  it('are those of playing through every choice: never exceeded, and always reached', () => {
    const seen = sometimes(['aggressive cut', 'cooperative overrun', 'collapsed retry', 'side by side'])
    fc.assert(
      fc.property(toys, fc.nat(4), (layers, longest) => {
        const explained = explain(composed(...layers.map(describeToy)), { functionDuration: longest })
        const worst = Math.max(...endings(layers, longest))
        expect(explained.worstCase).toBe(worst)
        let count = 0
        run(layers, () => count++)
        expect(explained.amplification).toBe(count)
        const limits = layers.filter((layer) => layer.kind === 'limit')
        if (limits.some(({ limit, mode }) => mode === 'aggressive' && limit === worst))
          seen.mark('aggressive cut')
        if (limits.some(({ limit, mode }) => mode === 'cooperative' && limit < worst))
          seen.mark('cooperative overrun')
        if (layers.filter(isOwned).length > 1) seen.mark('collapsed retry')
        if (explained.copies > 1) seen.mark('side by side')
      }),
      { numRuns: 500 },
    )
    seen.verify()
  }, 30_000)
})

describe('the bounds of a graph', () => {
  /** Nodes that call later ones only, with what is around each node and each call. */
  const graph = fc.integer({ min: 2, max: 5 }).chain((size) =>
    fc.array(
      fc.record({
        toys: fc.array(toy, { maxLength: 1 }),
        calls: fc.array(
          fc.record({
            to: fc.nat(size - 1),
            times: fc.integer({ min: 1, max: 2 }),
            toys: fc.array(toy, { maxLength: 1 }),
          }),
          { maxLength: 2 },
        ),
      }),
      { minLength: size, maxLength: size },
    ),
  )

  it('verify 26: count the calls of a request in which every attempt but the last fails after its calls', () => {
    const seen = sometimes(['fan-out', 'multiplied', 'several roots'])
    fc.assert(
      fc.property(graph, (drawn) => {
        const nodes = drawn.map(({ toys, calls }, from) => ({
          toys,
          calls: calls.filter(({ to }) => to > from),
        }))
        const described: ServiceGraph = {
          nodes: Object.fromEntries(
            nodes.map(({ toys, calls }, name) => [
              `n${name}`,
              {
                policy: around(toys),
                calls: calls.map(({ to, times, toys }) => ({ to: `n${to}`, times, policy: around(toys) })),
              },
            ]),
          ),
        }
        const explained = explain(described, { functionDuration: 1 })
        const counted = explained.roots.map((root) => ({
          faulty: request(nodes, Number(root.slice(1)), false),
          healthy: request(nodes, Number(root.slice(1)), true),
        }))
        for (const { name, calls, fanOut, amplification } of explained.nodes) {
          const all = counted.map(
            ({ faulty, healthy }) => [faulty.get(name) ?? 0, healthy.get(name) ?? 0] as const,
          )
          expect(calls).toBe(Math.max(...all.map(([count]) => count)))
          expect(all).toContainEqual([calls, fanOut])
          expect(amplification).toBe(calls / fanOut)
        }
        if (counted.some(({ healthy }) => [...healthy.values()].some((count) => count > 2)))
          seen.mark('fan-out')
        if (explained.warnings.some(({ code }) => code === 'retries-multiplied')) seen.mark('multiplied')
        if (explained.roots.length > 1) seen.mark('several roots')
      }),
      { numRuns: 300 },
    )
    seen.verify()
  }, 30_000)

  const around = (toys: readonly Toy[]): Describable => composed(...toys.map(describeToy))

  /** Plays one request and counts how often each node works. */
  function request(
    nodes: ReadonlyArray<{
      readonly toys: readonly Toy[]
      readonly calls: ReadonlyArray<{
        readonly to: number
        readonly times: number
        readonly toys: readonly Toy[]
      }>
    }>,
    root: number,
    healthy: boolean,
  ): Map<string, number> {
    const counts = new Map<string, number>()
    const serve = (name: number): void => {
      const node = nodes[name]
      run(healthy ? [] : (node?.toys ?? []), () => {
        counts.set(`n${name}`, (counts.get(`n${name}`) ?? 0) + 1)
        for (const { to, times, toys } of node?.calls ?? []) {
          for (let time = 0; time < times; time++) run(healthy ? [] : toys, () => serve(to))
        }
      })
    }
    serve(root)
    return counts
  }
})
