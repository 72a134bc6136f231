/** Services that other teams run, as they look from here. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Mood, moodAt, type ServiceName } from './script.ts'

/** One call of a service. */
export type Call = (signal: AbortSignal | undefined) => Promise<string>

/** How long an answer takes, in milliseconds, at least and on average beyond that. */
const pace: Readonly<Record<Exclude<Mood, 'hangs'>, readonly [number, number]>> = {
  well: [4, 12],
  slow: [60, 120],
  fails: [2, 3],
  refuses: [4, 12],
}

/** @param time - Tells the part of the day, from 0 to 1. */
export function serviceCall(name: ServiceName, time: () => number): Call {
  return async (signal) => {
    const mood = moodAt(name, time())
    if (mood === 'hangs') await sleep(60_000, undefined, { ...(signal && { signal }), ref: false })
    const [least, more] = pace[mood === 'hangs' ? 'slow' : mood]
    await sleep(least - Math.log(1 - Math.random()) * more, undefined, signal && { signal })
    if (mood === 'fails')
      throw Object.assign(new Error(`connect ECONNREFUSED ${name}`), { code: 'ECONNREFUSED' })
    if (mood === 'refuses' && Math.random() < 0.1)
      throw Object.assign(new Error('550 the mailbox of ada@example.com does not exist'), { status: 422 })
    return `answer of ${name}`
  }
}
