/**
 * Workers under load while the network between them and the server breaks, the server forgets its scripts, or starts again. One worker sits
 * behind the network that breaks, the other beside the server.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { deadLetters } from '@seaworthy/dead-letter'
import {
  type RedisConnection,
  redisConnection,
  redisDeadLetters,
  redisIdempotency,
  redisStream,
} from '@seaworthy/redis'
import { type RedisServer, startRedis, type TcpProxy, tcpProxy } from '@seaworthy/testing/servers'
import { type TaskContext, worker } from '@seaworthy/worker'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, type ExpectStatic, it, vi } from 'vitest'

interface Fault {
  readonly fault: string
  /** Milliseconds between two goes, and how many there are. */
  readonly every: number
  readonly times: number
  /** Whether calls fail while it lasts. */
  readonly felt?: true
  readonly strike: (network: TcpProxy, server: RedisServer, client: Redis) => unknown
}

const once = { every: 2500, times: 1, felt: true } as const
const networkFaults: readonly Fault[] = [
  { fault: 'nothing gets through', ...once, strike: (network) => network.stall() },
  { fault: 'requests do not get through', ...once, strike: (network) => network.stall('up') },
  { fault: 'answers do not get through', ...once, strike: (network) => network.stall('down') },
  { fault: 'requests are swallowed', ...once, strike: (network) => network.drop('up') },
  { fault: 'answers are swallowed', ...once, strike: (network) => network.drop('down') },
  { fault: 'connections are refused', ...once, strike: (network) => network.refuse() },
  { fault: 'connections are cut', every: 150, times: 15, strike: (network) => network.cut() },
  { fault: 'connections are reset', every: 150, times: 15, strike: (network) => network.reset() },
  { fault: 'single answers are lost', every: 60, times: 40, strike: (network) => network.dropNextReply() },
  {
    fault: 'everything takes its time',
    every: 2500,
    times: 1,
    strike: (network) => network.latency(150, 100),
  },
]
const serverFaults: readonly Fault[] = [
  {
    fault: 'the server forgets its scripts',
    every: 20,
    times: 125,
    strike: (_, __, client) => client.script('FLUSH'),
  },
  { fault: 'the server starts again', every: 1200, times: 2, strike: (_, server) => server.restart() },
  {
    fault: 'the server hangs',
    every: 1500,
    times: 2,
    felt: true,
    async strike(_, server) {
      server.pause()
      await sleep(1000)
      server.resume()
    },
  },
]

const commandTimeout = 400
/** For a machine that is busy with all of this at once. */
const slack = 3000
const patiently = <T>(look: () => Promise<T>): Promise<T> =>
  vi.waitFor(look, { timeout: 40_000, interval: 50 })

function connect(port: number, password: string): Redis {
  const client = new Redis(port, '127.0.0.1', { password, retryStrategy: () => 50 })
  client.on('error', () => {})
  return client
}

/** Effects that ask for the fence, in memory. */
class Effects {
  readonly #fences = new Map<string, number>()
  readonly applied = new Map<string, number>()
  refused = 0

