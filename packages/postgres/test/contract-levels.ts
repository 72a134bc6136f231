/** The conformance kits as tests, and what their upper levels need: processes that are killed, networks that break, servers that die. */
import { fileURLToPath } from 'node:url'
import type { PostgresConnection } from '@seaworthy/postgres'
import { postgresConnection } from '@seaworthy/postgres'
import {
  type BreakableStores,
  type ConformanceKit,
  type RegisterOptions,
  registerConformance,
  type SharedPlace,
} from '@seaworthy/testing/conformance'
import { type PostgresServer, postgresForTests, startPostgres, tcpProxy } from '@seaworthy/testing/servers'
import { afterAll, describe, it } from 'vitest'
import { nodeFlags } from '../../../tools/processes/start-process.ts'
import { dropSchema, freshSchema, patient, poolOf } from './databases.ts'

/** A store of one kind in a schema of its own, and how to close it. */
export type Make<Under> = (pool: PostgresConnection, schema: string) => Under & { close(): Promise<void> }

/** What one client sees, and many of one process. */
export function firstLevels(kit: ConformanceKit, options: Pick<RegisterOptions, 'seed'> = {}): void {
  registerConformance(kit, { describe, it }, { levels: ['L0', 'L1', 'L2'], timeout: 180_000, ...options })
}

/** The checks of all levels but the first three, which are tests of their own. */
export function upperLevels(kit: ConformanceKit): void {
  registerConformance(kit, { describe, it }, { levels: ['L3', 'L4', 'L5'], timeout: 180_000 })
}

/** For stores that need no server of their own. */
export const onSharedServer =
  <Under extends object>(make: Make<Under>) =>
  async (): Promise<Under & { close(): Promise<void> }> => {
    const pool = await poolOf()
    const schema = await freshSchema(pool)
    const under = make(patient(pool), schema)
    return {
      ...under,
      async close() {
        await under.close()
        await dropSchema(pool, schema)
        await pool.end()
      },
    }
  }

/** For client processes. */
export async function processes(): Promise<SharedPlace> {
  const { url } = await postgresForTests()
  const pool = await poolOf()
  const schema = await freshSchema(pool)
  return {
    program: fileURLToPath(new URL('processes/conformance-client.ts', import.meta.url)),
    execArgv: nodeFlags,
    argument: { url, schema },
    async close() {
      await dropSchema(pool, schema)
      await pool.end()
    },
  }
}

/**
 * For stores with a server and a network of their own. The checks of a file run one after the other, and each has the server for itself:
 * a second is long for each to start one.
 */
export function breakable<Under extends object>(make: Make<Under>): BreakableStores<Under> {
  let started: Promise<PostgresServer> | undefined
  afterAll(async () => (await started)?.stop())
  return {
    offers: ['proxy', 'restart'],
    async create() {
      started ??= startPostgres({ durable: true })
      const server = await started
      const direct = await poolOf({}, server.url)
      const schema = await freshSchema(direct)
      await direct.end()
      const proxy = await tcpProxy({ target: server })
      const pool = await poolOf({}, server.url.replace(String(server.port), String(proxy.port)))
      const under = make(postgresConnection(pool, { commandTimeout: '1s' }), schema)
      return {
        ...under,
        async close() {
          await under.close()
          // Connections of a network that is gone say no goodbye.
          await proxy.close()
          await pool.end()
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
  }
}
