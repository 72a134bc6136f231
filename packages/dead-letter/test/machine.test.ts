/** The machine of one letter, every state of it, with two owners, an operator and time. */
import { letterMachine } from '@seaworthy/dead-letter'
import { explore, type Step } from '@seaworthy/testing'
import { describe, expect, it } from 'vitest'

type Condition = letterMachine.Condition
type Input = letterMachine.Input
type Answer = letterMachine.Step['answer']
const { isHeld, isSettled, newlyDead, next } = letterMachine

const lease = 2
const mostAttempts = 2

interface World {
  readonly condition: Condition
  readonly now: number
  /** The fence each owner believes to hold. */
  readonly fences: Readonly<Record<string, number | undefined>>
  readonly nextFence: number
  readonly answer: Answer | undefined
  readonly transition: string | undefined
}

type Move = { readonly by: string; readonly do: Input } | 'tick'

function inputs(world: World, oneStep: boolean): Move[] {
  const { now, nextFence: fence, condition } = world
  const moves: Move[] = condition.until === undefined || now <= condition.until ? ['tick'] : []
  moves.push({ by: 'operator', do: { type: 'discard' } }, { by: 'upkeep', do: { type: 'lapse' } })
  for (const owner of ['a', 'b']) {
    const granted = { owner, fence, until: now + lease }
    moves.push({ by: owner, do: { type: 'claim', lease: granted } })
    moves.push({ by: owner, do: { type: 'retry', lease: granted, oneStep } })
    const own = world.fences[owner]
    if (own === undefined) continue
    moves.push({ by: owner, do: { type: 'renew', fence: own, until: now + lease } })
    for (const outcome of ['resolved', 'discarded', 'returned', 'replay', 'replayed', 'failed'] as const) {
      if (outcome === 'failed' && condition.attempts === mostAttempts) continue
      moves.push({ by: owner, do: { type: 'settle', fence: own, outcome, oneStep, due: undefined } })
    }
  }
  return moves
}

function move(world: World, input: Move): World {
  if (input === 'tick') return { ...world, now: world.now + 1, answer: undefined, transition: undefined }
  const { condition, answer, transition } = next(world.condition, input.do, world.now)
  const leased = 'lease' in input.do && answer === 'done' && condition.fence === input.do.lease.fence
  return {
    ...world,
    condition,
    answer,
    transition,
    fences: leased ? { ...world.fences, [input.by]: condition.fence } : world.fences,
    nextFence: leased ? world.nextFence + 1 : world.nextFence,
  }
}

/** Fences matter by equality only, times relative to now. */
function key({ condition, now, fences, answer, transition }: World): string {
  const { state, attempts, owner, fence, until } = condition
  const left = until === undefined ? '' : Math.max(until - now, -1)
  const holders = ['a', 'b'].map((name) => (fences[name] === undefined ? '-' : fences[name] === fence))
  return [state, attempts, owner, fence === undefined, left, ...holders, answer, transition].join()
}

type Rule = (step: Step<World, Move>) => boolean
const inputOf = ({ input }: Step<World, Move>): Input | undefined => (input === 'tick' ? undefined : input.do)
const moved = ({ from, to }: Step<World, Move>): boolean =>
  JSON.stringify(from.condition) !== JSON.stringify(to.condition)

