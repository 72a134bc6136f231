/**
 * The upstream, a process of its own: an HTTP server with a few workers that plays the bad day. It keeps working on
 * requests whose client has left, as most servers do, so impatient clients make its queue longer. It counts what
 * reaches it, which makes it the witness of the claims.
 *
 * Started by `upstream-process.ts` and told by messages what to play; ends when its parent does.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type BadDay, type Mood, phaseAt, workTime } from './script.ts'
import type { FromUpstream, ToUpstream, UpstreamStats } from './upstream-process.ts'
import { WorkerPool } from './worker-pool.ts'

const reportEvery = 100

let day: BadDay
let pool: WorkerPool
/** Start of the day on this process' `performance.now()`. */
let start = Number.POSITIVE_INFINITY // until it is told

const stats: UpstreamStats = {
  at: 0,
  busy: 0,
  queued: 0,
  longestQueue: 0,
  calls: { healthy: 0, errors: 0, hangs: 0, throttled: 0, resets: 0, recovering: 0 },
  abandoned: 0,
  throttled: 0,
  early: 0,
  soonest: undefined,
}

/** When it last answered 429. */
let lastThrottled = Number.NEGATIVE_INFINITY

const server = createServer((request, response) => {
  const { mood } = phaseAt(day, now())
  if (now() >= 0) stats.calls[mood]++
  checkPunctuality()
  answer(mood, request, response)
})

process.on('message', (message: ToUpstream) => {
  if (message.type === 'listen') {
    day = message.day
    pool = new WorkerPool(day.upstream.workers, day.upstream.queue)
    server.listen(message.port, '127.0.0.1', () => {
      send({ type: 'listening', port: (server.address() as AddressInfo).port })
    })
  } else if (message.type === 'start') {
    start = message.at - performance.timeOrigin
    setInterval(report, reportEvery).unref()
  } else {
    report()
    process.disconnect()
  }
})
server.on('error', (error) => send({ type: 'failed', message: error.message }))
// The channel to the parent closes however the parent ends, by SIGKILL too.
process.on('disconnect', () => process.exit())
// A terminal sends ^C to the whole group; the parent decides what it means.
process.on('SIGINT', () => {})

function now(): number {
  return performance.now() - start
}

function answer(mood: Mood, request: IncomingMessage, response: ServerResponse): void {
  if (mood === 'resets') {
    request.socket.resetAndDestroy()
  } else if (mood === 'throttled') {
    const { retryAfter } = day.upstream
    response.writeHead(429, { 'retry-after': String(retryAfter / 1000) }).end()
    stats.throttled++
    lastThrottled = performance.now()
  } else if (!pool.submit(timeForJob, () => finish(mood, request, response))) {
    response.writeHead(503).end()
  }
  stats.longestQueue = Math.max(stats.longestQueue, pool.queued)
}

/** Who gets a worker while everything hangs keeps it until the hang is over. */
function timeForJob(): number {
  const phase = phaseAt(day, now())
  return phase.mood === 'hangs' ? phase.to - now() : workTime(day, now())
}

function finish(mood: Mood, request: IncomingMessage, response: ServerResponse): void {
  if (response.destroyed || request.socket.destroyed) {
    stats.abandoned++
  } else if (mood === 'errors') {
    response.writeHead(500).end()
  } else {
    const product = Number(request.url?.split('/').at(-1))
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ product, price: 100 + product }))
  }
}

/** Whether the client stays away for as long as the last 429 asked for. */
function checkPunctuality(): void {
  const gap = performance.now() - lastThrottled
  if (gap < day.upstream.retryAfter) stats.early++
  if (gap < (stats.soonest ?? Number.POSITIVE_INFINITY)) stats.soonest = gap
}

function report(): void {
  stats.at = now()
  stats.busy = pool.busy
  stats.queued = pool.queued
  send({ type: 'stats', stats })
}

function send(message: FromUpstream): void {
  if (process.connected) process.send?.(message)
}
