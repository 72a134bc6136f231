import type { CheckOptions, HealthCheck } from '../check.ts'

/** The part of a Redis client that the check uses; ioredis has it. */
export interface RedisLike {
  ping(): Promise<unknown>
  /** As ioredis tells it: `ready`, `wait`, `reconnecting`, … */
  readonly status?: string
}

/**
 * Asks a Redis server for a sign of life. While ioredis is reconnecting it would keep the question for later, so the check fails at once
 * instead.
 */
export function redisCheck(client: RedisLike, options: CheckOptions = {}): HealthCheck {
  return {
    componentType: 'datastore',
    ...options,
    async check() {
      const { status } = client
      if (status !== undefined && status !== 'ready' && status !== 'wait' && status !== 'connecting')
        return { status: 'fail', code: 'refused', output: `the connection is ${status}` }
      await client.ping()
      return true
    },
  }
}
