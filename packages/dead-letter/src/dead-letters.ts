import {
  count,
  defaultHub,
  duration,
  Emitter,
  failureClass,
  type Hub,
  InvalidOptionError,
  knownOptions,
  type Listener,
  number,
} from '@seaworthy/core'
import { type AddOptions, addLetter, type PreparedLetter, prepareLetter } from './add-letter.ts'
import { type BatchStatistics, noStatistics, sumUp } from './batch-statistics.ts'
import { Desk } from './desk.ts'
import { DeadLetterLeasedError, DeadLetterNotFoundError, DeadLetterReplayError } from './errors.ts'
import type { DeadLettersEvents } from './events.ts'
import type { Letter, LetterCounts, LetterGroup, OpenLetter } from './letter.ts'
import { type DeadLettersOptions, settingsOf } from './options.ts'
import type {
  AuditOptions,
  DeadLetters,
  DiscardAnswer,
  ListOptions,
  Operator,
  PurgeOptions,
  RetryAnswer,
  RetryBatchOptions,
  RetryOptions,
} from './queue.ts'
import { type BatchFilter, Recovery } from './recovery-batch.ts'
import { Replayer, type RetryOutcome } from './replayer.ts'
import { type Limits, trim } from './retention.ts'
import { type RetryProgress, retryBatch } from './retry-batch.ts'
import type { AuditPage, By, DeadLetterStore, LetterFilter, LetterPage, ListQuery } from './store.ts'
import { type DeadLetterUpkeep, Upkeep } from './upkeep.ts'
import type { UpkeepTask } from './upkeep-job.ts'
import type { PurgeStatistics, UpkeepJob } from './upkeep-status.ts'

/**
 * Keeps what failed for good until somebody, or a strategy, deals with it: inspects, replays, discards.
 *
 * Letters are replayed at least once and published by one process at a time, always under the same replay id. With a consumer that
 * takes that id as its idempotency key, a replay has its effect once.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { deadLetters, memoryDeadLetters } from '@seaworthy/dead-letter'
 *
 * const queue = deadLetters<{ to: string }>({
 *   store: memoryDeadLetters(),
 *   replay: ({ message }, { replayId }) => console.log('sent again to', message.to, replayId.length > 0),
 * })
 * const id = await queue.add({ to: 'ada@example.com' }, new Error('mailbox full'))
 * console.log((await queue.retry(id, { actor: 'grace' })).outcome) // replayed
 * ```
 */
export function deadLetters<Message = unknown>(options: DeadLettersOptions<Message>): DeadLetters<Message> {
  return new Queue<Message>(options)
}

/** The most batches in one round of upkeep: letters that fall due again at once must not keep it going for ever. */
const batchesPerRound = 50

class Queue<Message> implements DeadLetters<Message> {
  readonly kind = 'dead-letters'
  readonly name: string | undefined
  readonly #desk: Desk
  readonly #events: Emitter<DeadLettersEvents>
  readonly #replayer: Replayer
  readonly #recovery: Recovery
  readonly #upkeep: Upkeep
  readonly #closing = new AbortController()
  readonly #unregister: () => void
  /** The counts of the last time somebody asked, for the snapshot, which may not wait. */
  #counts: LetterCounts | undefined = undefined

