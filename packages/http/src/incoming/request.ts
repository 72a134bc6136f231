/** What the engine needs of a server: a request to look at and a response to answer. */
import type { Answer } from './answer.ts'

/** A request, as the functions of rules see it, whatever the server. */
export interface IncomingRequest {
  /** Upper case, such as `GET`. */
  readonly method: string
  /** The path as it came, without the query. */
  readonly path: string
  /** The address of the other end of the connection; undefined where the server does not say. */
  readonly remoteAddress: string | undefined
  /** The server's own request. */
  readonly raw: unknown
  /** The value of a header, by its name in lower case. A method: call it on the request. */
  header(name: string): string | undefined
}

/** A request and its response. For authors of adapters. */
export interface Exchange extends IncomingRequest {
  /** Whether nothing of the response was sent yet, and somebody is there to send it to. */
  readonly open: boolean
  /** Sets a header of the response to come. */
  setHeader(name: string, value: string): void
  /**
   * The handler does not run, or its response comes too late: sends the answer, if there is one and the exchange is open, and
   * lets nothing else be sent. Called at most once.
   */
  close(answer: Answer | undefined): void
}
