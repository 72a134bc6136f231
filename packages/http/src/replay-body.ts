/** Bodies that can be sent again. */
import type { Abortable } from './exchange.ts'

/** What `fetch` takes as a body. */
export type Body = NonNullable<RequestInit['body']>

/** Makes a new body for every send. */
export type BodyFactory = () => Body | null | Promise<Body | null>

/** How much is kept in memory. */
export interface ReplayRules {
  readonly maxReplayBytes: number
  readonly bufferStreams: boolean
}

/** Whether a body is gone once it was sent. */
export function isStream(body: unknown): body is AsyncIterable<unknown> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body
}

/** What was read of a stream: all of it, or the beginning and the rest. */
export type Buffered =
  | { readonly bytes: Uint8Array<ArrayBuffer>; readonly rest: undefined }
  | { readonly bytes: undefined; readonly rest: ReadableStream<Uint8Array> }

/**
 * Reads a stream to its end, or up to a limit.
 *
 * @param most - How many bytes are kept. A stream with more goes on as a stream.
 * @param start - Gets what stops reading.
 * @throws The reason that it was stopped with.
 */
export async function bufferStream(
  stream: AsyncIterable<unknown>,
  most: number,
  start: (reading: Abortable) => void,
): Promise<Buffered> {
  const iterator = stream[Symbol.asyncIterator]()
  let stopped: { readonly reason: unknown } | undefined
  start({
    abort(reason) {
      stopped = { reason }
      iterator.return?.(reason)?.catch(() => {})
    },
  })
  const chunks: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await iterator.next()
    // Part of a body must never be taken for the whole.
    if (stopped !== undefined) throw stopped.reason
    if (done) return { bytes: joined(chunks, length), rest: undefined }
    const chunk = bytesOf(value)
    chunks.push(chunk)
    length += chunk.byteLength
    if (length > most) return { bytes: undefined, rest: continued(chunks, iterator) }
  }
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.byteLength
  }
  return bytes
}

function continued(
  chunks: readonly Uint8Array[],
  iterator: AsyncIterator<unknown>,
): ReadableStream<Uint8Array> {
  let next = 0
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const kept = chunks[next++]
        if (kept !== undefined) {
          controller.enqueue(kept)
          return
        }
        const { done, value } = await iterator.next()
        if (done) controller.close()
        else controller.enqueue(bytesOf(value))
      },
      async cancel(reason) {
        await iterator.return?.(reason)
      },
    },
    { highWaterMark: 0 },
  )
}

/** Streams of Node may carry text. */
function bytesOf(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk
  if (typeof chunk === 'string') return new TextEncoder().encode(chunk)
  throw new TypeError('The chunks of a request body must be bytes or text.')
}
