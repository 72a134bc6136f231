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
  RetryRequest,
  RetryResult,
  Settlement,
  StoredLetter,
  TrimRequest,
  TrimResult,
  TurnRequest,
} from '@seaworthy/dead-letter'
import type { RedisConnection } from './connection.ts'
import { deadLetterKeys } from './dead-letter-keys.ts'
import { type DeadLetterScripts, deadLetterScripts } from './dead-letter-scripts.ts'
import {
  addArguments,
  addResultOf,
  auditEntryOf,
  diedAt,
  letterOf,
  type RawAdded,
  type RawAuditEntry,
  type RawLetter,
  type RawRemoved,
  removedOf,
  summaryOf,
  whole,
  wholeIfAny,
} from './dead-letter-text.ts'
import type { LettersBeside } from './letters-beside.ts'
import type { Argument } from './script.ts'
import type { StreamKeys } from './stream-entry.ts'

/** A store of dead letters on Redis. Made by {@link redisDeadLetters}. */
export interface RedisDeadLetterStore extends DeadLetterStore {
  readonly name: string
  /** The client under supervision: health, events. */
  readonly connection: RedisConnection
}

/** The options of {@link redisDeadLetters}, checked. */
export interface LetterStoreSettings {
  readonly connection: RedisConnection
  readonly name: string
  readonly prefix: string
  readonly maxCount: number
  readonly overflow: 'drop-oldest' | 'refuse'
  readonly keepSettled: number
  readonly auditLimit: number
  /** Where replayed letters go, if the store puts them there. */
  readonly stream: { readonly keys: StreamKeys; readonly auditLimit: number } | undefined
}

/** Made by {@link redisDeadLetters}. */
export class LetterStore implements RedisDeadLetterStore {
  readonly name: string
  readonly connection: RedisConnection
  readonly replaysItself: boolean
  readonly #settings: LetterStoreSettings
  readonly #scripts: DeadLetterScripts
  readonly #keys: readonly string[]
  readonly #keysWithStream: readonly string[]
  /** What scripts that may publish get at the end. */
  readonly #streamArguments: readonly Argument[]

  /** @param scripts - Others than its own only in tests. */
  constructor(
    settings: LetterStoreSettings,
    scripts: DeadLetterScripts = deadLetterScripts(settings.stream !== undefined),
  ) {
    const { name, prefix, connection, stream } = settings
    this.name = name
    this.connection = connection
    this.replaysItself = stream !== undefined
    this.#settings = settings
    this.#scripts = scripts
    this.#keys = deadLetterKeys(prefix, name)
    const target = stream === undefined ? [] : [stream.keys.stream, stream.keys.totals, stream.keys.audit]
    this.#keysWithStream = [...this.#keys, ...target]
    this.#streamArguments = stream === undefined ? [] : [stream.auditLimit]
  }

