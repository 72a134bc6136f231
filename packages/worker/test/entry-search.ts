/**
 * The machine of an entry in its world, for an exhaustive search: two workers and a reaper, who may fall silent, come
 * back as zombies, lose answers and die between any two steps. Entries do not touch each other, so one is enough.
 *
 * The world keeps its own record of who was handed the entry last (`current`), against which the machine is judged.
 */
import type { Exploration, Step } from '@seaworthy/testing'
import { entryMachine } from '@seaworthy/worker'

type Entry = entryMachine.Entry
type EntryInput = entryMachine.EntryInput
export type Next = typeof entryMachine.next

const rules = { minIdle: 2, suspectAfter: 9, maxStarts: 2, maxDeliveries: 3, attempts: 2 }

type Actor = 'A' | 'B' | 'R'

/** A hand-out that somebody believes to hold. */
interface Belief {
  readonly who: Actor
  readonly handOut: number
  /** Whether it is the last hand-out in truth. */
  readonly current: boolean
  /** Whether its dead letter has been written. */
  readonly lettered: boolean
}

export interface World {
  readonly now: number
  readonly entry: Entry
  readonly beliefs: readonly Belief[]
  readonly letters: number
  /** Whether a letter was written once more than needed. */
  readonly lettersTried: number
  readonly outcome: string
}

export type Move =
  | { readonly kind: 'tick' | 'promote' | 'republish' }
  | { readonly kind: 'fetch' | 'fetchLost' | 'claim' | 'reconcile'; readonly who: Actor }
  | {
      readonly kind:
        | 'beat'
        | 'start'
        | 'acknowledge'
        | 'answerLost'
        | 'fail'
        | 'handBack'
        | 'letter'
        | 'bury'
        | 'die'
      readonly who: Actor
      readonly handOut: number
    }

/** What each participant may do. Everything else is not asked for by workers of ours. */
function moves({ entry, beliefs, now }: World): Move[] {
  const all: Move[] = []
  if (entry.name === 'pending' && now - entry.heardAt < rules.minIdle) all.push({ kind: 'tick' })
  if (entry.name === 'due') all.push({ kind: 'promote' })
  if (entry.name === 'due' && now < entry.dueAt) all.push({ kind: 'tick' })
  // A loses answers and meets its own past, as a zombie and as a second self; for B it is enough to compete.
  const held = (who: Actor): number => beliefs.filter((belief) => belief.who === who).length
  if (held('A') < 2)
    all.push({ kind: 'fetch', who: 'A' }, { kind: 'claim', who: 'A' }, { kind: 'reconcile', who: 'A' })
  all.push({ kind: 'fetchLost', who: 'A' })
  if (held('B') < 1) all.push({ kind: 'fetch', who: 'B' }, { kind: 'claim', who: 'B' })
  if (!beliefs.some(({ who }) => who === 'R')) all.push({ kind: 'claim', who: 'R' })
  all.push({ kind: 'republish' })
  for (const { who, handOut, lettered } of beliefs) {
    const by = { who, handOut }
    all.push({ kind: 'die', ...by }, { kind: 'letter', ...by })
    if (lettered) all.push({ kind: 'bury', ...by })
    if (who === 'R' || lettered) continue
    if (who === 'A') all.push({ kind: 'answerLost', ...by })
    for (const kind of ['beat', 'start', 'acknowledge', 'fail', 'handBack'] as const)
      all.push({ kind, ...by })
  }
  return all
}

function inputOf(move: Move): EntryInput | undefined {
  const { minIdle } = rules
  switch (move.kind) {
    case 'promote':
      return { type: 'promote' }
    case 'republish':
      return { type: 'republish', minIdle }
    case 'fetch':
    case 'fetchLost':
      return { type: 'deliver', owner: move.who }
    case 'claim':
      return { type: 'claim', owner: move.who, minIdle }
    case 'beat':
    case 'start':
    case 'acknowledge':
    case 'bury':
      return { type: move.kind, by: { owner: move.who, handOut: move.handOut } }
    case 'answerLost':
      return { type: 'acknowledge', by: { owner: move.who, handOut: move.handOut } }
    case 'fail':
    case 'handBack':
      return { type: move.kind, by: { owner: move.who, handOut: move.handOut }, delay: 1 }
    default:
      return undefined
  }
}

/**
 * Whether the caller of the machine asks for this at all: it looks at the counts first, as workers and streams do.
 */
