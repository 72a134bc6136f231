/**
 * From what a check says to what is published: a pure function, so that one odd answer wakes nobody.
 *
 * A worse status needs `failureThreshold` answers in a row that are worse than the published one, a better status
 * `successThreshold` better ones; the first answer of all is published at once. Six changes within ten minutes are
 * flapping: to be believed again, a recovery needs two answers more.
 */
import type { HealthStatus } from './report.ts'

/** Where an answer lies beside what is published. */
type Side = 'worse' | 'better' | 'same'

/** What is remembered of a check's answers. Times are those of the clock that is passed in. */
export interface Publication {
  readonly published: HealthStatus | undefined
  readonly since: number
  readonly last: HealthStatus | undefined
  /** Answers in a row like the last one. */
  readonly consecutive: number
  /** Answers in a row that were worse, or all better, than what is published. */
  readonly streak: { readonly side: Side; readonly length: number }
  /** When the published status changed, the latest few. */
  readonly changes: readonly number[]
}

/** How many answers a change needs. */
export interface PublicationRules {
  readonly failureThreshold: number
  readonly successThreshold: number
}

const flappingChanges = 6
const flappingWithin = 600_000
const extraWhileFlapping = 2

/** Before the first answer. */
export const nothingPublished: Publication = {
  published: undefined,
  since: 0,
  last: undefined,
  consecutive: 0,
  streak: { side: 'same', length: 0 },
  changes: [],
}

/** Takes in an answer. */
export function publish(
  before: Publication,
  answer: HealthStatus,
  now: number,
  { failureThreshold, successThreshold }: PublicationRules,
): Publication {
  const consecutive = before.last === answer ? before.consecutive + 1 : 1
  const { published } = before
  if (published === undefined)
    return { ...before, published: answer, since: now, last: answer, consecutive: 1 }
  const side = sideOf(rank[answer] - rank[published])
  const length = before.streak.side === side ? before.streak.length + 1 : 1
  const heard = { ...before, last: answer, consecutive, streak: { side, length } }
  const extra = isFlapping(before, now) ? extraWhileFlapping : 0
  const needed = side === 'worse' ? failureThreshold : successThreshold + extra
  if (side === 'same' || length < needed) return heard
  return {
    ...heard,
    published: answer,
    since: now,
    streak: { side: 'same', length: 0 },
    changes: [...before.changes, now].slice(-flappingChanges),
  }
}

/** Whether the status has changed too often lately. */
export function isFlapping({ changes }: Publication, now: number): boolean {
  const first = changes.length < flappingChanges ? undefined : changes[0]
  return first !== undefined && now - first <= flappingWithin
}

const sideOf = (difference: number): Side => (difference > 0 ? 'worse' : difference < 0 ? 'better' : 'same')

const rank: Record<HealthStatus, number> = { pass: 0, warn: 1, fail: 2 }
