/**
 * Idempotency around runs: one record a task id, claimed before the handler starts and settled before the task is
 * acknowledged. Where the stores can do it, many tasks share a call, and each has an answer of its own.
 */
import {
  type Claim,
  type ClaimOf,
  fingerprintOf,
  type IdempotencyStore,
  recordKey,
} from '@seaworthy/idempotency'
import { Batches } from './batches.ts'
import type { CommitAnswer, TaskCommit, TaskEnd } from './commit.ts'
import { answerWithin, type Desk, storeLimit } from './desk.ts'
import type { Held } from './hands.ts'
import { classOf, pause } from './insist.ts'
import type { IdempotencySettings } from './options.ts'

/**
 * - `run`: the grant is ours, and on the held task.
 * - `duplicate`: it was done before.
 * - a number: another delivery of it is under way, for so many milliseconds at least.
 * - `conflict`: the id was used with another payload.
 * - `unknownOutcome`: somebody died over it, and it must not run twice.
 */
export type Clearance = 'run' | 'duplicate' | number | 'conflict' | 'unknownOutcome'

/** Hears what the stores said of a task, unless the worker ended meanwhile. */
export interface GuardListener {
  /** Answers {@link Guard.claim}. */
  cleared(held: Held, clearance: Clearance): void
  /** The record is settled, and the task is still to be acknowledged. */
  recorded(held: Held): void
  /** The record went to somebody else. */
  superseded(held: Held): void
  /** Record and task are done; or the task was lost, and nothing has changed. */
  committed(held: Held, answer: 'done' | 'lost'): void
}

/** A task on its way to the idempotency store. */
interface Asked extends ClaimOf {
  readonly held: Held
}

/** A task on its way to the stream. */
interface Ended extends TaskEnd {
  readonly held: Held
}

/** The answer to a claim, and when that was sent. */
interface Answered {
  readonly claim: Claim
  readonly sentAt: number
}

/**
 * Smaller than the fifty of acknowledgements: claims and commits cost the server more, and it works on one batch while this process works
 * on the next (bench:queue: `work.50`, 1.24 with sixteen and 0.81 with fifty).
 */
const fullBatch = 16

export class Guard {
  readonly #desk: Desk
  readonly #settings: IdempotencySettings
  readonly #listener: GuardListener
  /** Undefined if the store takes one claim at a time. */
  readonly #claims: Batches<Asked, Answered> | undefined
  /** Undefined if record and task are not in one place. */
  readonly #commits: Batches<Ended, CommitAnswer> | undefined
  /**
   * How long a silent owner keeps its grant. Over when the stream lets others take the task, or they would have to
   * wait for the record after they got the task.
   */
  readonly #lease: number