function asks(world: World, move: Move): boolean {
  const { entry } = world
  if (move.kind === 'claim' || move.kind === 'republish') {
    const judged = entryMachine.suspicion(entry, rules)
    return move.kind === 'claim' && move.who === 'R' ? judged === 'poison' : judged !== 'poison'
  }
  if (move.kind === 'fail') return entry.failures + 1 < rules.attempts
  if (move.kind === 'letter') {
    const belief = beliefOf(world, move)
    return belief?.who === 'R' || entry.failures + 1 >= rules.attempts
  }
  return true
}

const beliefOf = ({ beliefs }: World, { who, handOut }: { who: Actor; handOut: number }) =>
  beliefs.find((belief) => belief.who === who && belief.handOut === handOut)

const ends = new Set(['acknowledge', 'fail', 'handBack', 'bury', 'die'])

function act(world: World, move: Move, next: Next): World {
  if (move.kind === 'tick') return { ...world, now: world.now + 1, outcome: '' }
  if (!asks(world, move)) return { ...world, outcome: 'not asked' }
  const { entry, beliefs, now } = world
  if (move.kind === 'letter') {
    const lettered = beliefs.map((belief) =>
      belief === beliefOf(world, move) ? { ...belief, lettered: true } : belief,
    )
    // One for each entry, by its dedupe key.
    const tried = Math.min(2, world.lettersTried + 1)
    return { ...world, beliefs: lettered, letters: 1, lettersTried: tried, outcome: '' }
  }
  if (move.kind === 'reconcile') {
    const { who } = move
    const known = beliefs.some((belief) => belief.who === who && belief.handOut === entry.handOuts)
    if (entry.name !== 'pending' || entry.owner !== who || known) return { ...world, outcome: 'not asked' }
    const found = { who, handOut: entry.handOuts, current: true, lettered: false }
    return { ...world, beliefs: [...beliefs, found], outcome: 'done' }
  }
  const input = inputOf(move)
  const step = input === undefined ? { entry, outcome: '' } : next(entry, input, now)
  let after = [...beliefs]
  const moved = step.outcome === 'done' && (step.entry.name !== 'pending' || step.entry !== entry)
  if (moved && (isHandOut(move) || step.entry.name !== 'pending'))
    after = after.map((belief) => ({ ...belief, current: false }))
  if (step.outcome === 'done' && isHandOut(move) && move.kind !== 'fetchLost')
    after.push({ who: move.who, handOut: step.entry.handOuts, current: true, lettered: false })
  if ('handOut' in move && (ends.has(move.kind) || step.outcome === 'lost')) {
    const gone = beliefOf(world, move)
    after = after.filter((_, index) => beliefs[index] !== gone || index >= beliefs.length)
  }
  return { ...world, entry: step.entry, beliefs: after, outcome: step.outcome }
}

const isHandOut = (
  move: Move,
): move is Extract<Move, { kind: 'fetch' | 'fetchLost' | 'claim' | 'reconcile' }> =>
  move.kind === 'fetch' || move.kind === 'fetchLost' || move.kind === 'claim'

/** Everything that no future can tell apart: times and numbers of hand-outs are relative. */
function key({ now, entry, beliefs, letters, lettersTried }: World): string {
  const age =
    entry.name === 'pending'
      ? [entry.owner, Math.min(now - entry.heardAt, rules.minIdle), entry.started]
      : entry.name === 'due'
        ? [Math.max(0, entry.dueAt - now)]
        : []
  const held = beliefs
    .map(({ who, handOut, current, lettered }) =>
      [who, Math.min(entry.handOuts - handOut, 2), current, lettered].join(),
    )
    .sort()
  // Beyond its limit the count of deliveries decides nothing more.
  const counts = [Math.min(entry.deliveries, rules.maxDeliveries + 1), entry.starts, entry.failures]
  return [entry.name, ...age, ...counts, letters, lettersTried, '|', ...held].join(' ')
}

type WorldStep = Step<World, Move>

const isOver = ({ entry }: World): boolean => entry.name === 'acknowledged' || entry.name === 'dead'
const asHolder = (step: WorldStep): Belief | undefined =>
  'handOut' in step.input ? beliefOf(step.from, step.input) : undefined

