/** Streams that come in drops. */

/**
 * A stream like `value`, with a pause before each chunk.
 *
 * @param pause - Waits.
 * @param ended - Called once: the stream has ended, failed, or nobody reads it any more.
 * @returns Undefined if the value is no stream that can be slowed down without changing what it is.
 */
export function dripping(value: unknown, pause: () => Promise<unknown>, ended: () => void): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  if (typeof Response === 'function' && value instanceof Response) {
    if (value.body === null) return undefined
    return new Response(slowStream(value.body, pause, ended), value)
  }
  if (typeof ReadableStream === 'function' && value instanceof ReadableStream)
    return slowStream(value, pause, ended)
  // Node's streams are iterable as well, and more than that.
  return Symbol.asyncIterator in value && !('pipe' in value)
    ? slowIterable(value as AsyncIterable<unknown>, pause, ended)
    : undefined
}

function slowStream<T>(
  stream: ReadableStream<T>,
  pause: () => Promise<unknown>,
  ended: () => void,
): ReadableStream<T> {
  const reader = stream.getReader()
  return new ReadableStream<T>({
    async pull(controller) {
      try {
        await pause()
        const { done, value } = await reader.read()
        if (!done) {
          controller.enqueue(value)
          return
        }
        ended()
        controller.close()
      } catch (error) {
        ended()
        controller.error(error)
      }
    },
    cancel(reason) {
      ended()
      return reader.cancel(reason)
    },
  })
}

async function* slowIterable(
  iterable: AsyncIterable<unknown>,
  pause: () => Promise<unknown>,
  ended: () => void,
): AsyncGenerator<unknown> {
  try {
    for await (const chunk of iterable) {
      await pause()
      yield chunk
    }
  } finally {
    ended()
  }
}
