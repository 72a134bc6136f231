/**
 * Random histories of a stream, against a model of another kind: a list of ids and where each of them must be. It
 * knows nothing of the machine.
 */
import { seededRandom, sometimes, VirtualClock } from '@seaworthy/testing'
import { type Delivery, type MemoryStream, memoryStream } from '@seaworthy/worker'
import fc from 'fast-check'
import { expect, it } from 'vitest'

const minIdle = 1000

interface Place {
  at: 'waiting' | 'pending' | 'due' | 'acknowledged' | 'dead'
  owner?: string
  receipt?: string
  heardAt: number
  dueAt: number
  /** When it became due, among all others. */
  order: number
  deliveries: number
}

interface Real {
  readonly stream: MemoryStream
  readonly clock: VirtualClock
}

/** The model: every id that was published, and every receipt that anybody ever got. */
interface Model {
  readonly places: Map<string, Place>
  readonly receipts: { owner: string; receipt: string; entry: string }[]
  now: number
  made: number
  steps: number
}

const seen = sometimes([
  'handed out',
  'acknowledged',
  'refused a zombie',
  'retried',
  'handed back',
  'buried',
  'claimed',
  'republished',
  'promoted',
  'found what got lost',
  'spared what is alive',
])

type Command = fc.AsyncCommand<Model, Real>

const owners = ['A', 'B', 'C'] as const

/** Every id is in one place, and the stream agrees on how many are where. */
async function check(model: Model, { stream }: Real): Promise<void> {
  const count = (at: Place['at']): number =>
    [...model.places.values()].filter((place) => place.at === at).length
  const stats = await stream.stats()
  expect(stats.enqueued).toBe(model.places.size)
  for (const at of ['waiting', 'pending', 'due', 'acknowledged', 'dead'] as const)
    expect([at, stats[at]]).toEqual([at, count(at)])
}

function command(name: string, run: (model: Model, real: Real) => Promise<void>): Command {
  return {
    check: () => true,
    run: async (model, real) => {
      await run(model, real)
      await check(model, real)
    },
    toString: () => name,
  }
}

/** Notes that deliveries were handed to `owner`, and that each was in a place where that may happen. */
function handOut(model: Model, owner: string, deliveries: readonly Delivery[], from: Place['at']): void {
  for (const { entry, receipt, deliveries: count } of deliveries) {
    const place = model.places.get(entry) as Place
    expect(place.at).toBe(from)
    expect(count).toBe(place.deliveries + 1)
    expect(model.receipts.some((known) => known.receipt === receipt)).toBe(false)
    model.places.set(entry, {
      ...place,
      at: 'pending',
      owner,
      receipt,
      heardAt: model.now,
      deliveries: count,
    })
    model.receipts.push({ owner, receipt, entry })
  }
}

const publish = (delay: number): Command =>
  command(`publish ${delay}`, async (model, { stream }) => {
    await stream.enqueue({ payload: '', delay })
    // The stream numbers its entries; the model only has to find them again.
    const entry = String(++model.made)
    const at = delay > 0 ? 'due' : 'waiting'
    model.places.set(entry, { at, heardAt: 0, dueAt: model.now + delay, order: model.steps++, deliveries: 0 })
  })

const fetch = (owner: string, count: number): Command =>
  command(`fetch ${owner} ${count}`, async (model, { stream }) => {
    const waiting = [...model.places.values()].filter(({ at }) => at === 'waiting').length
    const got = await stream.fetch(owner, { count, wait: 0 })
    expect(got).toHaveLength(Math.min(count, waiting))
    handOut(model, owner, got, 'waiting')
    if (got.length > 0) seen.mark('handed out')
  })

type Ending = 'acknowledge' | 'retryLater' | 'handBack' | 'bury' | 'beat'

/** Somebody uses any receipt that was ever handed out, good or not. */
const use = (how: Ending, index: number, delay: number, thief: boolean): Command =>
  command(`${how} ${index}${thief ? ' by another' : ''}`, async (model, { stream }) => {
    const known = model.receipts[index % Math.max(1, model.receipts.length)]
    if (known === undefined) return
    const { receipt, entry } = known
    const owner = thief ? (owners.find((each) => each !== known.owner) as string) : known.owner
    const place = model.places.get(entry) as Place
    const holds = place.at === 'pending' && place.receipt === receipt && place.owner === owner
    const postponement = { delay, reason: 'test' }
    const lost =
      how === 'acknowledge'
        ? (await stream.acknowledge(owner, [receipt])).length > 0
        : how === 'beat'
          ? (await stream.beat(owner, [receipt], [receipt])).length > 0
          : how === 'handBack'
            ? (await stream.handBack(owner, [receipt], postponement)).length > 0
            : how === 'bury'
              ? (await stream.bury(owner, receipt, { reason: 'test', letter: undefined })) === 'lost'
              : (await stream.retryLater(owner, receipt, postponement)) === 'lost'
    expect(lost).toBe(!holds)
    if (!holds) return seen.mark('refused a zombie')
    const at = delay > 0 ? 'due' : 'waiting'
    const back = { at, heardAt: 0, dueAt: model.now + delay, order: model.steps++ } as const
    if (how === 'beat') model.places.set(entry, { ...place, heardAt: model.now })
    else if (how === 'acknowledge') model.places.set(entry, { ...place, at: 'acknowledged' })
    else if (how === 'bury') model.places.set(entry, { ...place, at: 'dead' })
    else if (how === 'handBack') model.places.set(entry, { ...back, deliveries: place.deliveries - 1 })
    else model.places.set(entry, { ...back, deliveries: 0 })
    if (how !== 'beat')
      seen.mark(
        (
          {
            acknowledge: 'acknowledged',
            bury: 'buried',
            handBack: 'handed back',
            retryLater: 'retried',
          } as const
        )[how],
      )
  })

