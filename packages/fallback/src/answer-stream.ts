/** Answers that come in pieces: a `ReadableStream`, a `Response` with a body, or anything that is async iterable. */

/** Where the pieces come from. */
export interface StreamSource {
  pull(): Promise<IteratorResult<unknown, unknown>>
  /** Lets go of it. Waits for nothing, and never throws. */
  cancel(reason: unknown): void
  /** The same kind of answer, which reads from `reading` instead. */
  wrap(reading: StreamReading): unknown
}

/** What a wrapped answer reads from. */
export interface StreamReading {
  next(): Promise<IteratorResult<unknown, unknown>>
  /** The reader is not interested in the rest. */
  close(reason: unknown): void
}

/** The part of a `Response` that is used; of the platform's, or of a package. */
export interface ResponseLike {
  readonly status: number
  readonly statusText: string
  readonly headers: { get(name: string): string | null }
  readonly url: string
  readonly body: ReadableStream | null
}

/** Whether it looks like the `Response` of a `fetch`. */
export function isResponse(answer: unknown): answer is ResponseLike {
  if (typeof answer !== 'object' || answer === null) return false
  const { status, headers, body, clone } = answer as Partial<ResponseLike> & { clone?: unknown }
  const hasHeaders = typeof (headers as { get?: unknown } | undefined)?.get === 'function'
  return typeof status === 'number' && hasHeaders && body !== undefined && typeof clone === 'function'
}

/** The pieces of an answer, or undefined if it is no stream. A stream that somebody else reads already is none. */
export function streamSource(answer: unknown): StreamSource | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined
  if (isResponse(answer)) return isStream(answer.body) ? responseSource(answer, answer.body) : undefined
  if (isStream(answer)) return readableSource(answer)
  return isIterable(answer) ? iterableSource(answer[Symbol.asyncIterator]()) : undefined
}

/** Ends an answer that nobody will read. Waits for nothing, and never throws. */
export function discardStream(answer: unknown, reason: unknown): void {
  try {
    streamSource(answer)?.cancel(reason)
  } catch {
    // An answer that cannot even be opened holds nothing.
  }
}

function isStream(answer: unknown): answer is ReadableStream {
  if (typeof answer !== 'object' || answer === null) return false
  const { getReader, locked } = answer as Partial<ReadableStream>
  return typeof getReader === 'function' && locked === false
}

function isIterable(answer: object): answer is AsyncIterable<unknown> {
  return typeof (answer as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] === 'function'
}

function readableSource(stream: ReadableStream): StreamSource {
  const reader = stream.getReader()
  return {
    pull: async () => {
      const { done, value } = await reader.read()
      return done ? { done, value: undefined } : { done, value }
    },
    cancel: (reason) => quietly(() => reader.cancel(reason)),
    wrap: readableFrom,
  }
}

function responseSource(response: ResponseLike, body: ReadableStream): StreamSource {
  const { status, statusText, headers, url } = response
  return {
    ...readableSource(body),
    wrap: (reading) => {
      const init = { status, statusText, headers: headers as Headers }
      return Object.defineProperty(new Response(readableFrom(reading), init), 'url', { value: url })
    },
  }
}

function iterableSource(iterator: AsyncIterator<unknown>): StreamSource {
  return {
    pull: async () => iterator.next(),
    cancel: () => quietly(() => iterator.return?.()),
    wrap: iterableFrom,
  }
}

function readableFrom(reading: StreamReading): ReadableStream {
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await reading.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel: (reason) => reading.close(reason),
    },
    { highWaterMark: 0 }, // Reads nothing ahead: back-pressure is the original's.
  )
}

function iterableFrom(reading: StreamReading): AsyncIterableIterator<unknown> {
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    next: () => reading.next(),
    return: async (value) => {
      reading.close(undefined)
      return { done: true, value }
    },
  }
}

function quietly(action: () => unknown): void {
  try {
    Promise.resolve(action()).catch(() => {})
  } catch {
    // Nobody waits for it.
  }
}
