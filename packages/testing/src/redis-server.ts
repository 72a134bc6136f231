import { randomUUID } from 'node:crypto'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { knownOptions, oneOf } from '@seaworthy/core'
import { type LocalServer, startServer } from './local-server.ts'
import { exchange, loopback } from './loopback.ts'
import { addressFrom, oncePerProcess, type ServerAddress } from './server-address.ts'
import { findPrograms } from './server-programs.ts'

/** How {@link startRedis} runs the server. */
export interface RedisOptions {
  /**
   * Whether it writes an append-only file, and when it asks the disk to keep it: never, each second, at each write.
   * A kill loses nothing that was acknowledged with either of the latter two; only a crash of the machine tells them apart.
   *
   * @defaultValue `'none'`
   */
  readonly persistence?: 'none' | 'everysec' | 'always'
  /** Further arguments of redis-server, for example `['--maxmemory', '64mb']`. @defaultValue none */
  readonly args?: readonly string[]
  /**
   * The server to copy. It gets the same password, so the two can change roles. It is in step when
   * {@link startRedis} resolves; later restarts do not wait for that.
   */
  readonly replicaOf?: Pick<ServerAddress, 'host' | 'port' | 'password'>
}

/** A private Redis. */
export type RedisServer = LocalServer

const defaultPort = 6379

/**
 * Starts a Redis of our own, or a Valkey where there is no Redis, on a free loopback port and with a random password.
 * It takes the program from `PATH`; where there is none, on Debian and as root, it installs the package.
 *
 * @throws Error when there is no program, or when it does not start with these arguments.
 *
 * @example
 * ```ts
 * import { startRedis } from '@seaworthy/testing/servers'
 *
 * const redis = await startRedis({ persistence: 'everysec' })
 * await redis.kill() // SIGKILL, as from the out-of-memory killer
 * await redis.restart() // same port, same data
 * await redis.stop()
 * ```
 */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  knownOptions('startRedis', options, ['persistence', 'args', 'replicaOf'])
  const { persistence = 'none', args = [], replicaOf } = options
  oneOf('persistence', persistence, ['none', 'everysec', 'always'])
  const [program = ''] = findPrograms({
    label: 'Redis',
    sets: [['redis-server'], ['valkey-server']],
    debianPackage: 'redis-server',
    variable: 'REDIS_URL',
  })
  const password = replicaOf?.password || randomUUID()
  const directory = await mkdtemp(join(tmpdir(), 'seaworthy-redis-'))
  const file = join(directory, 'redis.conf')
  await writeFile(file, configuration({ directory, password, persistence, replicaOf }))
  return startServer({
    label: 'Redis',
    username: '',
    password,
    directory,
    signal: 'KILL',
    cleanSignal: 'SIGTERM',
    command: (port) => [program, file, '--port', String(port), ...args],
    url: (port) => `redis://:${encodeURIComponent(password)}@${loopback}:${port}`,
    ready: (port, first) => serves(port, password, first && replicaOf !== undefined),
  })
}

/**
 * The Redis that tests share: the one `REDIS_URL` names, or else a private one without persistence, one for each
 * process, which ends with it. Keep to keys with a random prefix, and start your own where you want to stop it.
 *
 * @throws Error as {@link startRedis}, and when `REDIS_URL` is not a URL.
 */
export function redisForTests(): Promise<ServerAddress> {
  const given = process.env['REDIS_URL']
  return given
    ? Promise.resolve().then(() => addressFrom('REDIS_URL', given, defaultPort))
    : oncePerProcess('redis', startRedis)
}

interface Configuration {
  readonly directory: string
  readonly password: string
  readonly persistence: Required<RedisOptions>['persistence']
  readonly replicaOf: RedisOptions['replicaOf'] | undefined
}

/** It is in a file, not in the arguments, so that `CONFIG REWRITE` works. */
function configuration({ directory, password, persistence, replicaOf }: Configuration): string {
  const lines = [
    `bind ${loopback}`,
    `dir ${JSON.stringify(directory)}`,
    `requirepass ${JSON.stringify(password)}`,
    `masterauth ${JSON.stringify(replicaOf?.password ?? password)}`,
    'save ""',
    `appendonly ${persistence === 'none' ? 'no' : 'yes'}`,
    `appendfsync ${persistence === 'none' ? 'no' : persistence}`,
    'repl-diskless-sync-delay 0', // By default the first replica waits five seconds for others.
  ]
  if (replicaOf !== undefined) lines.push(`replicaof ${replicaOf.host} ${replicaOf.port}`)
  return `${lines.join('\n')}\n`
}

async function serves(port: number, password: string, copies: boolean): Promise<boolean> {
  // While it reads its files, it takes the password and answers the PING with an error.
  const reply = await exchange(
    port,
    `AUTH ${JSON.stringify(password)}\r\nPING\r\nINFO replication\r\nQUIT\r\n`,
  )
  const text = reply.toString()
  return text.startsWith('+OK\r\n+PONG\r\n') && (!copies || text.includes('master_link_status:up'))
}
