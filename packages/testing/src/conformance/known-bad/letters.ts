/** Stores of dead letters with a mistake in them. */
import { VirtualClock } from '@seaworthy/testing'
import type { DeadLetterStoreSetup, DeadLetterStoreUnderTest } from '../dead-letter/under-test.ts'

/** Looks whether a letter is dead, and then replays it: two who look at once both do. */
export async function lettersLookedAtFirst(setup: DeadLetterStoreSetup): Promise<DeadLetterStoreUnderTest> {
  const { memoryDeadLetters } = await import('@seaworthy/dead-letter')
  const clock = new VirtualClock()
  const store = memoryDeadLetters({ ...setup, clock })
  const { retry } = store
  store.retry = async (id, request) => {
    const letter = await store.get(id)
    const result = await retry.call(store, id, request)
    if (letter?.state !== 'dead' || result.outcome !== 'already') return result
    const now = await store.get(id, { actor: request.actor, reason: undefined })
    return now === undefined ? result : { outcome: 'replaying', fence: 1, letter: now }
  }
  return { store, advance: (time) => clock.advance(time) }
}

/** Lets whoever comes settle a letter. */
export async function lettersOfAnybody(setup: DeadLetterStoreSetup): Promise<DeadLetterStoreUnderTest> {
  const { memoryDeadLetters } = await import('@seaworthy/dead-letter')
  const clock = new VirtualClock()
  const store = memoryDeadLetters({ ...setup, clock })
  const { claim, settle } = store
  let last = 0
  store.claim = async (request) => {
    const claimed = await claim.call(store, request)
    last = claimed.fence
    return claimed
  }
  store.settle = (id, _fence, settlement) => settle.call(store, id, last, settlement)
  return { store, advance: (time) => clock.advance(time) }
}