  constructor(options: DeadLettersOptions<Message>) {
    const settings = settingsOf(options)
    const { name, hub = defaultHub } = options
    this.name = name
    this.#events = new Emitter(this.kind, name, hub)
    this.#desk = new Desk(name, settings, this.#events)
    this.#replayer = new Replayer(this.#desk)
    this.#recovery = new Recovery(this.#desk, this.#replayer, this.#closing.signal)
    const { trimEvery, recoverEvery } = settings
    const retention: UpkeepTask = { job: 'retention', every: trimEvery, run: () => this.#retain() }
    const recovery: UpkeepTask = { job: 'recovery', every: recoverEvery, run: () => this.#recover() }
    this.#upkeep = new Upkeep(this.#desk, this.#replays ? [recovery, retention] : [retention])
    this.#unregister = this.#register(hub)
  }

  async add(message: Message, error: unknown, options: AddOptions = {}): Promise<string> {
    return addLetter(this.#desk, message, error, options)
  }

  get store(): DeadLetterStore {
    return this.#desk.settings.store
  }

  get upkeep(): DeadLetterUpkeep {
    return this.#upkeep
  }

  async prepare(message: Message, error: unknown, options: AddOptions = {}): Promise<PreparedLetter> {
    return prepareLetter(this.#desk, message, error, options)
  }

  async lookup(dedupeKey: string): Promise<string | undefined> {
    return this.#desk.ask('lookup', async (store) => store.lookup?.(dedupeKey))
  }

  async get(id: string): Promise<Letter | undefined> {
    const letter = await this.#desk.ask('get', (store) => store.get(id))
    if (letter === undefined) return undefined
    const { payload: _payload, ...rest } = letter
    return rest
  }

  async view(id: string, by: Operator): Promise<OpenLetter<Message> | undefined> {
    const { actor } = by
    const letter = await this.#desk.ask('get', (store) => store.get(id, checked(by)))
    if (letter === undefined) return undefined
    const { name } = this
    const { journey } = letter
    if (this.#events.wants('viewed', journey)) this.#events.emit('viewed', { name, id, actor }, journey)
    return (await this.#desk.open(letter)) as OpenLetter<Message>
  }

  async list(options: ListOptions = {}): Promise<LetterPage> {
    const { type, errorClass, state = 'dead', order = 'newest', cursor, limit = 50 } = options
    const query: ListQuery = { type, errorClass, state, order, cursor, limit: pageSize(limit, 500) }
    return this.#desk.ask('list', (store) => store.list(query))
  }

  async groups(): Promise<readonly LetterGroup[]> {
    return this.#desk.ask('groups', (store) => store.groups())
  }

  async stats(): Promise<LetterCounts> {
    this.#counts = await this.#desk.ask('counts', (store) => store.counts())
    return this.#counts
  }

  async retry(id: string, options: RetryOptions<Message>): Promise<RetryAnswer> {
    this.#mustReplay()
    const transform = options.transform as ((message: unknown) => unknown) | undefined
    return this.#answer(id, await this.#replayer.retry(id, checked(options), transform))
  }

  retryBatch(filter: LetterFilter, options: RetryBatchOptions): AsyncIterable<RetryProgress> {
    this.#mustReplay()
    const { limit = 1000, rate = 10, dryRun = false } = options
    if (rate <= 0) throw new InvalidOptionError('rate', 'above 0', rate)
    const { type, errorClass } = filter
    return retryBatch(this.#desk, this.#replayer, {
      ...checked(options),
      filter: { type, errorClass },
      limit: count('limit', limit, 1, true),
      gap: 1000 / number('rate', rate),
      dryRun,
      signal: this.#closing.signal,
    })
  }

  async discard(id: string, by: Operator): Promise<DiscardAnswer> {
    const result = await this.#desk.ask('discard', (store) => store.discard(id, checked(by)))
    switch (result.outcome) {
      case 'missing':
        throw new DeadLetterNotFoundError(id, this.name)
      case 'leased':
        throw new DeadLetterLeasedError(id, this.name, result.leaseLeft)
      case 'already':
        return { outcome: 'already', state: result.state }
      case 'discarded':
        this.#desk.tellSettled(result.letter, 'discarded', by.actor)
        return { outcome: 'discarded' }
    }
  }

  async processBatch(
    size: number = this.#desk.settings.recoverBatch,
    filter: BatchFilter = {},
  ): Promise<BatchStatistics> {
    return this.#recovery.process(count('size', size), filter)
  }

  async purge(options: PurgeOptions): Promise<PurgeStatistics> {
    knownOptions('purge', options, ['olderThan', 'keep', 'actor', 'reason'])
    const { olderThan, keep } = options
    if (olderThan === undefined && keep === undefined)
      throw new InvalidOptionError('purge', 'limited by olderThan, keep, or both', options)
    const limits: Limits = {
      olderThan: olderThan === undefined ? undefined : duration('olderThan', olderThan),
      keep: keep === undefined ? undefined : count('keep', keep, 0),
      settledBefore: undefined,
      actor: checked(options).actor,
    }
    return trim(this.#desk, limits, this.#closing.signal, Number.POSITIVE_INFINITY)
  }

  async audit(options: AuditOptions = {}): Promise<AuditPage> {
    const { id, cursor, limit = 100 } = options
    return this.#desk.ask('audit', (store) => store.audit({ id, cursor, limit: pageSize(limit, 1000) }))
  }

  start(): void {
    if (!this.#closing.signal.aborted) this.#upkeep.start()
  }

  async close(): Promise<void> {
    this.#unregister()
    this.#closing.abort(new Error('The queue was closed'))
    await this.#upkeep.stop()
    await this.#recovery.idle()
    await this.#replayer.idle()
  }

  on<E extends keyof DeadLettersEvents & string>(
    event: E,
    listener: Listener<DeadLettersEvents[E]>,
  ): () => void {
    return this.#events.on(event, listener)
  }

  debugStats(): Record<string, number> {
    return {
      listeners: this.#events.size,
      timers: this.#upkeep.timers,
      upkeep: this.#upkeep.running,
      batches: this.#recovery.active,
      replaying: this.#replayer.active,
    }
  }

  get #replays(): boolean {
    const { replay, store } = this.#desk.settings
    return replay !== undefined || store.replaysItself
  }

  #mustReplay(): void {
    if (!this.#replays)
      throw new InvalidOptionError('replay', 'a function, for letters to be replayed', undefined)
  }

  #answer(id: string, result: RetryOutcome): RetryAnswer {
    switch (result.outcome) {
      case 'missing':
        throw new DeadLetterNotFoundError(id, this.name)
      case 'leased':
        throw new DeadLetterLeasedError(id, this.name, result.leaseLeft)
      case 'failed': {
        const { error: cause } = result
        throw new DeadLetterReplayError(id, { policy: this.name, cause, failureClass: failureClass(cause) })
      }
      case 'already':
        return result
      case 'replayed':
        return { outcome: 'replayed', replayId: result.letter.replayId }
    }
  }

  async #retain(): Promise<PurgeStatistics> {
    const { age: olderThan, keep, settled: settledBefore } = this.#desk.settings
    const limits = { olderThan, keep, settledBefore, actor: 'retention' }
    const statistics = await trim(this.#desk, limits, this.#closing.signal)
    await this.stats()
    return statistics
  }

  async #recover(): Promise<BatchStatistics> {
    const { recoverBatch } = this.#desk.settings
    let sum: BatchStatistics = noStatistics()
    for (let round = 0; round < batchesPerRound && !this.#closing.signal.aborted; round++) {
      const batch = await this.processBatch(recoverBatch)
      sum = sumUp(sum, batch)
      if (batch.claimed < recoverBatch || batch.paused > 0) break
    }
    return sum
  }

  #register(hub: Hub): () => void {
    const { kind, name } = this
    if (name === undefined) return () => {}
    const snapshot = () => ({
      counts: this.#counts,
      ...this.#desk.tally,
      upkeep: this.#upkeep.status(),
    })
    const actions = {
      retry: (id: string, options: RetryOptions<Message>) => this.retry(id, options),
      discard: (id: string, by: Operator) => this.discard(id, by),
      purge: (options: PurgeOptions) => this.purge(options),
      runUpkeep: (job?: UpkeepJob) => this.#upkeep.runNow(job),
      stats: () => this.stats(),
    }
    return hub.register({ kind, name, snapshot, actions })
  }
}

function checked({ actor, reason }: Operator): By {
  if (typeof actor === 'string' && actor !== '') return { actor, reason }
  throw new InvalidOptionError('actor', 'the name of whoever does this, for the audit', actor)
}

function pageSize(limit: number, most: number): number {
  if (count('limit', limit) <= most) return limit
  throw new InvalidOptionError('limit', `at most ${most}`, limit)
}
