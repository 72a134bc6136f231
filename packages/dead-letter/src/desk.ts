/** What all parts of a queue share: the store with its failures reported, content in and out, counters and events. */
import { type Emitter, failureClass } from '@seaworthy/core'
import { DeadLetterUnreadableError, DeadLetterUnstorableError } from './errors.ts'
import type { DeadLettersEvents } from './events.ts'
import type { Letter, LetterHeader, OpenLetter, StoredLetter } from './letter.ts'
import type { Settings } from './options.ts'
import { tokenOf } from './payload.ts'
import { manual, type RecoveryProgress, type RecoveryStrategy } from './recovery.ts'
import type { DeadLetterStore, RemovedLetter } from './store.ts'

/** How often what has happened, in this process. */
export type Tally = Record<
  | 'added'
  | 'duplicates'
  | 'refused'
  | 'dropped'
  | 'replayed'
  | 'replayFailed'
  | 'resolved'
  | 'discarded'
  | 'expired'
  | 'storeFailures',
  number
>

/** The content of a letter, as it is encoded. */
export interface Content {
  readonly message: unknown
  readonly config: unknown
}

const byHand = manual()

export class Desk {
  readonly name: string | undefined
  readonly settings: Settings
  readonly events: Emitter<DeadLettersEvents>
  readonly tally: Tally = {
    added: 0,
    duplicates: 0,
    refused: 0,
    dropped: 0,
    replayed: 0,
    replayFailed: 0,
    resolved: 0,
    discarded: 0,
    expired: 0,
    storeFailures: 0,
  }

  constructor(name: string | undefined, settings: Settings, events: Emitter<DeadLettersEvents>) {
    this.name = name
    this.settings = settings
    this.events = events
  }

  /** One operation of the store. Its failure is counted, told, and passed on as it is. */
  async ask<T>(operation: string, request: (store: DeadLetterStore) => Promise<T>): Promise<T> {
    try {
      return await request(this.settings.store)
    } catch (error) {
      this.tally.storeFailures++
      if (this.events.wants('storeFailed')) {
        const payload = { name: this.name, operation, failureClass: failureClass(error) }
        this.events.emit('storeFailed', payload)
      }
      throw error
    }
  }

  /** @throws {@link DeadLetterUnstorableError} when the codec fails, or the text is too long. */
  async encode(content: Content, token: string): Promise<string> {
    const { codec, maxPayload } = this.settings
    let payload: string
    try {
      payload = await codec.encode(content, token)
    } catch (error) {
      throw new DeadLetterUnstorableError('The message could not be encoded', this.name, error)
    }
    if (payload.length <= maxPayload) return payload
    const text = `The message has ${payload.length} characters when encoded; maxPayload is ${maxPayload}`
    throw new DeadLetterUnstorableError(text, this.name)
  }

  /** @throws {@link DeadLetterUnreadableError} when the letter is settled, or the codec fails. */
  async open(letter: StoredLetter): Promise<OpenLetter> {
    const { payload, ...rest } = letter
    const { id } = letter
    if (payload === undefined)
      throw new DeadLetterUnreadableError(
        id,
        `Dead letter '${id}' is settled; its content is gone`,
        this.name,
      )
    try {
      const { message, config } = (await this.settings.codec.decode(payload, tokenOf(id))) as Content
      return { ...rest, message, config }
    } catch (error) {
      throw new DeadLetterUnreadableError(id, `Dead letter '${id}' could not be decoded`, this.name, error)
    }
  }

  strategyFor({
    type,
    failure,
    failureClass: judged,
  }: Pick<LetterHeader, 'type' | 'failure' | 'failureClass'>): RecoveryStrategy {
    const { strategies } = this.settings
    for (const kind of [type, failure, judged, '*']) {
      const strategy = strategies.get(kind)
      if (strategy !== undefined) return strategy
    }
    return byHand
  }

  /** How long recovery leaves a letter alone; undefined for ever. */
  dueIn(strategy: RecoveryStrategy, progress: RecoveryProgress): number | undefined {
    try {
      const delay = strategy.delay(progress, this.settings.random)
      return typeof delay === 'number' && delay >= 0 && delay < longest ? Math.ceil(delay) : undefined
    } catch {
      return undefined
    }
  }

  tellRemoved(removed: readonly RemovedLetter[], event: 'expired' | 'dropped', now: number): void {
    this.tally[event] += removed.length
    for (const { id, type, journey, cause, diedAt } of removed) {
      if (!this.events.wants(event, journey)) continue
      const common = { name: this.name, id, type, age: now - diedAt }
      if (event === 'dropped') this.events.emit('dropped', common, journey)
      else this.events.emit('expired', { ...common, cause }, journey)
    }
  }

  tellSettled(
    letter: Pick<LetterHeader, 'id' | 'type' | 'journey'>,
    event: 'resolved' | 'discarded',
    actor: string,
  ): void {
    this.tally[event]++
    const { id, type, journey } = letter
    if (this.events.wants(event, journey))
      this.events.emit(event, { name: this.name, id, type, actor }, journey)
  }

  tellReplayed({ id, type, journey, replayId, replays }: Letter, actor: string): void {
    this.tally.replayed++
    if (!this.events.wants('replayed', journey)) return
    const payload = { name: this.name, id, type, replayId, replayNumber: replays + 1, actor }
    this.events.emit('replayed', payload, journey)
  }

  tellReplayFailed({ id, type, journey, attempts }: Letter, error: unknown): void {
    this.tally.replayFailed++
    if (!this.events.wants('replayFailed', journey)) return
    const payload = { name: this.name, id, type, failureClass: failureClass(error), attempts: attempts + 1 }
    this.events.emit('replayFailed', payload, journey)
  }

  tellStrategyFailed({ id, type, journey }: Letter, error: unknown): void {
    if (!this.events.wants('strategyFailed', journey)) return
    const payload = { name: this.name, id, type, failureClass: failureClass(error) }
    this.events.emit('strategyFailed', payload, journey)
  }
}

/** A hundred years: what lies behind is never. Keeps times of a store within 16 digits. */
const longest = 100 * 365 * 86_400_000
