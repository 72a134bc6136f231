import type { Connect } from './connection.ts'
import type { Reconnecting } from './feed.ts'
import { type ReconnectingOptions, settingsOf } from './options.ts'
import { ReconnectingConnection } from './reconnecting-connection.ts'

/**
 * Keeps a long-lived connection alive: a WebSocket, a stream of server-sent events, a subscription. It connects at once, and again whenever
 * the connection is lost, after a random wait that grows until a connection has been stable. The next connection is told where the
 * last one got to. Messages sent meanwhile wait in order; messages that came are taken with `for await`, and the source pauses when
 * they are not.
 *
 * Leaving a `for await` loop does not close it: another loop goes on.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { reconnecting } from '@seaworthy/http/reconnecting'
 *
 * const pages = [['a', 'b'], ['c', 'd']]
 * const feed = reconnecting<string>(({ resumeToken }) => {
 *   console.log('connects after', resumeToken) // connects after undefined, connects after b
 *   const page = pages.shift() ?? []
 *   return { messages: (async function* () { yield* page })(), close() {} }
 * }, { resumeTokenOf: (message) => message, backoff: { initial: '10ms' } })
 *
 * for await (const message of feed) {
 *   console.log(message) // a, b, c, d
 *   if (message === 'd') break
 * }
 * await feed.close()
 * ```
 */
export function reconnecting<In, Out = never>(
  connect: Connect<In, Out>,
  options: ReconnectingOptions<In> = {},
): Reconnecting<In, Out> {
  return new ReconnectingConnection(connect, settingsOf(options), options)
}
