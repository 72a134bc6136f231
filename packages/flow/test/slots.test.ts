import { explore } from '@seaworthy/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Slots } from '../src/slots.ts'
import { type Queued, WaiterHeap } from '../src/waiter-heap.ts'
import { runs } from './runs.ts'

interface Waiter extends Queued {
  readonly id: number
}

const waiter = (id: number, priority: number): Waiter => ({ id, priority, order: 0, place: -1 })

describe('the queue', () => {
  it('verify 32: hands out by priority, then by arrival, whoever leaves in between', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            // More come than go, so that the heap gets deep enough to be wrong.
            {
              weight: 5,
              arbitrary: fc
                .oneof(fc.constantFrom(-1, 0, 0, 2.5, Infinity), fc.integer({ min: 0, max: 9 }))
                .map((priority) => ({ add: priority })),
            },
            { weight: 2, arbitrary: fc.nat().map((which) => ({ remove: which })) },
            { weight: 1, arbitrary: fc.constant({ take: true }) },
          ),
          { size: 'max', maxLength: 80 },
        ),
        (history) => {
          const heap = new WaiterHeap<Waiter>()
          let list: Waiter[] = []
          for (const [id, action] of history.entries()) {
            if ('add' in action) {
              const entry = waiter(id, action.add)
              heap.add(entry)
              list.push(entry)
            } else if ('remove' in action) {
              const entry = list[action.remove % (list.length || 1)]
              if (entry === undefined) continue
              expect(heap.remove(entry)).toBe(true)
              expect(heap.remove(entry)).toBe(false)
              list = list.filter((other) => other !== entry)
            } else {
              const [next] = [...list].sort((a, b) => byPriority(a, b) || a.id - b.id)
              expect(heap.take()).toBe(next)
              list = list.filter((other) => other !== next)
            }
            expect(heap.size).toBe(list.length)
          }
        },
      ),
      runs(1000),
    )
  })
})

/** A bulkhead, as a multiset of what runs and a list of who waits, both written down as numbers. */
interface State {
  readonly limit: number
  readonly active: number
  /** The priorities of those who wait, in the order they came. */
  readonly queue: readonly number[]
}

type Input =
  | { readonly call: number }
  | { readonly end: true }
  | { readonly leave: number }
  | { readonly resize: number }

const longestQueue = 4
const limits = [1, 2, 3]

describe('all states of the slots', () => {
  it('verify 31 to 35: keep the limit, lose no wake-up, and can always be emptied', () => {
    const explored = explore<State, Input>({
      initial: { limit: 2, active: 0, queue: [] },
      inputs: ({ active, queue }) => [
        ...(queue.length < longestQueue ? [{ call: 0 }, { call: 1 }] : []),
        ...(active > 0 ? [{ end: true as const }] : []),
        ...queue.map((_, leave) => ({ leave })),
        ...limits.map((resize) => ({ resize })),
      ],
      next: (state, input) => {
        const real = play(state, input)
        expect(real).toEqual(model(state, input))
        return real
      },
      key: (state) => JSON.stringify(state),
      invariants: {
        'verify 31: no more are let in than the limit allows': ({ from, to }) =>
          to.active <= to.limit || to.active <= from.active,
        'verify 35: if a slot is free, nobody waits': ({ to }) =>
          to.active >= to.limit || to.queue.length === 0,
      },
      goals: {
        'verify 33: empty': {
          reached: ({ active, queue }) => active === 0 && queue.length === 0,
          using: (input) => 'end' in input,
        },
      },
      sometimes: {
        'more run than the lowered limit allows': ({ to }) => to.active > to.limit,
        'a raised limit lets several in': ({ from, to }) => from.queue.length - to.queue.length > 1,
        'a later one overtakes': ({ from, input, to }) =>
          'end' in input && to.queue.length < from.queue.length && from.queue[0] === to.queue[0],
      },
    })
    expect(explored.states).toBeGreaterThan(150)
  })
})

/** Builds the real thing in this state, and gives it the input. */
function play({ limit, active, queue }: State, input: Input): State {
  const slots = new Slots<Waiter>(active)
  for (let i = 0; i < active; i++) slots.take()
  slots.resize(limit)
  const waiters = queue.map((priority, id) => waiter(id, priority))
  for (const entry of waiters) slots.wait(entry)

  let gone: readonly (Waiter | undefined)[] = []
  if ('call' in input) {
    const entry = waiter(queue.length, input.call)
    if (!slots.take()) {
      slots.wait(entry)
      waiters.push(entry)
    }
  } else if ('end' in input) gone = [slots.giveBack()]
  else if ('leave' in input) {
    gone = [waiters[input.leave]]
    expect(slots.leave(waiters[input.leave] as Waiter)).toBe(true)
  } else gone = slots.resize(input.resize)

  const left = waiters.filter((entry) => !gone.includes(entry))
  expect(slots.queued).toBe(left.length)
  return { limit: slots.limit, active: slots.active, queue: left.map(({ priority }) => priority) }
}

function model(state: State, input: Input): State {
  if ('call' in input)
    return state.active < state.limit
      ? { ...state, active: state.active + 1 }
      : { ...state, queue: [...state.queue, input.call] }
  if ('end' in input) return fill({ ...state, active: state.active - 1 })
  if ('leave' in input) return { ...state, queue: state.queue.filter((_, index) => index !== input.leave) }
  return fill({ ...state, limit: input.resize })
}

/** Lets in who may come in: the first of the highest priority, one after the other. */
function fill(state: State): State {
  if (state.active >= state.limit || state.queue.length === 0) return state
  const next = state.queue.indexOf(Math.max(...state.queue))
  const queue = state.queue.filter((_, index) => index !== next)
  return fill({ ...state, active: state.active + 1, queue })
}

/** Infinity minus itself is no number. */
function byPriority(a: Waiter, b: Waiter): number {
  return a.priority === b.priority ? 0 : b.priority - a.priority
}
