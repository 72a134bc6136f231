/** The part of ioredis that the stores use: version 5 and 6, one server or a cluster. */
import type { Cluster, Redis } from 'ioredis'

/** Your own client. The stores never close it, and never change its settings. */
export type RedisClient = Redis | Cluster

/** What commands look like to the stores. `Redis` and `Cluster` differ in types that nobody here needs. */
export interface Commands {
  readonly status: string
  call(command: string, args: readonly (string | number)[]): Promise<unknown>
  on(event: string, listener: (...args: never[]) => void): unknown
  off(event: string, listener: (...args: never[]) => void): unknown
}

/** The client by the part that is used. */
export const commandsOf = (client: RedisClient): Commands => client as unknown as Commands
