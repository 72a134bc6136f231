/** A primary whose replica falls behind at will, and takes its place without knowing what came last. */
import { type RedisServer, startRedis, tcpProxy } from '@seaworthy/testing/servers'
import { Redis } from 'ioredis'
import { vi } from 'vitest'
import { type Switchboard, switchboard } from './switchboard.ts'

export interface Pair extends AsyncDisposable {
  /** For clients: leads to the primary, whichever that is. */
  readonly port: number
  readonly password: string
  /** Waits until the replica has everything, and lets it hear of nothing from then on. */
  fallBehind(): Promise<void>
  /** The replica becomes the primary, the primary dies, and clients are led to the new one. @returns A client of it. */
  failOver(): Promise<Redis>
}

/** A client that comes back soon, and sends nothing twice. */
export function clientOf({ port, password }: Pick<Pair, 'port' | 'password'>): Redis {
  const client = new Redis(port, '127.0.0.1', {
    password,
    retryStrategy: () => 50,
    autoResendUnfulfilledCommands: false,
  })
  client.on('error', () => {})
  return client
}

export async function startPair(): Promise<Pair> {
  const primary = await startRedis()
  const link = await tcpProxy({ target: primary })
  const replica: RedisServer = await startRedis({
    replicaOf: { host: link.host, port: link.port, password: primary.password },
  })
  const board: Switchboard = await switchboard(primary.port)
  const { password } = primary
  const old = clientOf(primary)
  const next = clientOf(replica)
  const offset = async (client: Redis): Promise<string | undefined> =>
    /master_repl_offset:(\d+)/.exec(await client.info('replication'))?.[1]
  return {
    port: board.port,
    password,
    async fallBehind() {
      await vi.waitFor(
        async () => {
          if ((await offset(old)) !== (await offset(next))) throw new Error('not in step')
        },
        { timeout: 20_000, interval: 5 },
      )
      link.stall('down')
    },
    async failOver() {
      await next.replicaof('NO', 'ONE')
      await primary.kill()
      board.moveTo(replica.port)
      return next
    },
    async [Symbol.asyncDispose]() {
      old.disconnect()
      next.disconnect()
      await board[Symbol.asyncDispose]()
      await replica.stop()
      await primary.stop()
      await link.close()
    },
  }
}
