import type {
  AddResult,
  AuditPage,
  AuditQuery,
  By,
  Claimed,
  ClaimRequest,
  DeadLetterStore,
  DiscardResult,
  LetterCounts,
  LetterGroup,
  LetterPage,
  LetterState,
  ListQuery,
  NewLetter,
  RemovedLetter,
  RetryRequest,
  RetryResult,
  Settlement,
  StoredLetter,
  TrimRequest,
  TrimResult,
  TurnRequest,
} from '@seaworthy/dead-letter'
import type { PostgresQueries } from './client.ts'
import type { PostgresConnection } from './connection.ts'
import {
  addArguments,
  auditEntryOf,
  letterOf,
  type RawAuditEntry,
  type RawLetter,
  type RawRemoved,
  replayId,
  summaryOf,
  textIfAny,
  whole,
  wholeIfAny,
} from './dead-letter-text.ts'
import { type Functions, functionsOfPool, functionsOfTransaction, storable } from './functions.ts'

/** A store of dead letters on PostgreSQL. Made by {@link postgresDeadLetters}. */
export interface PostgresDeadLetterStore extends DeadLetterStore {
  readonly name: string
  /** The pool under supervision: health, events. */
  readonly connection: PostgresConnection
  /** Where the tables are. */
  readonly schema: string
  /**
   * The same store inside a transaction of yours, which is open on `client`: a letter that is added there is there exactly if the transaction
   * commits. Any error leaves a transaction aborted; roll it back.
   */
  inTransaction(client: PostgresQueries): DeadLetterStore
}

/** The options of {@link postgresDeadLetters}, checked. */
export interface LetterStoreSettings {
  readonly connection: PostgresConnection
  readonly schema: string
  readonly name: string
  readonly maxCount: number
  readonly overflow: 'drop-oldest' | 'refuse'
  readonly keepSettled: number
  readonly auditLimit: number
}

/** The most groups that are told. */
const mostGroups = 1000

/** Each method is one call of a function, wherever that runs. */
class Letters implements DeadLetterStore {
  readonly replaysItself = false
  readonly name: string
  readonly #settings: LetterStoreSettings
  readonly #functions: Functions
  readonly #audits: boolean

  constructor(settings: LetterStoreSettings, functions: Functions) {
    this.name = settings.name
    this.#settings = settings
    this.#functions = functions
    this.#audits = settings.auditLimit > 0
  }

