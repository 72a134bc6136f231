/** Retries many letters by hand, one after the other, at a pace, with news on the way. */
import type { Clock } from '@seaworthy/core'
import type { Desk } from './desk.ts'
import type { LetterSummary } from './letter.ts'
import type { Replayer } from './replayer.ts'
import type { By, LetterFilter, LetterPage, ListQuery } from './store.ts'

const pageSize = 50

/** How far a batch is. */
export interface RetryProgress {
  /** The letter that was just looked at. */
  readonly id: string
  /** How many were looked at so far; the sum of what follows. In a dry run all others stay 0. */
  readonly examined: number
  readonly replayed: number
  /** Somebody else had replayed or settled them meanwhile. */
  readonly already: number
  readonly leased: number
  /** Removed meanwhile. */
  readonly missing: number
  /** Replaying them failed; they are dead again. */
  readonly failed: number
}

/** What a batch needs, checked. */
export interface RetryPlan extends By {
  readonly filter: LetterFilter
  readonly limit: number
  /** Milliseconds from one replay to the next. */
  readonly gap: number
  readonly dryRun: boolean
  readonly signal: AbortSignal
}

/**
 * Letters that are dead when it begins, oldest first. What dies meanwhile is left alone, or a failure that repeats itself would go
 * round in circles.
 */
export async function* retryBatch(
  desk: Desk,
  replayer: Replayer,
  plan: RetryPlan,
): AsyncGenerator<RetryProgress, void, undefined> {
  const { clock } = desk.settings
  const counts = { examined: 0, replayed: 0, already: 0, leased: 0, missing: 0, failed: 0 }
  let next = clock.now()
  for await (const { id } of dead(desk, plan.filter)) {
    if (plan.signal.aborted || counts.examined === plan.limit) return
    if (!plan.dryRun) {
      const wait = next - clock.now()
      if (wait > 0 && !(await slept(clock, wait, plan.signal))) return
      next = Math.max(next, clock.now()) + plan.gap
      const { outcome } = await replayer.retry(id, { actor: plan.actor, reason: plan.reason })
      counts[outcome]++
    }
    counts.examined++
    yield { id, ...counts }
  }
}

async function* dead(desk: Desk, filter: LetterFilter): AsyncGenerator<LetterSummary, void, undefined> {
  let began: number | undefined
  let cursor: string | undefined
  do {
    const query: ListQuery = { ...filter, state: 'dead', order: 'oldest', limit: pageSize, cursor }
    const page: LetterPage = await desk.ask('list', (store) => store.list(query))
    began ??= page.now
    for (const item of page.items) {
      if (item.diedAt > began) return
      yield item
    }
    cursor = page.next
  } while (cursor !== undefined)
}

/** Whether the wait came to its end. */
function slept(clock: Clock, delay: number, signal: AbortSignal): Promise<boolean> {
  return clock.sleep(delay, signal).then(
    () => true,
    () => false,
  )
}
