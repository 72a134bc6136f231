import { InvalidOptionError } from '@seaworthy/core'
import { aesGcm, type DeadLetterStore, memoryDeadLetters } from '@seaworthy/dead-letter'
import { VirtualClock } from '@seaworthy/testing'
import { newLetter } from '@seaworthy/testing/conformance'
import { describe, expect, it } from 'vitest'
import { byActor, MemoryLetters } from '../src/memory-letters.ts'
import { failure, toy, withHooks } from './toys.ts'

describe('memory', () => {
  it('drops no letter for one that it then refuses', () => {
    const rules = {
      maxCount: 4,
      overflow: 'drop-oldest' as const,
      maxSettled: 10,
      maxAudit: 10,
      clock: new VirtualClock(),
      origin: 0,
    }
    const letters = new MemoryLetters(rules)
    const ids = Array.from({ length: 4 }, () => letters.add(newLetter(), 0).id)
    for (const id of ids.slice(1))
      letters.take(letters.entry(id), { type: 'claim', lease: letters.newLease('a', 9, 0) }, 0, byActor('a'))
    // The limit was lowered. Three are held, so even without the one that is dead there is no room.
    rules.maxCount = 3
    expect(letters.makeRoom(0)).toBeUndefined()
    expect(letters.size).toBe(4)
    rules.maxCount = 4
    expect(letters.makeRoom(0)).toMatchObject([{ id: ids[0], cause: 'overflow' }])
    expect(letters.size).toBe(3)
    expect(letters.makeRoom(0)).toEqual([])
  })

  it('adds in one go, as a stream in the same memory needs it', () => {
    const store = memoryDeadLetters({ maxCount: 1, clock: new VirtualClock() })
    expect(store.addNow?.(newLetter({ dedupeKey: 'a' }))).toMatchObject({ outcome: 'added' })
    expect(store.addNow?.(newLetter({ dedupeKey: 'a' }))).toMatchObject({ outcome: 'duplicate' })
    expect(store.addNow?.(newLetter())).toMatchObject({ outcome: 'full' })
  })
})

describe('a prepared letter', () => {
  it('is what add would store: named, redacted, encoded, and not stored', async () => {
    const { queue, store, types } = toy({
      redact: ({ message, error }) => ({
        message: { ...(message as object), card: '***' },
        error,
        config: 1,
      }),
    })
    const prepared = await queue.prepare(
      { to: 'ada', card: '4111' },
      failure('slow', { code: 'ETIMEDOUT' }),
      {
        type: 'mail',
        dedupeKey: 'k',
      },
    )
    expect(prepared.letter).toMatchObject({
      type: 'mail',
      failure: 'timeout',
      dedupeKey: 'k',
      actor: 'worker-1',
    })
    expect(JSON.parse(prepared.letter.payload)).toEqual({ message: { to: 'ada', card: '***' }, config: 1 })
    expect([(await queue.stats()).dead, types()]).toEqual([0, []])
    // Who stores it says so, and the queue tells and counts as if it had stored it.
    const id = prepared.stored(await store.add(prepared.letter))
    expect(prepared.stored(await store.add(prepared.letter))).toBe(id)
    expect(types()).toEqual(['added', 'duplicate'])
    expect(await queue.lookup('k')).toBe(id)
    expect(await queue.lookup('j')).toBeUndefined()
    expect((await queue.view(id, { actor: 'ada' }))?.message).toEqual({ to: 'ada', card: '***' })
    await queue.close()
  })

  it('that finds no room is refused, again and again, until there is some', async () => {
    const { queue, store, types } = toy({}, { maxCount: 1 })
    const blocking = await queue.add(1, new Error('x'))
    const { letter, stored } = await queue.prepare(2, new Error('y'))
    for (let i = 0; i < 2; i++) {
      const answer = await store.add(letter)
      expect(() => stored(answer)).toThrow('No room for another dead letter')
    }
    expect(types()).toEqual(['added', 'refused', 'refused'])
    await queue.discard(blocking, { actor: 'ada' })
    expect(stored(await store.add(letter))).toMatch(letter.token)
    await queue.close()
  })

  it('that cannot be written is none', async () => {
    const { queue, types } = toy({ maxPayload: 10 })
    await expect(queue.prepare('a long message', new Error('x'))).rejects.toMatchObject({
      code: 'ERR_DEAD_LETTER_UNSTORABLE',
    })
    expect(types()).toEqual([])
    await queue.close()
  })

  it('has no lookup where the store has none', async () => {
    const without = { lookup: undefined } as object as Partial<DeadLetterStore>
    const { queue } = toy({}, {}, (store) => withHooks(store, {}, without))
    expect(await queue.lookup('k')).toBeUndefined()
    await queue.close()
  })
})

describe('a codec that keeps types', () => {
  /** Shaped as `taggedJson` of `@seaworthy/idempotency`: no token. */
  const dates = {
    encode: (value: unknown): string =>
      JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? { $: String(each) } : each)),
    decode: (text: string): unknown =>
      JSON.parse(text, (_, each: { $?: string } | null) => (each?.$ === undefined ? each : BigInt(each.$))),
  }

  it('can be given as it is, and inside of an encryption', async () => {
    for (const codec of [dates, aesGcm({ keys: { k: Buffer.alloc(32) }, current: 'k', codec: dates })]) {
      const { queue } = toy({ codec })
      const id = await queue.add({ total: 12n }, new Error('x'))
      expect((await queue.view(id, { actor: 'ada' }))?.message).toEqual({ total: 12n })
      await queue.close()
    }
    expect(() => aesGcm({ keys: { k: Buffer.alloc(32) }, current: 'k', codec: {} as never })).toThrow(
      InvalidOptionError,
    )
  })
})
