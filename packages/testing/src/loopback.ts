/** Ports of this machine, and a word with whoever listens there. */
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createConnection, createServer } from 'node:net'

/** The address that all servers for tests listen on. */
export const loopback = '127.0.0.1'

/**
 * A port nobody listens on at the moment. It lies below the ports that systems give to outgoing connections: while
 * the server is down, none of them can take its port, and a client that tries again and again cannot connect to
 * itself.
 *
 * @throws Error when a hundred ports in a row are taken.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = randomInt(10_000, 32_768)
    if (await isFree(port)) return port
  }
  throw new Error('Found no free port between 10000 and 32767')
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer().listen(port, loopback)
  try {
    await once(probe, 'listening')
  } catch {
    return false
  }
  probe.close()
  await once(probe, 'close')
  return true
}

/**
 * Sends a request that ends with a farewell, and reads until the other side closes.
 *
 * @returns All it said; what it said so far when it fails or is silent for a second.
 */
export function exchange(port: number, request: string | Buffer): Promise<Buffer> {
  return new Promise((resolve) => {
    const reply: Buffer[] = []
    const socket = createConnection({ port, host: loopback })
    socket.setTimeout(1000, () => socket.destroy())
    socket.on('data', (bytes: Buffer) => reply.push(bytes))
    socket.on('error', () => {})
    socket.on('close', () => resolve(Buffer.concat(reply)))
    socket.write(request)
  })
}