  async add(letter: NewLetter): Promise<AddResult> {
    const { maxCount, overflow } = this.#settings
    const values = [this.#audits, maxCount, overflow === 'drop-oldest', ...addArguments(letter)]
    const result = await this.#ask<RawAdded>('add', values)
    if (result.outcome !== 'added') return result
    return { ...result, dropped: result.dropped.map(removedOf) }
  }

  async lookup(dedupeKey: string): Promise<string | undefined> {
    return (await this.#call('lookup', [storable(dedupeKey)])) ?? undefined
  }

  async get(id: string, view?: By): Promise<StoredLetter | undefined> {
    const who = view === undefined ? [null, null] : byWhom(view)
    const raw = await this.#ask<RawLetter | null>('get', [this.#audits, id, ...who])
    return raw === null ? undefined : letterOf(raw)
  }

  async list({ state, order, cursor, limit, type, errorClass }: ListQuery): Promise<LetterPage> {
    const page = [state, order === 'newest', cursor ?? null, limit]
    const values = [...page, textIfAny(type), textIfAny(errorClass)]
    const { items, next, now } = await this.#ask<RawPage>('list', values)
    return { items: items.map(summaryOf), next: next ?? undefined, now }
  }

  groups(): Promise<readonly LetterGroup[]> {
    return this.#ask<LetterGroup[]>('groups', [mostGroups])
  }

  async counts(): Promise<LetterCounts> {
    const { states, oldest, now } = await this.#ask<RawCounts>('counts', [])
    return { ...noLetters, ...states, oldest: oldest ?? undefined, now }
  }

  async retry(id: string, request: RetryRequest): Promise<RetryResult> {
    const { owner, leaseFor, payload } = request
    const lease = [storable(owner), whole(leaseFor)]
    const values = [this.#audits, id, ...lease, ...byWhom(request), textIfAny(payload)]
    const answer = await this.#ask<RawRetried>('retry', values)
    if (answer.outcome === 'replaying') return { ...answer, letter: letterOf(answer.letter) }
    if (answer.outcome !== 'already') return answer
    return { outcome: 'already', state: answer.state, replayId: replayId(id, answer.replays) }
  }

  async discard(id: string, by: By): Promise<DiscardResult> {
    const answer = await this.#ask<RawDiscarded>('discard', [this.#audits, id, ...byWhom(by)])
    return answer.outcome === 'discarded' ? { ...answer, letter: summaryOf(answer.letter) } : answer
  }

  async claim(request: ClaimRequest): Promise<Claimed> {
    const { limit, leaseFor, owner, dueOnly, type, errorClass } = request
    const lease = [limit, whole(leaseFor), storable(owner), dueOnly]
    const values = [this.#audits, ...lease, textIfAny(type), textIfAny(errorClass)]
    const { letters, ...rest } = await this.#ask<RawClaimed>('claim', values)
    return { ...rest, letters: letters.map(letterOf) }
  }

  async renew(ids: readonly string[], fence: number, leaseFor: number): Promise<readonly string[]> {
    const held = new Set(await this.#ask<string[]>('renew', [[...ids], fence, whole(leaseFor)]))
    return ids.filter((id) => held.has(id))
  }

  async settle(id: string, fence: number, settlement: Settlement): Promise<'done' | 'stale' | 'missing'> {
    const { outcome, dueIn } = settlement
    const values = [this.#audits, id, fence, outcome, wholeIfAny(dueIn), ...byWhom(settlement)]
    // The words of the function are those of the contract.
    return (await this.#call('settle', values)) as 'done' | 'stale' | 'missing'
  }

  async trim({ olderThan, keep, settledBefore, batch, actor }: TrimRequest): Promise<TrimResult> {
    const { auditLimit, keepSettled } = this.#settings
    const limits = [wholeIfAny(olderThan), keep ?? null, wholeIfAny(settledBefore), keepSettled, batch]
    const answer = await this.#ask<RawTrimmed>('trim', [auditLimit, ...limits, storable(actor)])
    return { ...answer, removed: answer.removed.flat().map(removedOf) }
  }

  async audit({ id, cursor = '0', limit }: AuditQuery): Promise<AuditPage> {
    const { entries, more } = await this.#ask<RawAuditPage>('audit_page', [id ?? null, cursor, limit])
    return { entries: entries.map(auditEntryOf), next: more ? entries.at(-1)?.cursor : undefined }
  }

  async beginTurn({ job, owner, leaseFor, early }: TurnRequest): Promise<number> {
    return Number(await this.#call('begin_turn', [job, owner, whole(leaseFor), early]))
  }

  async endTurn(job: string, owner: string, nextIn: number): Promise<void> {
    await this.#call('end_turn', [job, owner, whole(nextIn)])
  }

  /** Asks a function that answers with JSON. */
  async #ask<T>(name: string, values: readonly unknown[]): Promise<T> {
    // The types of the answers are those of the functions, which the contract tests.
    return JSON.parse((await this.#call(name, values)) ?? 'null') as T
  }

  #call(name: string, values: readonly unknown[]): Promise<string | null> {
    return this.#functions.call({
      operation: `deadLetters.${name}`,
      name: `dead_letter_${name}`,
      values: [this.name, ...values],
    })
  }
}

/** Made by {@link postgresDeadLetters}. */
export class LetterStore extends Letters implements PostgresDeadLetterStore {
  readonly connection: PostgresConnection
  readonly schema: string
  readonly #own: LetterStoreSettings

  constructor(settings: LetterStoreSettings) {
    const { connection, schema } = settings
    super(settings, functionsOfPool(connection, schema))
    this.connection = connection
    this.schema = schema
    this.#own = settings
  }

  inTransaction(client: PostgresQueries): DeadLetterStore {
    return new Letters(this.#own, functionsOfTransaction(this.connection, this.schema, client))
  }
}

type RawAdded =
  | {
      readonly outcome: 'added'
      readonly id: string
      readonly now: number
      readonly dropped: readonly RawRemoved[]
    }
  | Exclude<AddResult, { readonly outcome: 'added' }>

interface RawPage {
  readonly items: readonly RawLetter[]
  readonly next: string | null
  readonly now: number
}

interface RawCounts {
  readonly states: Partial<Record<LetterState, number>>
  readonly oldest: number | null
  readonly now: number
}

type RawRetried =
  | { readonly outcome: 'replaying'; readonly fence: number; readonly letter: RawLetter }
  | { readonly outcome: 'already'; readonly state: LetterState; readonly replays: number }
  | { readonly outcome: 'leased'; readonly leaseLeft: number }
  | { readonly outcome: 'missing' }

type RawDiscarded =
  | { readonly outcome: 'discarded'; readonly letter: RawLetter; readonly now: number }
  | Exclude<DiscardResult, { readonly outcome: 'discarded' }>

interface RawClaimed extends Pick<Claimed, 'fence' | 'now'> {
  readonly letters: readonly RawLetter[]
}

interface RawTrimmed extends Omit<TrimResult, 'removed'> {
  /** By cause. */
  readonly removed: readonly (readonly RawRemoved[])[]
}

interface RawAuditPage {
  readonly entries: readonly RawAuditEntry[]
  readonly more: boolean
}

const noLetters = { dead: 0, leased: 0, replaying: 0, replayed: 0, resolved: 0, discarded: 0 }

const byWhom = ({ actor, reason }: By): [actor: string, reason: string | null] => [
  storable(actor),
  textIfAny(reason),
]

function removedOf({ journey, ...letter }: RawRemoved): RemovedLetter {
  return { ...letter, journey: journey ?? undefined }
}
