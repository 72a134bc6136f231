/** Works through letters that are due, each as its strategy decides. */
import { duration } from '@seaworthy/core'
import { type BatchOutcome, type BatchStatistics, noStatistics } from './batch-statistics.ts'
import type { Desk } from './desk.ts'
import { LeaseKeeper } from './lease-keeper.ts'
import type { StoredLetter } from './letter.ts'
import type { SettleOutcome } from './machine.ts'
import { holds, type RecoveryDecision } from './recovery.ts'
import type { Replayer } from './replayer.ts'
import type { By, ClaimRequest, LetterFilter } from './store.ts'

const by: By = { actor: 'recovery', reason: undefined }

/** Which letters {@link DeadLetters.processBatch} takes. */
export interface BatchFilter extends LetterFilter {
  /** Whether to look at letters as well that are not due, or wait for a person. @defaultValue `false` */
  readonly all?: boolean
}

/** Recovery of one queue in one process. Batches may overlap: leases keep them apart, and they share the pace. */
export class Recovery {
  readonly #desk: Desk
  readonly #replayer: Replayer
  readonly #signal: AbortSignal
  /** When the next replay may begin, on the clock of the queue. */
  #nextReplay = 0
  readonly #running = new Set<Promise<unknown>>()

  constructor(desk: Desk, replayer: Replayer, signal: AbortSignal) {
    this.#desk = desk
    this.#replayer = replayer
    this.#signal = signal
  }

  /** How many batches are under way. */
  get active(): number {
    return this.#running.size
  }

  /** Resolves when the batches that are under way have ended. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#running)
  }

  process(size: number, filter: BatchFilter): Promise<BatchStatistics> {
    const batch = this.#process(size, filter).finally(() => this.#running.delete(batch))
    this.#running.add(batch)
    return batch
  }

  async #process(size: number, { all = false, type, errorClass }: BatchFilter): Promise<BatchStatistics> {
    const { owner, lease, clock } = this.#desk.settings
    const request: ClaimRequest = { type, errorClass, limit: size, leaseFor: lease, owner, dueOnly: !all }
    const askedAt = clock.now()
    const { fence, letters } = await this.#desk.ask('claim', (store) => store.claim(request))
    const statistics = await this.#work(letters, fence, askedAt)
    statistics.duration = clock.now() - askedAt
    this.#tell(statistics)
    return statistics
  }

  async #work(letters: readonly StoredLetter[], fence: number, askedAt: number) {
    const statistics = noStatistics()
    statistics.claimed = letters.length
    const keeper = new LeaseKeeper(
      this.#desk,
      letters.map(({ id }) => id),
      fence,
      askedAt,
    )
    try {
      for (const letter of letters) {
        const outcome = keeper.holds(letter.id) ? await this.#one(letter, fence, keeper) : 'lost'
        statistics[outcome]++
        keeper.release(letter.id)
      }
      return statistics
    } finally {
      // When the store fails in between, the leases of the rest lapse.
      keeper.stop()
    }
  }

  async #one(letter: StoredLetter, fence: number, keeper: LeaseKeeper): Promise<BatchOutcome> {
    // A process that crashed in the middle of a replay left it behind. It may be out: finish it, whatever strategies say.
    if (letter.state === 'replaying') return this.#replay(letter, fence, keeper)
    if (this.#signal.aborted) return this.#settle(letter, fence, 'returned', 'paused', 0)
    const decision = await this.#decide(letter)
    if (decision === 'replay') return this.#replay(letter, fence, keeper)
    if (decision === 'leave') return this.#settle(letter, fence, 'returned', 'left', undefined)
    if (decision === 'resolve') return this.#settle(letter, fence, 'resolved', 'resolved', undefined)
    if (decision === 'discard') return this.#settle(letter, fence, 'discarded', 'discarded', undefined)
    return this.#settle(letter, fence, 'returned', 'waiting', decision.wait)
  }

  /** What to do, with waits in milliseconds. */
  async #decide(
    letter: StoredLetter,
  ): Promise<Exclude<RecoveryDecision, object> | { readonly wait: number }> {
    const { payload: _payload, ...rest } = letter
    const tools = { open: () => this.#desk.open(letter), signal: this.#signal }
    try {
      const decision = await this.#desk.strategyFor(letter).decide(rest, tools)
      if (typeof decision === 'object') return { wait: duration('wait', decision.wait) }
      if (decisions.includes(decision)) return decision
      throw new TypeError('A recovery strategy must answer with a decision')
    } catch (error) {
      this.#desk.tellStrategyFailed(letter, error)
      return { wait: this.#desk.settings.recoverEvery }
    }
  }

  async #replay(letter: StoredLetter, fence: number, keeper: LeaseKeeper): Promise<BatchOutcome> {
    const { store, when, recoverEvery } = this.#desk.settings
    const begun = letter.state === 'replaying'
    const mayReplay = (when === undefined || (await holds(when))) && (await this.#turn())
    if (!mayReplay) {
      // What was begun cannot be given back. Its lease lapses, and the next round finds it.
      return begun
        ? 'paused'
        : this.#settle(letter, fence, 'returned', 'paused', this.#signal.aborted ? 0 : recoverEvery)
    }
    if (!keeper.holds(letter.id)) return 'lost'
    if (!begun) {
      const settlement = { outcome: 'replay', dueIn: undefined, ...by } as const
      const answer = await this.#desk.ask('settle', (store) => store.settle(letter.id, fence, settlement))
      if (answer !== 'done') return 'lost'
      if (store.replaysItself) {
        this.#desk.tellReplayed(letter, by.actor)
        return 'replayed'
      }
    }
    return (await this.#replayer.publish(letter, fence, keeper, by)).outcome
  }

  /** Waits until the pace allows another replay. @returns Whether the queue is still open then. */
  async #turn(): Promise<boolean> {
    const { clock, gap } = this.#desk.settings
    const now = clock.now()
    const turn = Math.max(now, this.#nextReplay)
    this.#nextReplay = turn + gap
    try {
      if (turn > now) await clock.sleep(turn - now, this.#signal)
    } catch {
      // Closed while it waited.
    }
    return !this.#signal.aborted
  }

  async #settle(
    letter: StoredLetter,
    fence: number,
    outcome: SettleOutcome,
    counted: BatchOutcome,
    dueIn: number | undefined,
  ): Promise<BatchOutcome> {
    const settlement = { outcome, dueIn, ...by }
    const answer = await this.#desk.ask('settle', (store) => store.settle(letter.id, fence, settlement))
    if (answer !== 'done') return 'lost'
    if (outcome === 'resolved' || outcome === 'discarded') this.#desk.tellSettled(letter, outcome, by.actor)
    return counted
  }

  #tell(statistics: BatchStatistics): void {
    const { events, name } = this.#desk
    if (events.wants('recovered')) events.emit('recovered', { name, ...statistics })
  }
}

const decisions: readonly unknown[] = ['replay', 'resolve', 'discard', 'leave']
