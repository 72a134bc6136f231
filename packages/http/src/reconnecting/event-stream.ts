import { failureClass } from '@seaworthy/core'
import { ConnectionLostError, EventStreamError } from '../reconnecting-errors.ts'
import type { Connection, ConnectionListener } from './connection.ts'
import { EventStreamParser, type ServerSentEvent } from './event-stream-parser.ts'

/** Options of {@link eventStream}. */
export interface EventStreamOptions {
  /** The longest line and the largest event, in characters; longer ones lose the connection. @defaultValue 1,048,576 */
  readonly maxEventSize?: number
}

/**
 * A connection over a stream of server-sent events: the response to a `fetch` with `accept: text/event-stream` and
 * `last-event-id: <resumeToken>`. The id of an event is its resume token; the server's `retry` lengthens the next wait.
 * Comments count as signs of life.
 *
 * *Source:* HTML standard, section 9.2, "Server-sent events".
 *
 * @throws {@link EventStreamError} when the response is none. Its status decides whether it is worth another attempt; 204 and another type of
 *   content mean that it is not.
 *
 * @example
 * ```ts
 * import { eventStream, reconnecting } from '@seaworthy/http/reconnecting'
 *
 * const prices = reconnecting(async ({ resumeToken = '', signal }) =>
 *   eventStream(await fetch('http://127.0.0.1:9/prices', { headers: { 'last-event-id': resumeToken }, signal })),
 *   { attempts: 2, backoff: { initial: '5ms' } },
 * )
 * console.log(await prices.closed) // attempts
 * ```
 */
export function eventStream(
  response: Response,
  { maxEventSize = 1_048_576 }: EventStreamOptions = {},
): Connection<ServerSentEvent> {
  const { status, body } = response
  const type = response.headers.get('content-type') ?? ''
  if (status !== 200 || body === null || !/^text\/event-stream *(;|$)/i.test(type)) {
    body?.cancel().catch(() => {})
    throw notAStream(response)
  }
  const reader = body.getReader()
  let closed = false
  return {
    pausable: true,
    listen: (listener) => {
      read(reader, listener, maxEventSize).catch((error) => {
        reader.cancel().catch(() => {})
        listener.lost(error)
      })
    },
    close: async () => {
      if (closed) return
      closed = true
      await reader.cancel().catch(() => {}) // It may be broken already.
    },
  }
}

function notAStream({ status, headers }: Response): EventStreamError {
  const seconds = /^\d{1,9}$/.exec(headers.get('retry-after') ?? '')?.[0]
  const retryAfter = seconds === undefined ? undefined : Number(seconds) * 1000
  if (status < 300)
    return new EventStreamError(`The answer (${status}) is no stream of events`, {
      status,
      failureClass: 'fatal',
    })
  return new EventStreamError(`Status ${status} in place of a stream of events`, {
    status,
    failureClass: failureClass({ status }),
    retryAfter,
  })
}

async function read(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  listener: ConnectionListener<ServerSentEvent>,
  maxEventSize: number,
): Promise<void> {
  const parser = new EventStreamParser(maxEventSize)
  // Decoding drops a byte order mark at the beginning, as the standard says.
  const decoder = new TextDecoder()
  await listener.room()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    listener.alive()
    for (const part of parser.push(decoder.decode(value, { stream: true }))) {
      if (part.event === undefined) {
        listener.resumeAt(part.id)
        continue
      }
      const room = listener.message(part.event, part.id === '' ? undefined : part.id)
      if (room !== undefined) await room
    }
  }
  listener.lost(new ConnectionLostError('ended', undefined, parser.retry))
}
