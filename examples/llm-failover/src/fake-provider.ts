/** A provider of a language model, as far as failover can tell: the HTTP of OpenAI's chat completions, and bad moods on demand. */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** What it does with requests. `limited`: 429 with `Retry-After`. `cut`: streams break off in the middle. */
export type Mood = 'well' | 'hangs' | 'fails' | 'limited' | 'cut'

export interface FakeProvider {
  readonly name: string
  readonly url: string
  mood: Mood
  /** Requests that reached it, those of probes not counted. */
  readonly requests: number
  close(): Promise<void>
}

/** Milliseconds to the first byte, and from piece to piece of a stream. */
const think = 60
const pause = 10

/** The seconds that a 429 asks for. */
const retryAfter = 2

const words = ['All ', 'ships ', 'are ', 'in ', 'port', '.']

export async function startFakeProvider(name: string): Promise<FakeProvider> {
  let mood: Mood = 'well'
  let requests = 0

  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => {
      text += chunk
    })
    request.on('end', () => {
      const isProbe = request.url === '/v1/models'
      if (!isProbe) requests++
      const { stream = false } = isProbe ? {} : (JSON.parse(text) as { stream?: boolean })
      // A client that leaves is no reason to fail.
      answer(response, stream).catch(() => response.destroy())
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  async function answer(response: ServerResponse, stream: boolean): Promise<void> {
    // It may change its mood while it thinks.
    const current = (): Mood => mood
    if (current() === 'hangs') return
    await sleep(think * (0.5 + Math.random()))
    switch (current()) {
      case 'hangs':
        return
      case 'fails':
        response.writeHead(500, { 'content-type': 'application/json' })
        response.end(JSON.stringify({ error: { message: 'The server had an error' } }))
        return
      case 'limited':
        response.writeHead(429, { 'retry-after': String(retryAfter) }).end('{}')
        return
      default:
        if (stream) await answerInPieces(response)
        else {
          response.writeHead(200, { 'content-type': 'application/json' })
          response.end(JSON.stringify({ model: name, choices: [{ message: { content: words.join('') } }] }))
        }
    }
  }

  /** Server-sent events, as chat completions stream them. */
  async function answerInPieces(response: ServerResponse): Promise<void> {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const [index, content] of words.entries()) {
      if (mood === 'cut' && index === 3) {
        response.destroy()
        return
      }
      response.write(`data: ${JSON.stringify({ model: name, choices: [{ delta: { content } }] })}\n\n`)
      await sleep(pause)
    }
    response.end('data: [DONE]\n\n')
  }

  const { port } = server.address() as AddressInfo
  return {
    name,
    url: `http://127.0.0.1:${port}`,
    get mood() {
      return mood
    },
    set mood(is) {
      mood = is
    },
    get requests() {
      return requests
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
