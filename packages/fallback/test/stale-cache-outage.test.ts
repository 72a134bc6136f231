import type { Random } from '@seaworthy/core'
import { seededRandom, VirtualClock } from '@seaworthy/testing'
import { describe, expect, it } from 'vitest'
import { staleCache } from '../src/index.ts'

/** Draws keys as people do: the second is asked for half as often as the first, the third a third as often. */
function zipf(keys: number, random: Random): () => number {
  const sums: number[] = []
  for (let rank = 1; rank <= keys; rank++) sums.push((sums.at(-1) ?? 0) + 1 / rank)
  const total = sums.at(-1) as number
  return () => {
    const target = random() * total
    return sums.findIndex((sum) => target < sum)
  }
}

interface Row {
  readonly key: number
  readonly readAt: number
}

/** A database that can be down. */
class Database {
  down = false
  readonly #clock: VirtualClock

  constructor(clock: VirtualClock) {
    this.#clock = clock
  }

  read(key: number): Row {
    if (this.down) throw Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' })
    return { key, readAt: this.#clock.now() }
  }
}

const ttl = 30_000
const staleFor = 3_600_000
const reads = 10_000

/** Reads 10,000 rows while the database is up, as many while it is down, and as many when it is up again. */
async function outage(seed: number, max: number) {
  const clock = new VirtualClock()
  const database = new Database(clock)
  const cache = staleCache({ ttl, staleFor, max, clock })
  const draw = zipf(1000, seededRandom(seed))
  const wrong: string[] = []
  const check = (what: string, fine: boolean): unknown => fine || wrong.push(what)

  const readMany = async (each: (row: Row | undefined) => void): Promise<void> => {
    for (let done = 0; done < reads; done++) {
      if (done % 10 === 0) await clock.advance(600)
      const key = draw()
      const result = await cache.settle(() => database.read(key), { key: String(key) })
      const row = result.status === 'fulfilled' ? result.value : undefined
      check('a row of another key', row === undefined || row.key === key)
      each(row)
    }
  }

  await readMany((row) => check('no answer though the database is up', row !== undefined))
  const downSince = clock.now()
  database.down = true
  let answered = 0
  await readMany((row) => {
    if (row === undefined) return
    answered++
    check('an answer from nowhere', row.readAt <= downSince)
    check('a dead answer', clock.now() - row.readAt < ttl + staleFor)
  })
  const upSince = clock.now()
  database.down = false
  await readMany((row) => {
    check('no answer though the database is up again', row !== undefined)
    check('a stale answer', row !== undefined && clock.now() - row.readAt < ttl)
    if (clock.now() >= upSince + ttl)
      check('an answer from before the outage', row !== undefined && row.readAt >= upSince)
  })
  check('more answers than room', cache.size <= max)
  return { wrong, rate: answered / reads }
}

describe('E4: an outage of ten minutes with 1000 keys under a Zipf distribution', () => {
  it.each([1, 2])(
    'is answered by more than four fifths from memory with room for half of the keys (seed %i)',
    async (seed) => {
      const { wrong, rate } = await outage(seed, 500)
      expect(wrong).toEqual([])
      expect(rate).toBeGreaterThan(0.8)
      expect(rate).toBeLessThan(1)
    },
  )

  it('is answered by nearly all with room for every key', async () => {
    const { wrong, rate } = await outage(3, 1000)
    expect(wrong).toEqual([])
    expect(rate).toBeGreaterThan(0.95)
  })
})
