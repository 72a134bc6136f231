/** Clients that claim the same keys, renew, end and forget, now and then too late. */
import type { ClaimRequest, CompleteRequest, IdempotencyStore, Token } from '@seaworthy/idempotency'
import { expectLinearizable, expectToHaveSeen, type Line } from '../history.ts'
import type { Client, Scenario } from '../scenario.ts'
import { type RecordInput, type RecordOutput, recordModel } from './record-model.ts'
import { day, freshKey } from './under-test.ts'

type Store = Pick<IdempotencyStore, 'claim' | 'renew' | 'complete' | 'forget'>
type RecordClient = Client<Store, RecordInput, RecordOutput>

const keysInTurn = 2

/** What any store answers now and then to so many clients. If it never did, nothing was tested. */
const wanted = ['acquired', 'retried', 'recovered', 'inFlight', 'completed', 'stored', 'renewed', 'forgotten']

/** Time does not matter in it: leases are long, or end at once. */
export const recordScenario: Scenario<Store, RecordInput, RecordOutput, string, null> = {
  prepare: async () => freshKey(),

  async round(client, turn, prefix) {
    const { store, recorder, random } = client
    const key = `${prefix}-${turn}-${Math.floor(random() * keysInTurn)}`
    const owner = client.newOwner()
    const request: ClaimRequest = {
      owner,
      fingerprint: '',
      lease: day,
      retain: day,
      takeover: random() < 0.7,
    }
    const input = { type: 'claim', request } as const
    const claim = await recorder.observe(key, input, () => store.claim(key, request), {
      type: 'giveBack',
      owner,
    })
    if (claim === undefined) return
    if (claim.kind === 'acquired' || claim.kind === 'retried' || claim.kind === 'recovered')
      await work(client, key, { owner, fence: claim.fence })
    else if (claim.kind === 'completed' || random() < 0.1)
      await recorder.observe(key, { type: 'forget', fence: undefined }, () => store.forget(key))
  },

  finish: async () => null,

  async verify(lines) {
    const { claimMachine } = await import('@seaworthy/idempotency')
    expectLinearizable(lines, recordModel(claimMachine))
    expectToHaveSeen(lines.flatMap(kindOf), wanted)
  },
}

async function work(client: RecordClient, key: string, token: Token): Promise<void> {
  const { store, recorder, random } = client
  const complete = (payload: string): Promise<unknown> => {
    const state = random() < 0.5 ? 'retryable' : 'completed'
    const request: CompleteRequest = { ...token, state, payload, ttl: day }
    return recorder.observe(key, { type: 'complete', request }, () => store.complete(key, request))
  }
  if (random() < 0.4) await renew(client, key, token, day)
  if (random() < 0.25) {
    await renew(client, key, token, 0)
    // Whoever comes next finds it abandoned.
    if (random() < 0.6) return
  }
  if (random() < 0.1) return
  await complete(`of ${token.owner}`)
  if (random() < 0.2) await complete(`late of ${token.owner}`)
}

async function renew(
  { store, recorder }: RecordClient,
  key: string,
  token: Token,
  lease: number,
): Promise<void> {
  const request = { ...token, lease, retain: day }
  await recorder.observe(key, { type: 'renew', request }, () => store.renew(key, request))
}

function kindOf(line: Line<RecordInput, RecordOutput>): readonly string[] {
  if (!('output' in line)) return []
  return [typeof line.output === 'object' ? line.output.kind : line.output]
}
