/** Stores of dead letters with a mistake in them. */
import type { TurnRequest } from '@seaworthy/dead-letter'
import { VirtualClock } from '@seaworthy/testing'
import type { DeadLetterStoreSetup, DeadLetterStoreUnderTest } from '../dead-letter/under-test.ts'

/** Looks whether a letter is dead, and then replays it: two who look at once both do. */
export async function lettersLookedAtFirst(setup: DeadLetterStoreSetup): Promise<DeadLetterStoreUnderTest> {
  const { store, ...under } = await memory(setup)
  const { retry } = store
  store.retry = async (id, request) => {
    const letter = await store.get(id)
    const result = await retry.call(store, id, request)
    if (letter?.state !== 'dead' || result.outcome !== 'already') return result
    const now = await store.get(id, { actor: request.actor, reason: undefined })
    return now === undefined ? result : { outcome: 'replaying', fence: 1, letter: now }
  }
  return { store, ...under }
}

/** Lets whoever comes settle a letter. */
export async function lettersOfAnybody(setup: DeadLetterStoreSetup): Promise<DeadLetterStoreUnderTest> {
  const { store, ...under } = await memory(setup)
  const { claim, settle } = store
  let last = 0
  store.claim = async (request) => {
    const claimed = await claim.call(store, request)
    last = claimed.fence
    return claimed
  }
  store.settle = (id, _fence, settlement) => settle.call(store, id, last, settlement)
  return { store, ...under }
}

/** Finds the first letter that had a key, instead of the last. */
export async function lettersFoundOnce(setup: DeadLetterStoreSetup): Promise<DeadLetterStoreUnderTest> {
  const { store, ...under } = await memory(setup)
  const { add } = store
  const first = new Map<string, string>()
  store.add = async (letter) => {
    const result = await add.call(store, letter)
    if (result.outcome === 'added' && letter.dedupeKey !== undefined && !first.has(letter.dedupeKey))
      first.set(letter.dedupeKey, result.id)
    return result
  }
  store.lookup = async (key) => {
    const id = first.get(key)
    return id !== undefined && (await store.get(id)) ? id : undefined
  }
  return { store, ...under }
}

/** Forgets the key of a letter that is settled. */
export async function lettersFoundUntilSettled(
  setup: DeadLetterStoreSetup,
): Promise<DeadLetterStoreUnderTest> {
  const { store, ...under } = await memory(setup)
  const { lookup } = store
  store.lookup = async (key) => {
    const id = await lookup?.call(store, key)
    const letter = id === undefined ? undefined : await store.get(id)
    return letter?.state === 'discarded' ? undefined : id
  }
  return { store, ...under }
}

/** Asks who has the turn, and then takes it: two who ask at once both do. */
export const turnsLookedAtFirst = (setup: DeadLetterStoreSetup): Promise<DeadLetterStoreUnderTest> =>
  withTurns(setup, async (request, right) => {
    const wait = await right(request)
    return right({ ...request, owner: wait === 0 ? request.owner : 'whoever has it' }).then(() => 0)
  })

/** Never takes a turn from who has it: with the process that has it dies the job. */
export const turnsWithoutEnd = (setup: DeadLetterStoreSetup): Promise<DeadLetterStoreUnderTest> =>
  withTurns(setup, (request, right) => right({ ...request, leaseFor: Number.MAX_SAFE_INTEGER / 2 }))

/** Lets whoever comes end a turn. */
export async function turnsEndedByAnybody(setup: DeadLetterStoreSetup): Promise<DeadLetterStoreUnderTest> {
  let owner = ''
  const under = await withTurns(setup, async (request, right) => {
    const wait = await right(request)
    if (wait === 0) owner = request.owner
    return wait
  })
  const { store } = under
  const { endTurn } = store
  store.endTurn = async (job, _owner, nextIn) => endTurn?.call(store, job, owner, nextIn)
  return under
}

/** Begins a turn whenever it is asked for. */
export const turnsBeforeTheirTime = (setup: DeadLetterStoreSetup): Promise<DeadLetterStoreUnderTest> =>
  withTurns(setup, (request, right) => right({ ...request, early: true }))

/** Has one turn for all jobs. */
export const turnsForAllJobs = (setup: DeadLetterStoreSetup): Promise<DeadLetterStoreUnderTest> =>
  withTurns(setup, (request, right) => right({ ...request, job: 'any' }))

async function withTurns(
  setup: DeadLetterStoreSetup,
  begin: (request: TurnRequest, right: (request: TurnRequest) => Promise<number>) => Promise<number>,
): Promise<DeadLetterStoreUnderTest> {
  const { store, ...under } = await memory(setup)
  const { beginTurn } = store
  const right = async (request: TurnRequest): Promise<number> => (await beginTurn?.call(store, request)) ?? 0
  store.beginTurn = (request) => begin(request, right)
  return { store, ...under }
}

async function memory(setup: DeadLetterStoreSetup): Promise<DeadLetterStoreUnderTest> {
  const { memoryDeadLetters } = await import('@seaworthy/dead-letter')
  const clock = new VirtualClock()
  return { store: memoryDeadLetters({ ...setup, clock }), advance: (time) => clock.advance(time) }
}