  constructor(desk: Desk, settings: IdempotencySettings, listener: GuardListener) {
    const { stream, minIdle, margin } = desk.settings
    this.#desk = desk
    this.#settings = settings
    this.#listener = listener
    this.#lease = minIdle - margin
    const { store } = settings
    if (store.claimMany !== undefined)
      this.#claims = new Batches(
        (batch) => this.#claimTogether(batch),
        (asked, answered) => this.#claimed(asked, answered),
        fullBatch,
      )
    const commit = stream.commits(store)
    if (commit !== undefined)
      this.#commits = new Batches(
        (batch) => this.#commitTogether(batch, commit),
        ({ held }, answer) => this.#committed(held, answer),
        fullBatch,
      )
  }

  /** Tasks that are done and not yet on their way to the stream. */
  get unsent(): number {
    return this.#commits?.collected ?? 0
  }

  /** Asks for leave to run. A store that is down is asked until it answers: without its word nothing runs. */
  claim(held: Held): void {
    const { scope, ttl, takeover } = this.#settings
    const { task, payload, receipt } = held.delivery
    const key = recordKey(scope, task)
    if (key === undefined) {
      this.#listener.cleared(held, 'conflict')
      return
    }
    const lease = this.#lease
    const owner = `${this.#desk.settings.owner}/${receipt}`
    const fingerprint = fingerprintOf(payload)
    const asked = {
      held,
      key,
      request: { owner, fingerprint, lease, retain: Math.max(ttl, lease), takeover },
    }
    if (this.#claims === undefined) void this.#claimAlone(asked, 0)
    else this.#claims.add(asked)
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

  /** Records that the task is done, and acknowledges it in the same step if the stream can. */
  complete(held: Held): void {
    const { grant } = held
    if (grant === undefined) {
      this.#listener.recorded(held)
      return
    }
    const { key, owner, fence } = grant
    const { ttl } = this.#settings
    const completion = { owner, fence, state: 'completed', payload: undefined, ttl } as const
    const ended = { held, receipt: held.delivery.receipt, key, completion }
    if (this.#commits === undefined) void this.#record(ended)
    else this.#commits.add(ended)
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

  async #claimTogether(batch: readonly Asked[]): Promise<readonly Answered[] | undefined> {
    const { store } = this.#settings
    const sentAt = this.#desk.now()
    const claims = await this.#together(
      'idempotency.claim',
      () =>
        answerWithin(this.#desk.settings.clock, storeLimit, 'idempotency.claim', () =>
          claimAll(store, batch),
        ),
      () => {
        for (const asked of batch) void this.#claimAlone(asked, 1)
      },
    )
    return claims?.map((claim) => ({ claim, sentAt }))
  }

  async #claimAlone(asked: Asked, failures: number): Promise<void> {
    const { key, request } = asked
    let sentAt = 0
    const ask = (): Promise<Claim> => {
      sentAt = this.#desk.now()
      return this.#settings.store.claim(key, request)
    }
    const claim = await this.#desk.insistWithin('idempotency.claim', ask, failures)
    if (claim !== undefined) this.#claimed(asked, { claim, sentAt })
  }

  #claimed({ held, key, request }: Asked, { claim, sentAt }: Answered): void {
    if ('fence' in claim && claim.kind !== 'abandoned')
      held.grant = { key, owner: request.owner, fence: claim.fence, confirmedAt: sentAt }
    this.#listener.cleared(held, clearanceOf(claim))
  }

  #commitTogether(batch: readonly Ended[], commit: TaskCommit): Promise<readonly CommitAnswer[] | undefined> {
    const { owner } = this.#desk.settings
    return this.#together(
      'commit',
      () => commit.commit(owner, batch),
      () => {
        for (const ended of batch) void this.#commitAlone(ended, commit)
      },
    )
  }

  async #commitAlone(ended: Ended, commit: TaskCommit): Promise<void> {
    const { owner } = this.#desk.settings
    const answers = await this.#desk.insist('commit', () => commit.commit(owner, [ended]), 1)
    if (answers !== undefined) this.#committed(ended.held, answers[0] as CommitAnswer)
  }

  #committed(held: Held, answer: CommitAnswer): void {
    if (answer === 'stale') this.#listener.superseded(held)
    else this.#listener.committed(held, answer)
  }

  async #record({ held, key, completion }: Ended): Promise<void> {
    const { store } = this.#settings
    const answer = await this.#desk.insistWithin('idempotency.complete', () =>
      store.complete(key, completion),
    )
    if (answer === 'stale') this.#listener.superseded(held)
    else if (answer !== undefined) this.#listener.recorded(held)
  }

  /**
   * One call for many tasks. When it fails they are tried one by one after a pause, so that a record that cannot be read
   * holds up nobody else, and those that come meanwhile go their own way.
   */
  async #together<T>(
    operation: string,
    call: () => Promise<T>,
    oneByOne: () => void,
  ): Promise<T | undefined> {
    const { ended, settings } = this.#desk
    if (ended.aborted) return undefined
    try {
      return await call()
    } catch (error) {
      const delay = pause(1, settings.random)
      this.#desk.trouble({ operation, failures: 1, delay, failureClass: classOf(error) })
      settings.clock.sleep(delay, ended).then(oneByOne, () => {})
      return undefined
    }
  }
}

/** A single one goes the plain way, which costs less. */
async function claimAll(store: IdempotencyStore, batch: readonly Asked[]): Promise<readonly Claim[]> {
  const [first] = batch
  if (batch.length === 1 && first !== undefined) return [await store.claim(first.key, first.request)]
  return store.claimMany?.(batch) ?? []
}

function clearanceOf(claim: Claim): Clearance {
  switch (claim.kind) {
    case 'acquired':
    case 'retried':
    case 'recovered':
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
