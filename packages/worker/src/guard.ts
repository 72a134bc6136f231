/**
 * Idempotency around runs: one record a task id, claimed before the handler starts and settled before the task is
 * acknowledged.
 */
import { fingerprintOf, recordKey } from '@seaworthy/idempotency'
import type { TaskCommit } from './commit.ts'
import type { Desk } from './desk.ts'
import type { Held } from './hands.ts'
import type { IdempotencySettings } from './options.ts'

/**
 * - `run`: the grant is ours, and on the held task.
 * - `duplicate`: it was done before.
 * - a number: another delivery of it is under way, for so many milliseconds at least.
 * - `conflict`: the id was used with another payload.
 * - `unknownOutcome`: somebody died over it, and it must not run twice.
 * - `ended`: the worker ended meanwhile.
 */
export type Clearance = 'run' | 'duplicate' | number | 'conflict' | 'unknownOutcome' | 'ended'

export class Guard {
  readonly #desk: Desk
  readonly #settings: IdempotencySettings
  readonly #commit: TaskCommit | undefined
  /**
   * How long a silent owner keeps its grant. Over when the stream lets others take the task, or they would have to
   * wait for the record after they got the task.
   */
  readonly #lease: number

  constructor(desk: Desk, settings: IdempotencySettings) {
    const { stream, minIdle, margin } = desk.settings
    this.#desk = desk
    this.#settings = settings
    this.#commit = stream.commits(settings.store)
    this.#lease = minIdle - margin
  }

  /** Asks for leave to run. A store that is down is asked until it answers: without its word nothing runs. */
  async claim(held: Held): Promise<Clearance> {
    const { store, scope, ttl, takeover } = this.#settings
    const { task, payload, receipt } = held.delivery
    const key = recordKey(scope, task)
    if (key === undefined) return 'conflict'
    const owner = `${this.#desk.settings.owner}/${receipt}`
    const request = { owner, fingerprint: fingerprintOf(payload), lease: this.#lease, takeover }
    const retain = Math.max(ttl, this.#lease)
    let sentAt = 0
    const claim = await this.#desk.insistWithin('idempotency.claim', () => {
      sentAt = this.#desk.now()
      return store.claim(key, { ...request, retain })
    })
    switch (claim?.kind) {
      case undefined:
        return 'ended'
      case 'acquired':
      case 'retried':
      case 'recovered':
        held.grant = { key, owner, fence: claim.fence, confirmedAt: sentAt }
        return 'run'
      case 'inFlight':
        return Math.ceil(claim.leaseLeft)
      case 'completed':
      case 'failed':
        return 'duplicate'
      case 'mismatch':
        return 'conflict'
      case 'abandoned':
        return 'unknownOutcome'
    }
  }

  /** Keeps the grant. One that is gone means that the task is. */
  async renew(held: Held): Promise<void> {
    const { grant } = held
    if (grant === undefined) return
    const { store, ttl } = this.#settings
    const { key, owner, fence } = grant
    const sentAt = this.#desk.now()
    const request = { owner, fence, lease: this.#lease, retain: Math.max(ttl, this.#lease) }
    try {
      const renewal = await store.renew(key, request)
      if (renewal === 'renewed') grant.confirmedAt = Math.max(grant.confirmedAt, sentAt)
      else if (held.stage === 'running') this.#desk.lose(held, 'taken')
    } catch {
      // The pulse notices grants that were not renewed for too long.
    }
  }

  /** Whether the grant may be over, for all we know. */
  mayBeOver(held: Held): boolean {
    const { grant } = held
    if (grant === undefined) return false
    return this.#desk.now() - grant.confirmedAt >= this.#lease - this.#desk.settings.margin
  }

  /**
   * Records that the task is done and acknowledges it, in one step if the stream can. @returns `recorded` if only the
   * record is settled, `stale` if it went to somebody else; undefined if the worker ended.
   */
  async complete(held: Held): Promise<'done' | 'recorded' | 'lost' | 'stale' | undefined> {
    const { grant } = held
    if (grant === undefined) return 'recorded'
    const { store, ttl } = this.#settings
    const { key, owner, fence } = grant
    const completion = { owner, fence, state: 'completed', payload: undefined, ttl } as const
    const commit = this.#commit
    if (commit !== undefined) {
      const by = this.#desk.settings.owner
      return this.#desk.insist('commit', () => commit.commit(by, held.delivery.receipt, key, completion))
    }
    const answer = await this.#desk.insistWithin('idempotency.complete', () =>
      store.complete(key, completion),
    )
    return answer === 'stored' || answer === 'already' || answer === 'gone' ? 'recorded' : answer
  }

  /** Records that the handler failed and another run is welcome. */
  async fail(held: Held): Promise<void> {
    const { grant } = held
    if (grant === undefined) return
    const { store, ttl } = this.#settings
    const { key, owner, fence } = grant
    const completion = { owner, fence, state: 'retryable', payload: undefined, ttl } as const
    await this.#desk.insistWithin('idempotency.complete', () => store.complete(key, completion))
  }

  /**
   * Lets go of a grant whose handler may still run: whoever comes next finds it abandoned. Once, as it expires by
   * itself.
   */
  async abandon(held: Held): Promise<void> {
    const { grant } = held
    if (grant === undefined) return
    const { store, ttl } = this.#settings
    const { key, owner, fence } = grant
    await store.renew(key, { owner, fence, lease: 0, retain: ttl }).catch(() => {})
  }
}
