/**
 * Measurements in a fresh process.
 *
 * - `trial.mjs slices URL LANES CONTENDER`: sends so many requests as each message of its parent asks for, and answers with what
 *   they took. A client has a process of its own, as in a program that uses it,
 *   so that it pays for no other's machine code and garbage.
 * - `trial.mjs sockets URL COUNT CONTENDER`, `trial.mjs memory URL COUNT` and `trial.mjs inside URL COUNT CONTENDER` print what they
 *   found as JSON.
 */
import { percentile } from '../statistics.ts'
import { contenders, type Get, leastLimit, wrapper } from './contenders.ts'

/** What some requests took. */
export interface Slice {
  /** Milliseconds for a request of one lane. */
  readonly milliseconds: number
  /** Microseconds of the processor for a request: this process alone, with its garbage collection. */
  readonly processor: number
  /** Of single requests, milliseconds. */
  readonly single: readonly number[]
}

/** Where the time of a request goes that is not spent in `fetch`: microseconds, medians. */
export interface Inside {
  /** From the call to the call of `fetch`. */
  readonly before: number
  /** From the return of `fetch` to the return of the client. */
  readonly between: number
  /** From the answer of `fetch` to that of the client. */
  readonly after: number
  /** The whole request, its body included. */
  readonly request: number
}

const [kind = '', url = '', count = '0', chosen = ''] = process.argv.slice(2)

if (kind === 'slices') answerSlices(Number(count))
else {
  const measure = { sockets, memory, inside }[kind]
  process.stdout.write(JSON.stringify(await measure?.(Number(count))))
  process.exit(0)
}

function answerSlices(lanes: number): void {
  const opened = open()
  process.on('message', async (requests: number) => {
    process.send?.(await slice(await opened, lanes, requests))
  })
  process.on('disconnect', () => process.exit(0))
}

async function slice(get: Get, lanes: number, requests: number): Promise<Slice> {
  const single: number[] = []
  let left = requests
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      const began = performance.now()
      await get(`${url}/small`)
      single.push(performance.now() - began)
    }
  }
  const processorBefore = process.cpuUsage()
  const began = performance.now()
  await Promise.all(Array.from({ length: lanes }, lane))
  const milliseconds = (performance.now() - began) / requests
  const { user, system } = process.cpuUsage(processorBefore)
  return { milliseconds, processor: (user + system) / requests, single }
}

/** How many connections so many requests open that are each tried twice, and what of them succeeds. */
async function sockets(requests: number): Promise<{ readonly opened: number; readonly succeeded: number }> {
  const get = await open()
  let succeeded = 0
  for (let i = 0; i < requests; i++) {
    // Some answer with the status of a failure, others reject.
    const status = await get(`${url}/busy?id=${encodeURIComponent(chosen)}-${i}`).catch(() => undefined)
    if (status === 200) succeeded++
  }
  const response = await fetch(`${url}/sockets`)
  return { opened: Number(await response.text()), succeeded }
}

/** Bytes of the heap after calls to so many origins, each called once. */
async function memory(origins: number): Promise<{ readonly bytes: number; readonly perOrigin: number }> {
  const { resilientFetch } = await import('@seaworthy/http')
  const answer = new Response(null, { status: 204 })
  const answering: typeof fetch = () => Promise.resolve(answer)
  const client = resilientFetch({}, { fetch: answering })
  await client('http://warm.up/')
  const before = used()
  for (let i = 0; i < origins; i++) await client(`http://host-${i}.example/`)
  const bytes = used() - before
  await client('http://warm.up/')
  return { bytes, perOrigin: bytes / origins }
}

/** Asks the clock where `fetch` begins and ends, in a client that looks it up at every call. */
async function inside(requests: number): Promise<Inside> {
  const { resilientFetch } = await import('@seaworthy/http')
  const { fetch } = globalThis
  let asked = 0
  let given = 0
  let answered = 0
  globalThis.fetch = (input, init) => {
    asked = performance.now()
    const answer = fetch(input, init).then((response) => {
      answered = performance.now()
      return response
    })
    given = performance.now()
    return answer
  }
  const client = chosen === 'bare fetch' ? (address: string) => globalThis.fetch(address) : resilientFetch()
  const times: Inside[] = []
  for (let i = -requests; i < requests; i++) {
    const began = performance.now()
    const answer = client(`${url}/small`)
    const returned = performance.now()
    const response = await answer
    const over = performance.now()
    await response.arrayBuffer()
    const request = performance.now() - began
    if (i >= 0)
      times.push({ before: asked - began, between: returned - given, after: over - answered, request })
  }
  const middle = (read: (each: Inside) => number): number => percentile(times.map(read), 0.5) * 1000
  return {
    before: middle(({ before }) => before),
    between: middle(({ between }) => between),
    after: middle(({ after }) => after),
    request: middle(({ request }) => request),
  }
}

function open(): Promise<Get> {
  const contender = [...contenders, wrapper, leastLimit].find(({ name }) => name === chosen)
  if (contender === undefined) throw new Error(`No contender is called ${chosen}`)
  return contender.open()
}

function used(): number {
  for (let i = 0; i < 4; i++) (globalThis as { gc?: () => void }).gc?.()
  return process.memoryUsage().heapUsed
}
