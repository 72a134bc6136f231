/**
 * Measurements in a fresh process: `trial.mjs SUBJECT URL COUNT [CONTENDER]`. Prints what it found as JSON.
 *
 * Speed is measured with all contenders in one process, in short slices that take turns in random order: the
 * differences are a few percent, and two processes differ by more.
 */
import { resilientFetch } from '@seaworthy/http'
import { percentile } from '../statistics.ts'
import { contenders, type Get } from './contenders.ts'

/** What a contender needs for a request. */
export interface Speed {
  readonly name: string
  /** Milliseconds for a request of one lane, the median of the slices. */
  readonly milliseconds: number
  /** Requests a second, all lanes together. */
  readonly rate: number
  /** Of single requests, milliseconds. */
  readonly p50: number
  readonly p99: number
}

const sliceRequests = 100

const [subject = '', url = '', count = '0', chosen = ''] = process.argv.slice(2)
const [kind, lanes = '1'] = subject.split('.')
const measurements: Record<string, () => Promise<unknown>> = {
  requests: () => speed(Number(lanes), Number(count)),
  sockets: () => sockets(Number(count)),
  memory: () => memory(Number(count)),
}
process.stdout.write(JSON.stringify(await measurements[kind ?? '']?.()))
process.exit(0)

async function speed(inFlight: number, requests: number): Promise<Speed[]> {
  const runners = contenders.map(({ name, open }) => ({
    name,
    get: open(),
    slices: [] as number[],
    single: [] as number[],
  }))
  const rounds = Math.ceil(requests / sliceRequests)
  for (let round = -Math.ceil(rounds / 5); round < rounds; round++) {
    for (const runner of shuffled(runners)) {
      const began = performance.now()
      const single = await slice(runner.get, inFlight)
      const took = performance.now() - began
      if (round < 0) continue // warm-up
      runner.slices.push(took / sliceRequests)
      runner.single.push(...single)
    }
  }
  return runners.map(({ name, slices, single }) => ({
    name,
    milliseconds: percentile(slices, 0.5),
    rate: 1000 / percentile(slices, 0.5),
    p50: percentile(single, 0.5),
    p99: percentile(single, 0.99),
  }))
}

async function slice(get: Get, inFlight: number): Promise<number[]> {
  const single: number[] = []
  let left = sliceRequests
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      const began = performance.now()
      await get(`${url}/small`)
      single.push(performance.now() - began)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, lane))
  return single
}

/** How many connections so many requests open that are each tried twice, and what of them succeeds. */
async function sockets(requests: number): Promise<{ readonly opened: number; readonly succeeded: number }> {
  const get = contenders.find(({ name }) => name === chosen)?.open()
  if (get === undefined) throw new Error(`No contender is called ${chosen}`)
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

function used(): number {
  for (let i = 0; i < 4; i++) (globalThis as { gc?: () => void }).gc?.()
  return process.memoryUsage().heapUsed
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item)
}
