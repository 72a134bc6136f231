/**
 * What tasks have an effect on: a ledger of its own, on a server that nobody kills. It does what a database would do with a unique
 * key on the task and a column for the fence, and writes down every effect in a journal that only grows.
 */
import { Redis } from 'ioredis'

/** What came of an effect. `already`: another run of the task had it. `stale`: another run with a greater fence has begun. */
type Effect = 'applied' | 'already' | 'stale'

export interface Ledger {
  /** Says that a run begins; from then on runs with lower fences have no effect. */
  begin(task: string, fence: number): Promise<'begun' | 'stale'>
  /** Has the effect, once for each task. */
  apply(task: string, fence: number): Promise<Effect>
  /** Has the effect without any question. */
  applyAlways(task: string): Promise<void>
  /** The greatest fence with which a run of the task began; 0 if none did. */
  fenceOf(task: string): Promise<number>
  /** The task of each effect, in order. */
  journal(): Promise<string[]>
  /** How often something was refused as `already` or `stale`. */
  refused(): Promise<Readonly<Record<'already' | 'stale', number>>>
  close(): void
}

const begin = `
local fence, seen = tonumber(ARGV[2]), tonumber(redis.call('HGET', 'fences', ARGV[1]) or '0')
if fence < seen then redis.call('INCR', 'stale') return 'stale' end
redis.call('HSET', 'fences', ARGV[1], ARGV[2])
return 'begun'`

const apply = `
if redis.call('HEXISTS', 'applied', ARGV[1]) == 1 then redis.call('INCR', 'already') return 'already' end
if tonumber(ARGV[2]) < tonumber(redis.call('HGET', 'fences', ARGV[1])) then redis.call('INCR', 'stale') return 'stale' end
redis.call('HSET', 'applied', ARGV[1], ARGV[2])
redis.call('RPUSH', 'journal', ARGV[1])
return 'applied'`

/** @param url - Where the ledger is: a server for it alone. */
export function ledgerAt(url: string): Ledger {
  const client = new Redis(url, {
    enableAutoPipelining: true,
    scripts: {
      beginRun: { lua: begin, numberOfKeys: 0 },
      applyEffect: { lua: apply, numberOfKeys: 0 },
    },
  })
  const scripts = client as unknown as {
    beginRun(task: string, fence: number): Promise<'begun' | 'stale'>
    applyEffect(task: string, fence: number): Promise<Effect>
  }
  return {
    begin: (task, fence) => scripts.beginRun(task, fence),
    apply: (task, fence) => scripts.applyEffect(task, fence),
    async applyAlways(task) {
      await client.rpush('journal', task)
    },
    fenceOf: async (task) => Number(await client.hget('fences', task)),
    journal: () => client.lrange('journal', 0, -1),
    async refused() {
      const [already, stale] = await client.mget('already', 'stale')
      return { already: Number(already), stale: Number(stale) }
    },
    close: () => client.disconnect(),
  }
}
