/**
 * The bad day as data: what the upstream does when, what it can carry, and how long its users wait. Both upstreams
 * play it, the traffic follows it, and the claims are judged by it. All durations are milliseconds.
 */

/** What the upstream is like. */
export type Mood = 'healthy' | 'errors' | 'hangs' | 'throttled' | 'resets' | 'recovering'

/** A stretch of the day in one mood. `from` and `to` count from the start of the day. */
export interface Phase {
  readonly mood: Mood
  readonly from: number
  readonly to: number
}

/** Everything about a day that both sides share. Plain data, so it can be sent to another process. */
export interface BadDay {
  readonly duration: number
  readonly phases: readonly Phase[]
  /** How long a user waits for an answer before leaving. The same for both clients. */
  readonly patience: number
  /**
   * How long a client may take to find out that the upstream answers again and to get an answer: one open period of
   * the breaker, its trial and one call. A shorter glimpse of a living upstream obliges nobody to have seen it.
   */
  readonly notice: number
  /** Requests a second, all day, whatever the answers are like. */
  readonly rate: number
  /** Products that requests ask for. */
  readonly products: number
  readonly upstream: Capacity
}

/** What one upstream can carry. It works on requests even when the client has left, as most servers do. */
interface Capacity {
  /** Requests that are worked on at once. */
  readonly workers: number
  /** Requests that wait for a worker; more are turned away with a 503. */
  readonly queue: number
  /** How long a worker takes for a request. */
  readonly work: number
  /** How long it takes right after the outage, with cold caches; it gets better from there. */
  readonly coldWork: number
  /** What a 429 asks for. HTTP counts it in whole seconds. */
  readonly retryAfter: number
}

/** What a mood means, for people; `answers` says whether a call in it can succeed at all. */
export const moods: Readonly<Record<Mood, { label: string; short: string; says: string; answers: boolean }>> =
  {
    healthy: { label: 'healthy', short: 'ok', says: 'answers in a few milliseconds', answers: true },
    errors: { label: 'errors', short: '500', says: 'fails every request with a 500', answers: false },
    hangs: { label: 'hangs', short: 'hang', says: 'takes every request and never answers', answers: false },
    throttled: {
      label: '429',
      short: '429',
      says: 'refuses everything: 429, Retry-After: 1',
      answers: false,
    },
    resets: { label: 'resets', short: 'rst', says: 'resets every connection', answers: false },
    recovering: {
      label: 'slow',
      short: 'slow',
      says: 'answers again, slowly: its caches are cold',
      answers: true,
    },
  }

/** The day of the demo, in seconds; another duration stretches it. */
const standardDay: readonly (readonly [Mood, number])[] = [
  ['healthy', 5],
  ['errors', 3],
  ['hangs', 5],
  ['throttled', 3],
  ['resets', 3],
  ['recovering', 5],
  ['healthy', 6],
]

/** How long the day takes as written. */
export const standardDuration = 30_000

/** The standard day, stretched or shortened to `duration` together with the patience of its users. */
export function badDay(duration: number = standardDuration): BadDay {
  const scale = duration / standardDuration
  const phases: Phase[] = []
  for (const [mood, seconds] of standardDay) {
    const from = phases.at(-1)?.to ?? 0
    phases.push({ mood, from, to: from + seconds * 1000 * scale })
  }
  return {
    duration,
    phases,
    patience: 3000 * scale,
    notice: 1300 * scale,
    rate: 50,
    // Fewer in a shorter day, so that as large a part of them has been seen when the outage begins.
    products: Math.ceil(40 * scale),
    upstream: { workers: 4, queue: 500, work: 15, coldWork: 200 * scale, retryAfter: 1000 },
  }
}

/** The phase at a time; before the day its first, after it its last. */
export function phaseAt(day: BadDay, time: number): Phase {
  const phase = day.phases.find(({ to }) => time < to) ?? day.phases.at(-1)
  if (phase === undefined) throw new RangeError('A day needs at least one phase.')
  return phase
}

/** How long a worker takes for a request it starts now: falls from `coldWork` to `work` while caches warm up. */
export function workTime(day: BadDay, time: number): number {
  const { mood, from, to } = phaseAt(day, time)
  const { work, coldWork } = day.upstream
  if (mood !== 'recovering' || coldWork <= work) return work
  return coldWork * (work / coldWork) ** ((time - from) / (to - from))
}

/** When the upstream fails for the first time. */
export function outageStart(day: BadDay): number {
  return day.phases.find(({ mood }) => !moods[mood].answers)?.from ?? day.duration
}

/** When it answers again for good. */
export function recoveryStart(day: BadDay): number {
  return day.phases.findLast(({ mood }) => !moods[mood].answers)?.to ?? 0
}

/**
 * Whether the upstream of this day could answer a request, whatever the client does: it answers when the request
 * is made, or comes back early enough for a client to find out while the user still waits.
 *
 * @param lateness - By how much everything takes longer on a busy machine.
 */
export function answeredByUpstream(day: BadDay, scheduled: number, lateness = 0): boolean {
  const notice = day.notice + lateness
  return (
    answersFor(day, scheduled, arrival + lateness) ||
    (notice < day.patience && answersFor(day, scheduled + day.patience - notice, notice))
  )
}

/** How long a request may be under way: one made a millisecond before the outage meets the outage. */
const arrival = 50

/** Whether it answers from one time on without a break. */
function answersFor(day: BadDay, from: number, length: number): boolean {
  return day.phases.every(
    (phase) => moods[phase.mood].answers || phase.to <= from || phase.from >= from + length,
  )
}