const reap = (owner: string, mode: 'claim' | 'republish', count: number): Command =>
  command(`reap ${owner} ${mode}`, async (model, { stream }) => {
    const pending = [...model.places.values()].filter(({ at }) => at === 'pending')
    const stale = pending.filter(({ heardAt }) => model.now - heardAt >= minIdle).length
    const limits = { suspectAfter: 100, maxStarts: 100, maxDeliveries: 100, suspects: 100 }
    const { claimed, poison, republished } = await stream.reap(owner, {
      ...limits,
      minIdle,
      count,
      mode,
      cursor: '',
    })
    expect(poison).toEqual([])
    expect(claimed.length + republished).toBe(Math.min(count, stale))
    if (pending.length > stale) seen.mark('spared what is alive')
    for (const { entry } of claimed)
      expect(model.now - (model.places.get(entry) as Place).heardAt).toBeGreaterThanOrEqual(minIdle)
    handOut(model, owner, claimed, 'pending')
    if (claimed.length > 0) seen.mark('claimed')
    if (republished === 0) return
    seen.mark('republished')
    // Which ones it took is for the stream to say: those that nobody holds any more.
    const candidates = [...model.places].filter(
      ([, { at, heardAt }]) => at === 'pending' && model.now - heardAt >= minIdle,
    )
    let left = republished
    for (const [entry, place] of candidates) {
      const { owner: by, receipt } = place as { owner: string; receipt: string }
      const gone = (await stream.beat(by, [receipt], [])).length > 0
      if (gone) {
        left--
        model.places.set(entry, { ...place, at: 'waiting' })
      } else model.places.set(entry, { ...place, heardAt: model.now })
    }
    expect(left).toBe(0)
  })

const promote = (limit: number): Command =>
  command(`promote ${limit}`, async (model, { stream }) => {
    const due = [...model.places]
      .filter(([, { at, dueAt }]) => at === 'due' && dueAt <= model.now)
      .sort(([, left], [, right]) => left.dueAt - right.dueAt || left.order - right.order)
    const { promoted } = await stream.promote(limit)
    expect(promoted).toBe(Math.min(limit, due.length))
    for (const [entry, place] of due.slice(0, promoted)) model.places.set(entry, { ...place, at: 'waiting' })
    if (promoted > 0) seen.mark('promoted')
  })

/** An owner that knows of nothing asks what it holds. */
const reconcile = (owner: string): Command =>
  command(`reconcile ${owner}`, async (model, { stream }) => {
    const mine = [...model.places].filter(([, place]) => place.at === 'pending' && place.owner === owner)
    const found = await stream.reconcile(owner, [], { idle: 0, limit: 1000 })
    expect(found.map(({ receipt }) => receipt).sort()).toEqual(mine.map(([, { receipt }]) => receipt).sort())
    for (const [entry, place] of mine) model.places.set(entry, { ...place, heardAt: model.now })
    if (found.length > 0) seen.mark('found what got lost')
  })

const pass = (time: number): Command =>
  command(`pass ${time}`, async (model, { clock }) => {
    await clock.advance(time)
    model.now += time
  })

it('verify 47, 48, 50, 51: every task is in exactly one place after every step, whatever happens', async () => {
  const owner = fc.constantFrom(...owners)
  const delay = fc.constantFrom(0, 0, 1, 500)
  const commands = [
    delay.map(publish),
    delay.map(publish),
    fc.tuple(owner, fc.integer({ min: 1, max: 3 })).map(([who, count]) => fetch(who, count)),
    fc
      .tuple(
        fc.constantFrom<Ending>('acknowledge', 'retryLater', 'handBack', 'bury', 'beat'),
        fc.nat(40),
        delay,
        fc.integer({ min: 0, max: 5 }).map((draw) => draw === 0),
      )
      .map((given) => use(...given)),
    fc
      .tuple(owner, fc.constantFrom('claim' as const, 'republish' as const), fc.integer({ min: 1, max: 3 }))
      .map((given) => reap(...given)),
    fc.integer({ min: 1, max: 3 }).map(promote),
    owner.map(reconcile),
    fc.constantFrom(1, minIdle - 1, minIdle, minIdle + 1).map(pass),
  ]
  await fc.assert(
    fc.asyncProperty(fc.commands(commands, { size: '+1' }), async (history) => {
      const clock = new VirtualClock()
      const stream = memoryStream({ clock, random: seededRandom(1), auditLimit: 0 })
      const model: Model = { places: new Map(), receipts: [], now: 0, made: 0, steps: 0 }
      await fc.asyncModelRun(() => ({ model, real: { stream, clock } }), history)
    }),
    { numRuns: 300, seed: 53 },
  )
  seen.verify()
})
