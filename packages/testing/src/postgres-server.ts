import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { knownOptions } from '@seaworthy/core'
import { leash, logFile, type Owner } from './leash.ts'
import { type LocalServer, startServer } from './local-server.ts'
import { exchange, loopback } from './loopback.ts'
import { addressFrom, oncePerProcess, type ServerAddress } from './server-address.ts'
import { findPrograms } from './server-programs.ts'

/** How {@link startPostgres} runs the server. */
export interface PostgresOptions {
  /**
   * Whether commits wait for the disk. Without, they are faster; a kill of the server loses nothing that was committed
   * either way, only a crash of the machine can.
   *
   * @defaultValue `false`
   */
  readonly durable?: boolean
  /** Further arguments of postgres, for example `['-c', 'max_connections=10']`. @defaultValue none */
  readonly args?: readonly string[]
}

/** A private PostgreSQL, with a database `postgres` that the user `postgres` owns. */
export type PostgresServer = LocalServer

const defaultPort = 5432
const user = 'postgres'

/**
 * Starts a PostgreSQL of our own on a free loopback port, with a random password and an empty database, which takes
 * about a second. It takes the programs from `PATH` or from `/usr/lib/postgresql`; where there are none, on Debian and
 * as root, it installs the package. PostgreSQL refuses to run as root; then it runs as the user `postgres` or `nobody`.
 *
 * @throws Error when there is no program, or when it does not start with these arguments.
 *
 * @example
 * ```ts
 * import { startPostgres } from '@seaworthy/testing/servers'
 *
 * const postgres = await startPostgres()
 * console.log(postgres.url) // postgres://postgres:…@127.0.0.1:…/postgres
 * await postgres.stop()
 * ```
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  knownOptions('startPostgres', options, ['durable', 'args'])
  const { durable = false, args = [] } = options
  const [initdb = '', postgres = ''] = findPrograms({
    label: 'PostgreSQL',
    sets: [['initdb', 'postgres']],
    debianPackage: 'postgresql',
    versions: '/usr/lib/postgresql',
    variable: 'PG_URL',
  })
  const owner = process.getuid?.() === 0 ? somebody() : undefined
  const password = randomUUID()
  const directory = await mkdtemp(join(tmpdir(), 'seaworthy-postgres-'))
  const data = join(directory, 'data')
  try {
    if (owner) await chown(directory, owner.uid, owner.gid)
    await createCluster(initdb, { data, directory, password, owner })
  } catch (error) {
    await rm(directory, { recursive: true, force: true, maxRetries: 5 })
    throw error
  }
  const settings = [
    `listen_addresses=${loopback}`,
    'unix_socket_directories=',
    ...(durable ? [] : ['fsync=off', 'full_page_writes=off']),
  ].flatMap((setting) => ['-c', setting])
  return startServer({
    label: 'PostgreSQL',
    username: user,
    password,
    directory,
    owner,
    signal: 'QUIT', // On SIGKILL it would leave a segment of shared memory behind.
    cleanSignal: 'SIGINT',
    command: (port) => [postgres, '-D', data, '-p', String(port), ...settings, ...args],
    url: (port) => `postgres://${user}:${password}@${loopback}:${port}/postgres`,
    ready: (port) => serves(port, password),
  })
}

/**
 * The PostgreSQL that tests share: the one `PG_URL` names or, if it is one of PostgreSQL, `DATABASE_URL`; or else a
 * private one for each process, which ends with it. Keep to a schema of a random name, and start your own where you
 * want to stop it.
 *
 * @throws Error as {@link startPostgres}, and when the variable is not a URL.
 */
export function postgresForTests(): Promise<ServerAddress> {
  const general = process.env['DATABASE_URL']
  const given = process.env['PG_URL'] || (general?.startsWith('postgres') ? general : undefined)
  return given
    ? Promise.resolve().then(() => addressFrom('PG_URL or DATABASE_URL', given, defaultPort))
    : oncePerProcess('postgres', startPostgres)
}

/** Whom the server runs as when we are root. */
function somebody(): Owner {
  for (const name of [user, 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((flag) => spawnSync('id', [flag, name], { encoding: 'utf8' }).stdout)
    if (uid && gid) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new Error('PostgreSQL does not run as root, and there is no user postgres or nobody to run it as')
}

async function createCluster(
  initdb: string,
  {
    data,
    directory,
    password,
    owner,
  }: Record<'data' | 'directory' | 'password', string> & { owner: Owner | undefined },
): Promise<void> {
  const passwordFile = join(directory, 'password')
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 })
  if (owner) await chown(passwordFile, owner.uid, owner.gid)
  const settings = [
    '--auth=password',
    `--pwfile=${passwordFile}`,
    '--encoding=UTF8',
    '--no-locale',
    '--no-sync',
  ]
  const process = leash([initdb, '-D', data, '-U', user, ...settings], { directory, owner, signal: 'KILL' })
  if ((await process.exit()) === 0) return
  const printed = await readFile(join(directory, logFile), 'utf8').catch(() => '')
  throw new Error(`PostgreSQL could not create a database in ${directory}. It printed:\n${printed.trim()}`)
}

/** The three messages are sent at once: hello, the password that it will ask for, farewell. */
async function serves(port: number, password: string): Promise<boolean> {
  const protocol = Buffer.from([0, 3, 0, 0])
  const hello = message('', Buffer.concat([protocol, Buffer.from(`user\0${user}\0database\0postgres\0\0`)]))
  const login = message('p', Buffer.from(`${password}\0`))
  const reply = await exchange(port, Buffer.concat([hello, login, message('X', Buffer.alloc(0))]))
  return reply.includes(welcome)
}

/** `AuthenticationOk`. Source: PostgreSQL documentation, "Message Formats". */
const welcome: Buffer = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0])

function message(type: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length + 4)
  return Buffer.concat([Buffer.from(type), length, body])
}
