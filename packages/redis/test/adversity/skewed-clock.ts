/**
 * A server whose clock is wrong. Nobody but root can set the clock of a process, so what the scripts see of it is set instead: the time plus
 * an offset that is kept on the server. What the server itself measures (how long entries were silent, when keys expire) is moved
 * by the same amount, which is what a clock that jumps forward does.
 */
import type { Redis } from 'ioredis'
import { Script } from '../../src/script.ts'

const now = "redis.call('TIME')"

/** Scripts that see the time of the key `skew`, in milliseconds ahead. @throws Error when none of them asks for the time. */
export function skewed<Scripts extends object>(scripts: Scripts, skew: string): Scripts {
  const time = `(function()
    local t, skew = ${now}, tonumber(redis.call('GET', '${skew}') or '0')
    local microseconds = t[1] * 1000000 + t[2] + skew * 1000
    return { math.floor(microseconds / 1000000), microseconds % 1000000 }
  end)()`
  let found = 0
  const changed = Object.entries(scripts).map(([operation, script]: [string, Script]) => {
    if (script.source.includes(now)) found++
    return [operation, new Script(script.source.replaceAll(now, () => time))]
  })
  if (found === 0) throw new Error('no script asks for the time')
  // The same names with the same kind of values.
  return Object.fromEntries(changed) as Scripts
}

/** What the server itself keeps times of. */
export interface KeptTimes {
  /** A stream whose pending entries are measured. */
  readonly stream?: string
  /** Keys that expire. */
  readonly expiring?: readonly string[]
}

/** Lets the clock jump by so many milliseconds. The silence of entries cannot be made negative: a jump back leaves it alone. */
export async function jump(
  client: Redis,
  skew: string,
  milliseconds: number,
  { stream, expiring = [] }: KeptTimes = {},
): Promise<void> {
  await client.incrby(skew, milliseconds)
  if (stream !== undefined && milliseconds > 0) {
    // Nothing is pending where there is no group yet.
    const grouped =
      (await client.exists(stream)) === 1 && ((await client.xinfo('GROUPS', stream)) as unknown[])
    const rows =
      grouped && grouped.length > 0
        ? ((await client.call('XPENDING', stream, 'workers', '-', '+', 10_000)) as PendingRow[])
        : []
    for (const [id, owner, idle, count] of rows)
      await client.call(
        ...(['XCLAIM', stream, 'workers', owner, 0, id] as const),
        ...(['IDLE', idle + milliseconds, 'RETRYCOUNT', count, 'JUSTID'] as const),
      )
  }
  for (const key of expiring) {
    const left = await client.pttl(key)
    if (left > 0) await client.pexpire(key, Math.max(1, left - milliseconds))
  }
}

type PendingRow = readonly [id: string, owner: string, idle: number, count: number]
