/** Random histories of one client: every letter is in exactly one place, whatever happens. */
import type { LetterState } from '@seaworthy/dead-letter'
import { sometimes } from '@seaworthy/testing'
import { expect } from 'expect'
import fc from 'fast-check'
import { assertUntilSeen } from '../until-seen.ts'
import {
  ada,
  type DeadLetterStoreOptions,
  type Hands,
  handsOn,
  leaseFor,
  newLetter,
  retryBy,
} from './under-test.ts'

type Create = DeadLetterStoreOptions['create']

/** The model is a list of facts: where each letter was seen last, and who holds it. */
interface Model {
  readonly states: Map<string, LetterState | 'removed'>
  readonly holders: { readonly id: string; readonly fence: number }[]
  readonly published: string[]
}

type Command = fc.AsyncCommand<Model, Hands>

const states: readonly LetterState[] = ['dead', 'leased', 'replaying', 'replayed', 'resolved', 'discarded']

/** @param runs - How many histories. */
export async function conserves(create: Create, runs: number, seed: number): Promise<void> {
  const seen = sometimes([
    'added',
    'full',
    'claimed',
    'took over',
    'settled',
    'stale',
    'began to replay',
    'replayed',
    'discarded',
    'trimmed',
    'lapsed',
  ])
  const pick = (list: readonly string[], at: number): string | undefined =>
    list[at % Math.max(1, list.length)]
  const command = (name: string, run: (model: Model, hands: Hands) => Promise<void>): Command => ({
    check: () => true,
    async run(model, hands) {
      await run(model, hands)
      await sameAsModel(model, hands)
    },
    toString: () => name,
  })
  const adding = fc.constantFrom(undefined, 0, 300).map((dueIn) =>
    command(`add(${dueIn})`, async ({ states: known }, { store }) => {
      const result = await store.add(newLetter({ dueIn }))
      if (result.outcome === 'added') known.set(result.id, 'dead')
      seen.mark(result.outcome === 'full' ? 'full' : 'added')
    }),
  )
  const claiming = fc
    .record({ limit: fc.integer({ min: 1, max: 3 }), dueOnly: fc.boolean() })
    .map((request) =>
      command(`claim(${request.limit}, ${request.dueOnly})`, async (model, { claim }) => {
        const { letters, fence } = await claim(request)
        for (const { id, state } of letters) {
          seen.mark(model.states.get(id) === 'dead' ? 'claimed' : 'took over')
          model.states.set(id, state)
          model.holders.push({ id, fence })
        }
      }),
    )
  const settling = fc
    .record({
      at: fc.nat(20),
      outcome: fc.constantFrom('resolved', 'discarded', 'returned', 'replay', 'replayed', 'failed'),
      dueIn: fc.constantFrom(undefined, 0),
    })
    .map(({ at, ...settlement }) =>
      command(`settle(${at}, ${settlement.outcome})`, async (model, { store, settle }) => {
        const holder = model.holders[at % Math.max(1, model.holders.length)]
        if (holder === undefined) return
        const { id, fence } = holder
        const answer = await settle(id, fence, settlement)
        const was = model.states.get(id)
        if (answer !== 'done') return seen.mark('stale')
        const state = (await store.get(id))?.state
        if (state === was) return
        seen.mark('settled')
        if (state !== undefined) model.states.set(id, state)
        if (state === 'replayed') {
          seen.mark('replayed')
          model.published.push(id)
        }
      }),
    )
  const retrying = fc.nat(20).map((at) =>
    command(`retry(${at})`, async (model, { store }) => {
      const id = pick([...model.states.keys()], at)
      if (id === undefined) return
      const result = await store.retry(id, retryBy('ada'))
      if (result.outcome === 'replayed') model.published.push(id)
      if (result.outcome !== 'replaying' && result.outcome !== 'replayed') return
      seen.mark('began to replay')
      model.states.set(id, result.outcome)
      if (result.outcome === 'replaying') model.holders.push({ id, fence: result.fence })
    }),
  )
  const discarding = fc.nat(20).map((at) =>
    command(`discard(${at})`, async (model, { store }) => {
      const id = pick([...model.states.keys()], at)
      if (id === undefined || (await store.discard(id, ada)).outcome !== 'discarded') return
      seen.mark('discarded')
      model.states.set(id, 'discarded')
    }),
  )
  const trimming = fc
    .record({ keep: fc.constantFrom(undefined, 3), settledBefore: fc.constantFrom(undefined, 400) })
    .map((request) =>
      command(`trim(${request.keep}, ${request.settledBefore})`, async (model, { store, trim }) => {
        const { removed, lapsed } = await trim(request)
        if (lapsed > 0) {
          seen.mark('lapsed')
          for (const [id, state] of model.states) {
            if (state === 'leased') model.states.set(id, (await store.get(id))?.state ?? 'dead')
          }
        }
        for (const { id } of removed) {
          seen.mark('trimmed')
          model.states.set(id, 'removed')
        }
      }),
    )
  const waiting = fc
    .constantFrom(1, leaseFor - 1, leaseFor)
    .map((time) => command(`wait(${time})`, async (_model, { advance }) => advance(time)))
  const commands = [adding, claiming, settling, settling, retrying, discarding, trimming, waiting]
  await assertUntilSeen(
    seen,
    fc.asyncProperty(fc.commands(commands, { size: '+1' }), async (history) => {
      const under = await create({ maxCount: 6, overflow: 'refuse' })
      try {
        const model: Model = { states: new Map(), holders: [], published: [] }
        await fc.asyncModelRun(() => ({ model, real: handsOn(under) }), history)
        // Nothing was published twice.
        expect(new Set(model.published).size).toBe(model.published.length)
      } finally {
        await under.close?.()
      }
    }),
    { numRuns: runs, seed },
  )
}

async function sameAsModel(model: Model, { store, all }: Hands): Promise<void> {
  // All at once, since a round trip to a real server takes its time; nothing changes meanwhile.
  const [counts, ...found] = await Promise.all([store.counts(), ...states.map((state) => all(state))])
  const everywhere = states.map((state, at) => ({ state, ids: found[at], count: counts[state] }))
  const expected = states.map((state) => {
    const ids = [...model.states].filter(([, known]) => known === state).map(([id]) => id)
    return { state, ids: ids.sort(), count: ids.length }
  })
  // One comparison, since each takes its time, and there are many.
  expect(everywhere).toEqual(expected)
  const open = counts.dead + counts.leased + counts.replaying
  expect(open).toBeLessThanOrEqual(6)
}
