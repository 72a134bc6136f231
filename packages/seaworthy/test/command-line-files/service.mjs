/** A service with one dependency, for drills: it answers in full, degraded when the dependency fails, and polite refusals for `/busy`. */
import { createServer, get } from 'node:http'
import { setTimeout } from 'node:timers'

const [port, dependency] = process.argv.slice(2)

const ask = () =>
  new Promise((resolve) => {
    const request = get({ port: dependency, host: '127.0.0.1', timeout: 200 }, (response) => {
      response
        .resume()
        .on('end', () => resolve(true))
        .on('error', () => resolve(false))
    })
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(false))
    setTimeout(() => request.destroy(), 300).unref()
  })

createServer(async (request, response) => {
  if (request.url === '/ready') return response.end('ready')
  if (request.url === '/busy') return response.writeHead(503, { 'retry-after': '1' }).end()
  if (request.url === '/broken') return response.writeHead(500).end()
  const full = dependency === undefined || (await ask())
  if (!full) response.setHeader('x-degraded', 'dependency')
  response.end(full ? `stock of ${request.url}` : 'ask later')
}).listen(Number(port), '127.0.0.1')
