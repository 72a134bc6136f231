/**
 * A process whose lanes fight for a few keys and print what they ask and what they are told, with times that all processes
 * share. First with a store that is wrong, then with the right one. Arguments: URL, prefix, number of this process, and for how many
 * milliseconds it uses each; with a sixth it kills itself in the middle of that operation of the right store.
 */
import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type ClaimRequest,
  type CompleteRequest,
  claimMachine,
  type IdempotencyStore,
  type Token,
} from '@seaworthy/idempotency'
import type { RecordInput, RecordOutput } from '@seaworthy/testing/conformance'
import { Redis } from 'ioredis'
// By file: whole packages take long to load, in four processes at once.
import { seededRandom } from '../../../testing/src/seeded-random.ts'
import { redisConnection } from '../../src/connection.ts'
import { redisIdempotency } from '../../src/idempotency.ts'

const [url = '', prefix = '', number = '0', wrongFor = '0', rightFor = '0', lastOperation] =
  process.argv.slice(2)
const lanes = 3
/** For so many milliseconds all lanes of all processes use the same few keys, then others: histories must stay short. */
const slot = 40
const keysInSlot = 2
const roundsInSlot = 2
const day = 86_400_000

// What ioredis sends twice is answered twice, and a history knows of one answer.
const client = new Redis(url, { autoResendUnfulfilledCommands: false })
client.on('error', () => {})
const random = seededRandom(`process ${number}`)
const print = (line: object): void => void writeSync(1, `${JSON.stringify(line)}\n`)
/** Monotonic, and the same clock in all processes of a machine. */
const nanoseconds = (): number => Number(process.hrtime.bigint())
const chance = (share: number): boolean => random() < share

/** What must not be done: reads, thinks, and writes. */
function naiveStore(): Pick<IdempotencyStore, 'claim' | 'renew' | 'complete' | 'forget'> {
  const step = async <T>(
    key: string,
    think: (record: claimMachine.IdempotencyRecord | undefined, now: number) => claimMachine.Step<T>,
  ): Promise<T> => {
    const place = `${prefix}naive:${key}`
    const text = await client.get(place)
    const { record, outcome } = think(
      text === null ? undefined : JSON.parse(text),
      performance.timeOrigin + performance.now(),
    )
    if (record === undefined) await client.del(place)
    else await client.set(place, JSON.stringify(record))
    return outcome
  }
  return {
    claim: (key, request) => step(key, (record, now) => claimMachine.claim(record, request, now)),
    renew: (key, request) => step(key, (record, now) => claimMachine.renew(record, request, now)),
    complete: (key, request) => step(key, (record, now) => claimMachine.complete(record, request, now)),
    forget: (key, fence) => step(key, (record, now) => claimMachine.forget(record, fence, now)),
  }
}

const redis = redisConnection(client, { commandTimeout: 300 })
type Store = ReturnType<typeof naiveStore>
let store: Store = naiveStore()
let phase = 'wrong'
let operations = 0

/** Prints before it asks, and after it was told. What may have been done without an answer stays open; what was not sent is taken back. */
async function observed<T extends RecordOutput>(
  key: string,
  input: RecordInput,
  ask: () => Promise<T>,
): Promise<T | undefined> {
  const id = `${phase}.${number}.${++operations}`
  const call = nanoseconds()
  print({ id, key, call, input })
  try {
    const answer = ask()
    if (phase === 'right' && operations === Number(lastOperation))
      setImmediate(() => process.kill(process.pid, 'SIGKILL'))
    const output = await answer
    print({ id, return: nanoseconds(), output })
    return output
  } catch (error) {
    const { reason } = error as { readonly reason?: string }
    if (reason === 'disconnected') print({ id, unsent: true })
    else if (input.type === 'claim') {
      const giveBack: RecordInput = { type: 'giveBack', owner: input.request.owner }
      print({ id: `${id}.back`, key, call, input: giveBack })
    }
    return undefined
  }
}

async function round(owner: string, key: string): Promise<void> {
  const request: ClaimRequest = { owner, fingerprint: '', lease: day, retain: day, takeover: chance(0.7) }
  const claim = await observed(key, { type: 'claim', request }, () => store.claim(key, request))
  if (claim === undefined) return
  if (claim.kind !== 'acquired' && claim.kind !== 'retried' && claim.kind !== 'recovered') {
    if (claim.kind === 'completed' || chance(0.1))
      await observed(key, { type: 'forget', fence: undefined }, () => store.forget(key))
    return
  }
  const token: Token = { owner, fence: claim.fence }
  if (chance(0.4)) await renew(key, token, day)
  if (chance(0.25)) await renew(key, token, 0)
  if (chance(0.1)) return
  const complete = (payload: string): Promise<unknown> => {
    const state = chance(0.5) ? 'retryable' : 'completed'
    const completion: CompleteRequest = { ...token, state, payload, ttl: day }
    return observed(key, { type: 'complete', request: completion }, () => store.complete(key, completion))
  }
  await complete(`of ${owner}`)
  if (chance(0.2)) await complete(`late of ${owner}`)
}

async function renew(key: string, token: Token, lease: number): Promise<void> {
  const request = { ...token, lease, retain: day }
  await observed(key, { type: 'renew', request }, () => store.renew(key, request))
}

async function lane(name: string, until: number): Promise<void> {
  for (let rounds = 0; performance.now() < until; rounds++) {
    const now = nanoseconds() / 1e6
    const current = Math.floor(now / slot)
    for (let i = 0; i < roundsInSlot && performance.now() < until; i++) {
      await round(`${name}.${rounds}.${i}`, `${phase}-${current}-${Math.floor(random() * keysInSlot)}`)
    }
    if (performance.now() < until) await sleep(Math.max(0, (current + 1) * slot - nanoseconds() / 1e6))
  }
}

async function play(milliseconds: number): Promise<void> {
  const until = performance.now() + milliseconds
  await Promise.all(Array.from({ length: lanes }, (_, i) => lane(`${phase}-${number}-${i}`, until)))
}

await client.ping()
print({ ready: true })
for await (const _ of process.stdin) break
await play(Number(wrongFor))
store = redisIdempotency({ redis, prefix, hints: false })
phase = 'right'
operations = 0
print({ right: true })
await play(Number(rightFor))
client.disconnect()
