/** The conformance kits as tests, and what their upper levels need: processes that are killed, networks that break, servers that die. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type RedisConnection, redisConnection } from '@seaworthy/redis'
import {
  type BreakableStores,
  type ConformanceKit,
  type RegisterOptions,
  registerConformance,
  type SharedPlace,
} from '@seaworthy/testing/conformance'
import { redisForTests, startRedis, tcpProxy } from '@seaworthy/testing/servers'
import { Redis } from 'ioredis'
import { describe, it } from 'vitest'
import { nodeFlags } from '../../../tools/processes/start-process.ts'

/** Real time goes on by itself, so what lasts is waited for. */
export const advance = (milliseconds: number): Promise<void> => sleep(milliseconds + 2)

function clientOf(url: string): Redis {
  // What ioredis sends twice is answered twice, and a history knows of one answer.
  const client = new Redis(url, { autoResendUnfulfilledCommands: false, retryStrategy: () => 20 })
  client.on('error', () => {})
  return client
}

/** A store of one kind on a client, and how to close it. */
export type Make<Under, Setup> = (
  redis: RedisConnection,
  name: string,
  setup: Setup,
) => Under & { close(): Promise<void> }

/** For stores that need no server of their own. */
export const onSharedServer =
  <Under extends object, Setup>(make: Make<Under, Setup>) =>
  async (setup: Setup): Promise<Under> => {
    const { url } = await redisForTests()
    const client = clientOf(url)
    const under = make(redisConnection(client, { commandTimeout: '1s' }), randomUUID(), setup)
    return {
      ...under,
      async close() {
        await under.close()
        client.disconnect()
      },
    }
  }

/** For stores with a server and a network of their own. */
export const breakable = <Under extends object, Setup>(
  make: Make<Under, Setup>,
  setup: Setup,
): BreakableStores<Under> => ({
  offers: ['proxy', 'restart'],
  async create() {
    const server = await startRedis({ persistence: 'always' })
    const proxy = await tcpProxy({ target: server })
    const client = clientOf(server.url.replace(String(server.port), String(proxy.port)))
    const under = make(redisConnection(client, { commandTimeout: '1s' }), randomUUID(), setup)
    return {
      ...under,
      async close() {
        await under.close()
        client.disconnect()
        await proxy.close()
        await server.stop()
      },
      faults: {
        loseReply: () => proxy.dropNextReply(),
        partition: () => proxy.stall(),
        heal() {
          proxy.reset()
          proxy.heal()
        },
        async restart() {
          await server.kill()
          await server.restart()
        },
      },
    }
  },
})

/** For client processes. */
export async function processes(): Promise<SharedPlace> {
  const { url } = await redisForTests()
  const program = fileURLToPath(new URL('processes/conformance-client.ts', import.meta.url))
  return { program, execArgv: nodeFlags, argument: { url, name: randomUUID() } }
}

/** What one client sees, and many of one process. */
export function firstLevels(kit: ConformanceKit, options: Pick<RegisterOptions, 'only' | 'seed'> = {}): void {
  registerConformance(kit, { describe, it }, { levels: ['L0', 'L1', 'L2'], timeout: 180_000, ...options })
}

/** The checks of all levels but the first two, which are tests of their own. */
export function upperLevels(kit: ConformanceKit): void {
  registerConformance(kit, { describe, it }, { levels: ['L2', 'L3', 'L4', 'L5'], timeout: 180_000 })
}
