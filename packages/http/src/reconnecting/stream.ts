import type { Connection } from './connection.ts'

/**
 * A connection over a stream or any other async iterable, such as a `ReadableStream`, a Node stream or a generator. It is read only as fast as
 * its messages are taken.
 *
 * @param close - What ends it besides leaving the loop over it. A `ReadableStream` or a generator that waits for something cannot be left
 *   before that has come: abort what it waits for.
 */
export function fromIterable<In>(
  messages: AsyncIterable<In>,
  close: () => unknown = () => {},
): Connection<In> {
  return { messages, close }
}