  begin(task: string, fence: number): void {
    if (fence < (this.#fences.get(task) ?? 0)) this.#refuse()
    this.#fences.set(task, fence)
  }

  apply(task: string, fence: number): void {
    if (fence < (this.#fences.get(task) as number)) this.#refuse()
    if (this.applied.has(task)) this.refused++
    else this.applied.set(task, fence)
  }

  #refuse(): never {
    this.refused++
    throw new Error('superseded')
  }
}

/** Calls through the network that breaks, all the time: how long the longest took, and how many failed. */
function probe(redis: RedisConnection, queue: string) {
  const records = redisIdempotency({ redis, prefix: `probe:${queue}:`, hints: false })
  let over = false
  let [longest, failed] = [0, 0]
  const one = async (call: () => Promise<unknown>): Promise<void> => {
    const began = performance.now()
    await call().catch(() => void failed++)
    longest = Math.max(longest, performance.now() - began)
  }
  const request = { fingerprint: '', lease: 100, retain: 1000, takeover: true }
  const loop = async (): Promise<void> => {
    for (let turn = 0; !over; turn++) {
      await one(() => records.claim('key', { owner: `o${turn}`, ...request }))
      await one(() => records.peek('key'))
      await sleep(10)
    }
    records.close()
  }
  const ended = loop()
  return {
    async stop() {
      over = true
      await ended
      return { longest, failed }
    },
  }
}

async function strikeUnderLoad(
  server: RedisServer,
  { every, times, felt, strike }: Fault,
  expect: ExpectStatic,
) {
  await using network = await tcpProxy({ target: server })
  const name = randomUUID()
  const near = connect(server.port, server.password)
  const far = connect(network.port, server.password)
  const effects = new Effects()
  const parts = [near, far].map((client) => {
    const redis = redisConnection(client, { commandTimeout })
    const stream = redisStream({ redis, name, auditLimit: 0 })
    const records = redisIdempotency({ redis, queue: name, hints: false })
    const letters = deadLetters({ store: redisDeadLetters({ redis, name }) })
    const hands = worker({
      stream,
      deadLetters: letters,
      idempotency: { store: records },
      concurrency: 10,
      heartbeat: 400,
      minIdle: 1500,
      interval: 100,
      maxStarts: 100,
      maxDeliveries: 200,
      suspectAfter: Number.POSITIVE_INFINITY,
      retries: { attempts: 100, delay: 20 },
      handler: async (take: number, { task, fence }: TaskContext) => {
        effects.begin(task, fence as number)
        await sleep(take)
        effects.apply(task, fence as number)
      },
    })
    return { redis, stream, records, letters, hands }
  })
  const [beside] = parts as [(typeof parts)[0]]
  const [, behind] = parts as [unknown, (typeof parts)[0]]
  const probing = probe(behind.redis, name)
  for (const { hands } of parts) hands.start()

  const ids: string[] = []
  let striking = true
  const producing = (async () => {
    while (striking) {
      const batch = Array.from({ length: 10 }, (_, index) => `t${ids.length + index}`)
      const tasks = batch.map((id, index) => ({ id, payload: String(index % 3 === 0 ? 15 : 1) }))
      ids.push(...batch)
      // Under the same ids until it is done: what was done without an answer is there twice, and runs once.
      while (!(await beside.stream.enqueueMany(tasks).catch(() => undefined))) await sleep(50)
      await sleep(25)
    }
  })()
  await sleep(300)
  for (let time = 0; time < times; time++) {
    await strike(network, server, near)
    await sleep(every)
  }
  network.heal()
  striking = false
  await producing

  await patiently(async () => {
    const { waiting, pending, due } = await beside.stream.stats()
    expect(waiting + pending + due).toBe(0)
  })
  const { enqueued, acknowledged, dead, vanished } = await beside.stream.stats()
  expect({ dead, vanished, acknowledged }).toEqual({ dead: 0, vanished: 0, acknowledged: enqueued })
  expect(ids.filter((id) => !effects.applied.has(id))).toEqual([])
  expect(effects.applied.size).toBe(ids.length)
  // The one behind the network is back as well.
  await patiently(() => behind.stream.stats())
  const { longest, failed } = await probing.stop()
  expect(longest).toBeLessThan(commandTimeout + slack)
  if (felt) expect(failed, 'calls that failed').toBeGreaterThan(0)

  for (const { hands, stream, records, letters, redis } of parts) {
    await hands.close()
    await letters.close()
    await stream.close()
    records.close()
    expect(Object.values(hands.debugStats()).filter((count) => count !== 0)).toEqual([])
    expect(stream.debugStats()).toEqual({ fetching: 0, connections: 0, handedOut: 0 })
    expect(redis.debugStats()).toEqual({ pending: 0, listeners: 0 })
    await patiently(async () =>
      expect(records.debugStats()).toEqual({ waiting: 0, listeners: 0, unanswered: 0 }),
    )
  }
  for (const client of [near, far]) client.disconnect()
}

const clientsOf = async (server: RedisServer): Promise<number> => {
  const client = connect(server.port, server.password)
  const list = String(await client.client('LIST'))
  client.disconnect()
  return list.trim().split('\n').length
}

const outcome = 'nothing is lost or done twice, every call ends in time, and all comes back by itself'

describe('under load, while', () => {
  let shared: RedisServer
  beforeAll(async () => {
    shared = await startRedis()
  })
  afterAll(() => shared.stop())

  it.concurrent.for(networkFaults)(`$fault: ${outcome}`, (fault, { expect }) =>
    strikeUnderLoad(shared, fault, expect),
  )

  it.concurrent.for(serverFaults)(`$fault: ${outcome}`, async (fault, { expect }) => {
    await using server = await startRedis({ persistence: 'everysec' })
    await strikeUnderLoad(server, fault, expect)
    await patiently(async () => expect(await clientsOf(server)).toBe(1))
  })

  it('no connection is left', async ({ expect }) => {
    await patiently(async () => expect(await clientsOf(shared)).toBe(1))
  })
})
