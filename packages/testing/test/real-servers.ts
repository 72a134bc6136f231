/** Redis and PostgreSQL without a client library, and their processes. */
import { spawnSync } from 'node:child_process'
import type { ServerAddress } from '@seaworthy/testing/servers'
import { exchange } from '../src/loopback.ts'

/** Sends commands to a Redis, a line each. @returns The lines of its answers. */
export async function redis(
  { port, password }: Pick<ServerAddress, 'port' | 'password'>,
  ...commands: readonly string[]
): Promise<string[]> {
  const reply = await exchange(port, [`AUTH ${password}`, ...commands, 'QUIT', ''].join('\r\n'))
  return reply.toString().split('\r\n').slice(1, -2)
}

/** Sends a query to a PostgreSQL. @returns The first column. @throws Error with its message. */
export async function postgres(
  { port, username, password }: Pick<ServerAddress, 'port' | 'username' | 'password'>,
  sql: string,
): Promise<string[]> {
  const parameters = `\0\x03\0\0user\0${username}\0database\0postgres\0\0`
  const request = [
    message('', parameters),
    message('p', `${password}\0`),
    message('Q', `${sql}\0`),
    message('X', ''),
  ]
  const reply = await exchange(port, Buffer.concat(request))
  const rows: string[] = []
  for (let at = 0; at < reply.length; at += 1 + reply.readUInt32BE(at + 1)) {
    const type = String.fromCharCode(reply.readUInt8(at))
    const body = reply.subarray(at + 5, at + 1 + reply.readUInt32BE(at + 1))
    if (type === 'E') throw new Error(body.toString().replaceAll('\0', ' '))
    if (type === 'D') rows.push(body.subarray(6, 6 + body.readUInt32BE(2)).toString())
  }
  return rows
}

function message(type: string, body: string): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length + 4)
  return Buffer.concat([Buffer.from(type), length, Buffer.from(body)])
}

/** What `ps` calls the state of a process: `T` is stopped, `gone` is not there or only waits to be forgotten. */
export function stateOf(pid: number): string {
  const state = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim()
  return state === '' || state.startsWith('Z') ? 'gone' : state.slice(0, 1)
}
