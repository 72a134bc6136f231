import { Counterexample, type Exploration, explore } from '@seaworthy/testing'
import { describe, expect, test } from 'vitest'

/** Two jugs of 3 and 5 litres. */
interface Jugs {
  readonly small: number
  readonly large: number
}

const jugs = {
  initial: { small: 0, large: 0 },
  inputs: () => ['fill small', 'fill large', 'empty small', 'empty large', 'pour over', 'pour back'],
  next: ({ small, large }: Jugs, input: string): Jugs => {
    if (input === 'fill small') return { small: 3, large }
    if (input === 'fill large') return { small, large: 5 }
    if (input === 'empty small') return { small: 0, large }
    if (input === 'empty large') return { small, large: 0 }
    const moved = input === 'pour over' ? Math.min(small, 5 - large) : -Math.min(large, 3 - small)
    return { small: small - moved, large: large + moved }
  },
  key: ({ small, large }: Jugs) => `${small}/${large}`,
} satisfies Exploration<Jugs, string>

function failure(machine: Exploration<Jugs, string>): Counterexample<string> {
  try {
    explore(machine)
  } catch (error) {
    if (error instanceof Counterexample) return error
    throw error
  }
  throw new Error('expected a counterexample')
}

describe('explore', () => {
  test('visits every state once and tries every input there', () => {
    const seen = explore(jugs)
    // One of the two is always full or empty: 4 * 6 combinations less the 2 * 4 with neither.
    expect(seen).toMatchObject({ states: 16, edges: 96, transitions: [] })
  })

  test('measures the depth: how far the farthest state is', () => {
    const line = {
      initial: 0,
      inputs: (at: number) => (at < 9 ? [1] : []),
      next: (at: number) => at + 1,
      key: String,
    }
    expect(explore(line)).toMatchObject({ states: 10, edges: 9, depth: 9 })
  })

  test('finds the shortest way to a broken rule', () => {
    const found = failure({ ...jugs, invariants: { 'never 4 litres': ({ to }) => to.large !== 4 } })
    expect(found.rule).toBe("'never 4 litres' does not hold")
    expect(found.path).toEqual([
      'fill large',
      'pour back',
      'empty small',
      'pour back',
      'fill large',
      'pour back',
    ])
    expect(found.message).toMatch(/^'never 4 litres' does not hold\nafter: fill large → pour back → /)
  })

  test('reports an error of the machine with the way there, and keeps it as cause', () => {
    const broken = new Error('model says 1')
    const found = failure({
      ...jugs,
      next: (state, input) => {
        const next = jugs.next(state, input)
        if (next.large === 1) throw broken
        return next
      },
    })
    expect(found.rule).toBe('model says 1')
    expect(found.cause).toBe(broken)
    expect(found.path).toEqual([
      'fill small',
      'pour over',
      'fill small',
      'pour over',
      'empty large',
      'pour over',
    ])
  })

  test('reports a state that cannot get to a goal', () => {
    const oneWay = {
      initial: 'new',
      inputs: (state: string) =>
        ({ new: ['start'], running: ['stop', 'crash'], stopped: ['start'] })[state] ?? [],
      next: (_: string, input: string) =>
        ({ start: 'running', stop: 'stopped', crash: 'wreck' })[input] as string,
      key: String,
    }
    const goals = { stopped: { reached: (state: string) => state === 'stopped' } }
    expect(() => explore({ ...oneWay, goals })).toThrow("'stopped' is out of reach\nafter: start → crash")
    const from = (state: string): boolean => state !== 'wreck'
    expect(explore({ ...oneWay, goals: { stopped: { ...goals.stopped, from } } }).states).toBe(4)
    const using = (input: string): boolean => input !== 'start'
    expect(() => explore({ ...oneWay, goals: { stopped: { ...goals.stopped, from, using } } })).toThrow(
      "'stopped' is out of reach\nin the initial state",
    )
  })

  test('collects the names of transitions', () => {
    const side = ({ small, large }: Jugs): string => (small > large ? 'small' : 'large')
    const { transitions } = explore({
      ...jugs,
      transition: ({ from, to }) => (side(from) === side(to) ? undefined : `${side(from)} → ${side(to)}`),
    })
    expect(transitions).toEqual(['large → small', 'small → large'])
  })

  test('fails when something expected never happened', () => {
    const sometimes = {
      'a jug is full': ({ to }: { to: Jugs }) => to.small === 3,
      'a jug overflows': ({ to }: { to: Jugs }) => to.small > 3,
    }
    expect(() => explore({ ...jugs, sometimes })).toThrow('Never happened in 16 states: a jug overflows')
  })

  test('stops at the limit with advice', () => {
    const counter = { initial: 0, inputs: () => [{ add: 1 }], next: (at: number) => at + 1, key: String }
    expect(() => explore({ ...counter, limit: 1000 })).toThrow('More than 1,000 states. Does key() leave out')
    expect(() => explore({ ...counter, invariants: { small: ({ to }) => to < 2 } })).toThrow(
      'after: {"add":1} → {"add":1}',
    )
    expect(() =>
      explore({ ...counter, invariants: { small: ({ to }) => to < 2 }, show: ({ add }) => `+${add}` }),
    ).toThrow('after: +1 → +1')
  })
})
