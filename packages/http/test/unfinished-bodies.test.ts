/** Bodies that are not whole when the call ends: nothing of them may reach the server. */
import { Readable } from 'node:stream'
import { type HttpOptions, resilientFetch } from '@seaworthy/http'
import { resilientAxios } from '@seaworthy/http/axios'
import { resilientDispatcher } from '@seaworthy/http/undici'
import axios from 'axios'
import { Agent, request } from 'undici'
import { expect, it } from 'vitest'
import { scriptedServer } from './local-servers.ts'

const options: HttpOptions = {
  bufferStreams: true,
  timeout: { attempt: 50 },
  retry: { attempts: 2, delay: 1 },
}
const method = 'POST'

/** A body whose rest comes when it is told to. */
function halting(): { readonly body: () => AsyncGenerator<Buffer>; readonly go: () => void } {
  let go = (): void => {}
  const told = new Promise<void>((resolve) => {
    go = resolve
  })
  async function* body(): AsyncGenerator<Buffer> {
    yield Buffer.from('one ')
    await told
    yield Buffer.from('two ')
    yield Buffer.from('three')
  }
  return { body, go }
}

type Send = (url: string, body: () => AsyncGenerator<Buffer>) => Promise<unknown>

const fetch = resilientFetch(options)
const clients: readonly [string, Send][] = [
  [
    'fetch',
    (url, body) => fetch(url, { method, body: ReadableStream.from(body()), duplex: 'half' } as object),
  ],
  [
    'fetch, by a function',
    (url, body) =>
      fetch(url, {
        method,
        body: async () => {
          const chunks: Buffer[] = []
          for await (const chunk of body()) chunks.push(chunk)
          return Buffer.concat(chunks)
        },
      }),
  ],
  [
    'undici',
    (url, body) =>
      request(url, {
        method,
        body: Readable.from(body()),
        dispatcher: new Agent().compose(resilientDispatcher(options)),
      }),
  ],
  [
    'axios',
    (url, body) => axios.create({ adapter: resilientAxios(options) }).post(url, Readable.from(body())),
  ],
]

it.each(clients)('%s sends nothing when the time is over before a body is whole', async (_, send) => {
  await using server = await scriptedServer()
  // Then it is known how to end requests without a signal. This one has all the time that it needs.
  await (await resilientFetch()(server.url)).text()
  const { body, go } = halting()
  await expect(send(server.url, body)).rejects.toMatchObject({ code: 'ERR_TIMEOUT' })
  go()
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(server.received.map((received) => received.method)).toEqual(['GET'])
})
