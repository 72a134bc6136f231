import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { type PostgresServer, postgresForTests, startPostgres } from '@seaworthy/testing/servers'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { postgres, stateOf } from './real-servers.ts'
import { eventually, Wire } from './wire.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

describe('a private PostgreSQL', () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await startPostgres({ args: ['-c', 'max_connections=17'] })
    await postgres(server, 'CREATE TABLE paid (id integer)')
  })
  afterAll(() => server.stop())

  test('takes our password and no other', async () => {
    expect(await postgres(server, 'SELECT 7')).toEqual(['7'])
    await expect(postgres({ ...address(server), password: 'guess' }, 'SELECT 7')).rejects.toThrow(
      'password authentication failed',
    )
    expect(server.url).toBe(`postgres://postgres:${server.password}@127.0.0.1:${server.port}/postgres`)
  })

  test('gets further arguments, listens on no socket in the file system, and does not wait for the disk', async () => {
    expect(await postgres(server, 'SHOW max_connections')).toEqual(['17'])
    expect(await postgres(server, 'SHOW unix_socket_directories')).toEqual([''])
    expect(await postgres(server, 'SHOW fsync')).toEqual(['off'])
  })

  test('keeps what it committed when it is killed in the middle of a query', async () => {
    await postgres(server, 'INSERT INTO paid VALUES (1)')
    const { url } = server
    const asleep = postgres(server, 'INSERT INTO paid SELECT 2 FROM pg_sleep(3600)').catch(String)
    await untilAsleep(server)
    const backend = Number((await postgres(server, `SELECT pid ${sleepers}`))[0])
    await server.kill()
    expect(server.pid).toBeUndefined()
    await eventually('the process of the query is gone', () => stateOf(backend) === 'gone')
    await asleep
    await server.restart()
    expect(server.url).toBe(url)
    expect(await postgres(server, 'SELECT id FROM paid')).toEqual(['1'])
  })

  test('is ended cleanly by a restart', async () => {
    await postgres(server, 'INSERT INTO paid VALUES (3)')
    await server.restart()
    expect(await postgres(server, 'SELECT count(*) FROM paid WHERE id = 3')).toEqual(['1'])
  })

  test('hangs with all its processes when paused, and goes on when resumed', async () => {
    const asleep = await Wire.open(server.port)
    const backends = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"
    const child = Number((await postgres(server, backends))[0])
    server.pause()
    await eventually('it is stopped', () => stateOf(server.pid as number) === 'T')
    await eventually('its child is stopped', () => stateOf(child) === 'T')
    server.resume()
    expect(await postgres(server, 'SELECT 7')).toEqual(['7'])
    asleep.socket.destroy()
  })

  test('leaves nothing behind when it is stopped', async () => {
    const durable = await startPostgres({ durable: true })
    expect(await postgres(durable, 'SHOW fsync')).toEqual(['on'])
    const directory = dirname((await postgres(durable, 'SHOW data_directory'))[0] as string)
    const pid = durable.pid as number
    expect(existsSync(directory)).toBe(true)
    await Promise.all([durable.stop(), durable.stop()])
    expect(stateOf(pid)).toBe('gone')
    expect(existsSync(directory)).toBe(false)
    await expect(durable.restart()).rejects.toThrow('PostgreSQL was stopped for good')
  })

  test('does not come with options that do not exist', async () => {
    await expect(startPostgres({ durability: true } as never)).rejects.toThrow("option 'durability'")
  })
})

describe('postgresForTests', () => {
  test('takes the server that PG_URL names, or DATABASE_URL', async () => {
    vi.stubEnv('DATABASE_URL', 'postgresql://me:secret@[::1]:5433/shop')
    expect(await postgresForTests()).toMatchObject({
      host: '::1',
      port: 5433,
      username: 'me',
      password: 'secret',
    })
    vi.stubEnv('PG_URL', 'postgres://me@database.example/shop')
    expect(await postgresForTests()).toMatchObject({ host: 'database.example', port: 5432, password: '' })
  })

  test('starts one for all who ask where DATABASE_URL is of another kind', async () => {
    vi.stubEnv('PG_URL', '')
    vi.stubEnv('DATABASE_URL', 'mysql://me@database.example/shop')
    const [one, other] = await Promise.all([postgresForTests(), postgresForTests()])
    expect(other).toBe(one)
    expect(await postgres(one, 'SELECT 7')).toEqual(['7'])
  })
})

const sleepers = "FROM pg_stat_activity WHERE wait_event = 'PgSleep'"

async function untilAsleep(server: PostgresServer): Promise<void> {
  while ((await postgres(server, `SELECT pid ${sleepers}`)).length === 0);
}

const address = ({ port, username, password }: PostgresServer) => ({ port, username, password })