/** The world around a machine, with everything that must be true. */
export function search(next: Next = entryMachine.next): Exploration<World, Move> {
  return {
    initial: {
      now: 0,
      entry: entryMachine.enqueued(0, 0),
      beliefs: [],
      letters: 0,
      lettersTried: 0,
      outcome: '',
    },
    inputs: moves,
    next: (world, move) => act(world, move, next),
    key,
    limit: 60_000,
    invariants: {
      'verify 47: what is over stays over': ({ from, to }) => !isOver(from) || to.entry === from.entry,
      'verify 47: only who was handed the entry last changes it; a zombie changes nothing': (step) => {
        const holder = asHolder(step)
        return holder === undefined || holder.current || step.to.entry === step.from.entry
      },
      'verify 47: whoever was handed the entry last is heard': (step) => {
        const holder = asHolder(step)
        return holder === undefined || !holder.current || step.to.outcome !== 'lost'
      },
      'verify 48: a hand-out counts one delivery; only a failure or a hand-back takes any away': (step) => {
        const { from, to, input } = step
        const difference = to.entry.deliveries - from.entry.deliveries
        if (isHandOut(input)) return difference === (to.outcome === 'done' ? 1 : 0)
        if (to.entry === from.entry) return true
        if (input.kind === 'handBack') return difference === -1
        if (input.kind === 'fail') return to.entry.deliveries === 0 && to.entry.starts === 0
        return difference === 0
      },
      'verify 48: a start counts once for each hand-out, and a hand-back takes only its own away': (step) => {
        const { from, to, input } = step
        if (to.entry === from.entry || input.kind === 'fail') return true
        const difference = to.entry.starts - from.entry.starts
        const started = from.entry.name === 'pending' && from.entry.started
        if (input.kind === 'start') return difference === (started ? 0 : 1)
        if (input.kind === 'handBack') return difference === (started ? -1 : 0)
        return difference === 0
      },
      'verify 48: failures count what was reported': ({ from, to, input }) =>
        to.entry.failures - from.entry.failures ===
        (input.kind === 'fail' && to.entry !== from.entry ? 1 : 0),
      'verify 48: starts and deliveries stay below their limits while anybody may run it': ({ to }) =>
        to.entry.starts <= rules.maxStarts && to.entry.starts <= to.entry.deliveries,
      'verify 49: what is dead has a letter, and one only': ({ to }) =>
        to.entry.name !== 'dead' || to.letters === 1,
      'verify 50: nobody loses it who was heard of within minIdle': ({ from, to, input }) =>
        !(input.kind === 'claim' || input.kind === 'republish') ||
        to.entry === from.entry ||
        (from.entry.name === 'pending' && from.now - from.entry.heardAt >= rules.minIdle),
      'verify 51: a claim begins a new period of silence': ({ from, to, input }) =>
        input.kind !== 'claim' ||
        to.entry === from.entry ||
        (to.entry.name === 'pending' && to.entry.heardAt === to.now),
      'nothing waits longer than it has to, or comes sooner': ({ from, to, input }) =>
        input.kind !== 'promote' ||
        (from.entry.name === 'due' && from.entry.dueAt <= from.now
          ? to.entry.name === 'waiting'
          : to.entry === from.entry),
      'only what waits is handed out by a fetch': ({ from, to, input }) =>
        (input.kind !== 'fetch' && input.kind !== 'fetchLost') ||
        to.entry === from.entry ||
        from.entry.name === 'waiting',
      'at most one hand-out is current': ({ to }) => to.beliefs.filter(({ current }) => current).length <= 1,
    },
    goals: {
      'verify 47: it can always come to its end, whatever died': { reached: isOver },
      'verify 52: it can come to its end without a worker that never says a word again': {
        reached: isOver,
        using: (move) => !('who' in move) || move.who !== 'A',
      },
    },
    sometimes: {
      'a zombie is refused': (step) => asHolder(step)?.current === false && step.to.outcome === 'lost',
      'an acknowledgement whose answer was lost is repeated': ({ from, to, input }) =>
        from.entry.name === 'acknowledged' && input.kind === 'acknowledge' && to.outcome === 'lost',
      'a task is claimed from the silent': ({ input, to }) => input.kind === 'claim' && to.outcome === 'done',
      'an owner takes over from itself': ({ input, from, to }) =>
        input.kind === 'claim' &&
        to.outcome === 'done' &&
        from.entry.name === 'pending' &&
        from.entry.owner === input.who,
      'poison is buried by the reaper': ({ input, to }) =>
        input.kind === 'bury' && input.who === 'R' && to.outcome === 'done',
      'a letter is written again, since somebody died in between': ({ to }) => to.lettersTried === 2,
      'a hand-out is lost on the way and found': ({ input, to }) =>
        input.kind === 'reconcile' && to.outcome === 'done',
    },
    show: (move) => Object.values(move).join(' '),
  }
}