  async add(letter: NewLetter): Promise<AddResult> {
    return addResultOf(await this.#run<RawAdded>('add', addArguments(letter, this.#settings)))
  }

  async lookup(dedupeKey: string): Promise<string | undefined> {
    return (await this.#run<string | null>('lookup', [dedupeKey])) ?? undefined
  }

  /** For scripts of a stream with the same hash tag. */
  beside(): LettersBeside {
    return {
      keys: this.#keys,
      argumentsOf: (letter) => [this.#settings.auditLimit, ...addArguments(letter, this.#settings)],
      answerOf: (raw) => addResultOf(raw as RawAdded),
    }
  }

  async get(id: string, view?: By): Promise<StoredLetter | undefined> {
    const raw = await (view === undefined
      ? this.#run<RawLetter | null>('get', [id])
      : this.#run<RawLetter | null>('view', [id, ...byWhom(view)]))
    return raw === null ? undefined : letterOf(raw)
  }

  async list(query: ListQuery): Promise<LetterPage> {
    const { state, order, cursor = '', limit, type = '', errorClass = '' } = query
    const args = [state, order, cursor, limit, type, errorClass]
    const [items, next, now] = await this.#run<[RawLetter[], string, number]>('list', args)
    return { items: items.map(summaryOf), next: next || undefined, now: Number(now) }
  }

  async groups(): Promise<readonly LetterGroup[]> {
    const rows = await this.#run<[string, string, number, string, string][]>('groups', [])
    return rows.map(([type, errorClass, count, first, last]) => ({
      type,
      errorClass,
      count: Number(count),
      oldest: diedAt(first),
      newest: diedAt(last),
    }))
  }

  async counts(): Promise<LetterCounts> {
    const [dead, leased, replaying, replayed, resolved, discarded, oldest, now] = await this.#run<RawCounts>(
      'counts',
      [],
    )
    return {
      dead: Number(dead),
      leased: Number(leased),
      replaying: Number(replaying),
      replayed: Number(replayed),
      resolved: Number(resolved),
      discarded: Number(discarded),
      oldest: oldest === null ? undefined : diedAt(oldest),
      now: Number(now),
    }
  }

  async retry(id: string, request: RetryRequest): Promise<RetryResult> {
    const { owner, leaseFor, payload } = request
    const edited = payload === undefined ? ['0', ''] : ['1', payload]
    const answer = await this.#run<RawRetried>('retry', [
      this.#settings.keepSettled,
      id,
      owner,
      whole(leaseFor),
      ...byWhom(request),
      ...edited,
      ...this.#streamArguments,
    ])
    switch (answer[0]) {
      case 'replaying':
        return { outcome: 'replaying', fence: Number(answer[1]), letter: letterOf(answer[2]) }
      case 'replayed':
        return { outcome: 'replayed', letter: letterOf(answer[1]) }
      case 'already':
        return { outcome: 'already', state: answer[1], replayId: answer[2] }
      case 'leased':
        return { outcome: 'leased', leaseLeft: Number(answer[1]) }
      case 'missing':
        return { outcome: 'missing' }
    }
  }

  async discard(id: string, by: By): Promise<DiscardResult> {
    const answer = await this.#run<RawDiscarded>('discard', [this.#settings.keepSettled, id, ...byWhom(by)])
    switch (answer[0]) {
      case 'discarded':
        return { outcome: 'discarded', letter: summaryOf(answer[1]), now: Number(answer[2]) }
      case 'already':
        return { outcome: 'already', state: answer[1] }
      case 'leased':
        return { outcome: 'leased', leaseLeft: Number(answer[1]) }
      case 'missing':
        return { outcome: 'missing' }
    }
  }

  async claim(request: ClaimRequest): Promise<Claimed> {
    const { limit, leaseFor, owner, dueOnly, type = '', errorClass = '' } = request
    const args = [limit, whole(leaseFor), owner, dueOnly ? '1' : '0', type, errorClass]
    const [fence, letters, now] = await this.#run<[number, RawLetter[], number]>('claim', args)
    return { fence: Number(fence), letters: letters.map(letterOf), now: Number(now) }
  }

  renew(ids: readonly string[], fence: number, leaseFor: number): Promise<readonly string[]> {
    return this.#run<string[]>('renew', [fence, whole(leaseFor), ...ids])
  }

  settle(id: string, fence: number, settlement: Settlement): Promise<'done' | 'stale' | 'missing'> {
    const { outcome, dueIn } = settlement
    return this.#run('settle', [
      this.#settings.keepSettled,
      id,
      fence,
      outcome,
      wholeIfAny(dueIn),
      ...byWhom(settlement),
      ...this.#streamArguments,
    ])
  }

  async trim({ olderThan, keep, settledBefore, batch, actor }: TrimRequest): Promise<TrimResult> {
    const args = [wholeIfAny(olderThan), keep ?? '', wholeIfAny(settledBefore), batch, actor]
    const [removed, lapsed, more, now] = await this.#run<[RawRemoved[], number, number, number]>('trim', args)
    return {
      removed: removed.map(removedOf),
      lapsed: Number(lapsed),
      more: Number(more) === 1,
      now: Number(now),
    }
  }

  async audit({ id = '', cursor = '', limit }: AuditQuery): Promise<AuditPage> {
    const [entries, next] = await this.#run<[RawAuditEntry[], string]>('audit', [id, cursor, limit])
    return { entries: entries.map(auditEntryOf), next: next || undefined }
  }

  async beginTurn({ job, owner, leaseFor, early }: TurnRequest): Promise<number> {
    return Number(await this.#run<number>('turn', [job, owner, whole(leaseFor), early ? '1' : '0']))
  }

  async endTurn(job: string, owner: string, nextIn: number): Promise<void> {
    await this.#run<number>('turn', [job, owner, '', whole(nextIn)])
  }

  async #run<T>(operation: keyof DeadLetterScripts, args: readonly Argument[]): Promise<T> {
    const { auditLimit } = this.#settings
    const keys = operation === 'retry' || operation === 'settle' ? this.#keysWithStream : this.#keys
    const script = this.#scripts[operation]
    const answer = await this.connection.run(`deadLetters.${operation}`, script, keys, [auditLimit, ...args])
    return answer as T
  }
}

type RawCounts = readonly [
  dead: number,
  leased: number,
  replaying: number,
  replayed: number,
  resolved: number,
  discarded: number,
  oldest: string | null,
  now: number,
]

type RawRetried =
  | readonly ['replaying', fence: number, letter: RawLetter]
  | readonly ['replayed', letter: RawLetter]
  | readonly ['already', state: LetterState, replayId: string]
  | readonly ['leased', left: number]
  | readonly ['missing']

type RawDiscarded =
  | readonly ['discarded', letter: RawLetter, now: number]
  | readonly ['already', state: LetterState]
  | readonly ['leased', left: number]
  | readonly ['missing']

const byWhom = ({ actor, reason = '' }: By): [actor: string, reason: string] => [actor, reason]