const invariants: Record<string, Rule> = {
  'a settled letter stays as it is': (step) => !isSettled(step.from.condition.state) || !moved(step),
  'leases are whole: owner and end in leased and replaying only': ({ to: { condition } }) => {
    const leasing = condition.state === 'leased' || condition.state === 'replaying'
    return (condition.owner !== undefined) === leasing && (condition.until !== undefined) === leasing
  },
  'verify 48: what is held is not given to another, retried, discarded or given back': (step) => {
    const { from, to } = step
    const input = inputOf(step)
    if (!isHeld(from.condition, from.now)) return true
    if (input === undefined || input.type === 'settle' || input.type === 'renew') return true
    return !moved(step) && to.answer !== 'done'
  },
  'a fence that is not in force changes nothing': (step) => {
    const input = inputOf(step)
    if (input?.type !== 'settle' && input?.type !== 'renew') return true
    return input.fence === step.from.condition.fence || (!moved(step) && step.to.answer === 'stale')
  },
  'what is being replayed ends as replayed or dead by its holder, never by discarding': ({ from, to }) =>
    from.condition.state !== 'replaying' || ['replaying', 'replayed', 'dead'].includes(to.condition.state),
  'only one settlement can go out: replaying is entered from dead or leased alone': ({ from, to }) =>
    to.condition.state !== 'replaying' || ['dead', 'leased', 'replaying'].includes(from.condition.state),
  'every change but a renewal is audited, and nothing else is': (step) => {
    const renewal = inputOf(step)?.type === 'renew'
    return (step.to.transition !== undefined) === (moved(step) && !renewal)
  },
  'failures of a replay are counted one by one': ({ from, to }) => {
    const more = to.condition.attempts - from.condition.attempts
    return more === (to.transition === 'replayFailed' ? 1 : 0)
  },
  'the same settlement again answers done': (step) => {
    const input = inputOf(step)
    if (input?.type !== 'settle' || step.to.answer !== 'done' || !isSettled(step.to.condition.state))
      return true
    const again = next(step.to.condition, input, step.to.now)
    return again.answer === 'done' && again.transition === undefined && again.condition === step.to.condition
  },
}

function search(oneStep: boolean, more: Record<string, Rule>, sometimes: Record<string, Rule>) {
  return explore<World, Move>({
    initial: {
      condition: newlyDead(undefined),
      now: 0,
      fences: {},
      nextFence: 1,
      answer: undefined,
      transition: undefined,
    },
    inputs: (world) => inputs(world, oneStep),
    next: move,
    key,
    invariants: { ...invariants, ...more },
    sometimes,
    goals: {
      'verify 47: a letter that is not settled can still be replayed': {
        reached: ({ condition }) => condition.state === 'replayed',
        from: ({ condition }) => !isSettled(condition.state) && condition.attempts < mostAttempts,
      },
    },
    transition: ({ from, to }) =>
      to.transition && `${from.condition.state} ${to.transition} ${to.condition.state}`,
  })
}

describe('the machine of a letter', () => {
  it('keeps its rules in every state when replays take two steps', () => {
    const seen = search(
      false,
      {},
      {
        'a lapsed lease is taken over': ({ to }) => to.transition === 'takenOver',
        'a zombie is refused': ({ to }) => to.answer === 'stale',
        'a second operator hears that it is being replayed': ({ to }) =>
          to.answer === 'already' && to.condition.state === 'replaying',
        'recovery refuses an operator': ({ to }) => to.answer === 'leased',
        'a settlement is repeated': (step) =>
          isSettled(step.from.condition.state) &&
          inputOf(step)?.type === 'settle' &&
          step.to.answer === 'done',
      },
    )
    expect(seen.transitions).toEqual([
      'dead claimed leased',
      'dead discarded discarded',
      'dead replaying replaying',
      'leased discarded discarded',
      'leased lapsed dead',
      'leased replaying replaying',
      'leased resolved resolved',
      'leased returned dead',
      'leased takenOver leased',
      'replaying replayFailed dead',
      'replaying replayed replayed',
      'replaying takenOver replaying',
    ])
    expect(seen.states).toBeGreaterThan(100)
  })

  it('is never in between when a store replays by itself', () => {
    const seen = search(
      true,
      { 'never replaying': ({ to }) => to.condition.state !== 'replaying' },
      {
        'an operator replays': ({ from, to }) =>
          from.condition.state === 'dead' && to.transition === 'replayed',
      },
    )
    expect(seen.transitions).toContain('leased replayed replayed')
  })
})
