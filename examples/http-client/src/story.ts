/** The same traffic for every client, each with a shop of its own. */
import type { Client, Order, Send } from './clients.ts'
import { contentOf, digest, script, Upstream } from './upstream.ts'

/** Milliseconds between requests. */
const interval = 100

export type Kind = 'get' | 'put' | 'order' | 'order with key'

const kinds: readonly Kind[] = ['get', 'put', 'order', 'get', 'order with key']

/** What a client and its shop have been through. */
export interface Result {
  readonly client: Client
  readonly upstream: Upstream
  readonly sent: Record<Kind, number>
  readonly lost: Record<Kind, number>
  /** Answers that were not what the shop had to say. */
  wrong: number
  /** Connections that were open when the last request was answered. */
  open: number
}

/** Runs it for one client. */
export async function runStory(client: Client): Promise<Result> {
  const upstream = await new Upstream().start()
  const send = client.open()
  const result: Result = { client, upstream, sent: none(), lost: none(), wrong: 0, open: 0 }
  const calls: Promise<void>[] = []
  for (let i = 0; upstream.now < script.end; i++) {
    calls.push(callOnce(result, send, i))
    await new Promise((resolve) => setTimeout(resolve, (i + 1) * interval - upstream.now))
  }
  await Promise.all(calls)
  result.open = upstream.open
  upstream.stop()
  return result
}

async function callOnce(result: Result, send: Send, i: number): Promise<void> {
  const kind = kinds[i % kinds.length] as Kind
  const path = `/${kind === 'get' ? 'stock' : kind === 'put' ? 'items' : 'orders'}/${i}`
  const order = orderFor(kind, `http://127.0.0.1:${result.upstream.port}${path}`, i)
  result.sent[kind]++
  try {
    if ((await send(order)) !== expected(kind, path, order)) result.wrong++
  } catch {
    result.lost[kind]++
  }
}

function orderFor(kind: Kind, url: string, i: number): Order {
  const body = kind === 'get' ? undefined : Uint8Array.from({ length: 3000 }, (_, at) => (at * i) % 256)
  const headers: Record<string, string> = kind === 'order with key' ? { 'idempotency-key': `key-${i}` } : {}
  return { method: kind === 'get' ? 'GET' : kind === 'put' ? 'PUT' : 'POST', url, headers, body }
}

function expected(kind: Kind, path: string, { body = new Uint8Array() }: Order): string {
  if (kind === 'get') return contentOf(path)
  return kind === 'put' ? digest(body) : `ordered ${digest(body)}`
}

function none(): Record<Kind, number> {
  return { get: 0, put: 0, order: 0, 'order with key': 0 }
}
