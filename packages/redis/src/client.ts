/** The part of ioredis that the stores use: version 5 and 6, one server or a cluster. */
import type { Cluster, Redis } from 'ioredis'

/** Your own client. The stores never close it, and never change its settings. */
export type RedisClient = Redis | Cluster

/** What commands look like to the stores. `Redis` and `Cluster` differ in types that nobody here needs. */
export interface Commands {
  readonly status: string
  /** The socket of a server, another one after each reconnection; ioredis has it, but does not tell. A cluster has none. */
  readonly stream?: unknown
  call(command: string, args: readonly (string | number)[]): Promise<unknown>
  pipeline(): Pipeline
  on(event: string, listener: (...args: never[]) => void): unknown
  off(event: string, listener: (...args: never[]) => void): unknown
}

/** Commands that leave together, on one connection. Sent again after a lost connection, they are so as a whole. */
export interface Pipeline {
  call(command: string, args: readonly (string | number)[]): unknown
  exec(): Promise<readonly (readonly [error: Error | null, answer: unknown])[] | null>
}

/** The client by the part that is used. */
export const commandsOf = (client: RedisClient): Commands => client as unknown as Commands
