/**
 * The upstream, in a process of its own: `server.mjs`. Tells its parent its address, and ends with it.
 *
 * - `/small`: 200 with 64 bytes of JSON.
 * - `/busy?id=…`: 503 with 20 kB for the first request with an id, 200 for the next.
 * - `/sockets`: over how many connections `/busy` was asked since the last time this was.
 */
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

const small = JSON.stringify({ id: 4711, state: 'paid', note: 'x'.repeat(29) })
const large = 'x'.repeat(20_000)
const seen = new Set<string>()
const sockets = new Set<Socket>()

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const { url = '/' } = request
  if (url.startsWith('/busy')) {
    const first = !seen.has(url)
    seen.add(url)
    sockets.add(request.socket)
    response.writeHead(first ? 503 : 200, { 'content-type': 'text/plain', 'content-length': large.length })
    return response.end(large)
  }
  const body = url === '/sockets' ? String(sockets.size) : small
  if (url === '/sockets') sockets.clear()
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
  return response.end(body)
})
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.send?.(`http://127.0.0.1:${port}`)
})
process.on('disconnect', () => process.exit(0))
