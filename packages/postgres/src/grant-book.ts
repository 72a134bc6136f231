/** What transactions of this process know about their grants, between a policy and its store. */
import type {
  Claim,
  ClaimRequest,
  CompleteRequest,
  Completion,
  Forgetting,
  IdempotencyStore,
  RecordView,
  Renewal,
  RenewRequest,
  Token,
} from '@seaworthy/idempotency'
import { isGranted } from './idempotency-answers.ts'

/** A grant that a transaction may use up. */
export interface BookedGrant {
  readonly owner: string
  readonly request: ClaimRequest
  /** `committing`: its record is completed, and locked, in a transaction that has not ended yet. `committed`: it has, and well. */
  phase: 'held' | 'committing' | 'committed'
}

/**
 * The store of a policy whose work completes its own record. The policy renews and completes as ever; what the transaction has settled is not asked
 * again, and a record that it has locked is left alone.
 */
export class GrantBook implements IdempotencyStore {
  readonly #store: IdempotencyStore
  readonly #grants = new Map<string, BookedGrant>()
  readonly waitFor?: (key: string, signal: AbortSignal) => Promise<void>

  constructor(store: IdempotencyStore) {
    this.#store = store
    const { waitFor } = store
    if (waitFor !== undefined) this.waitFor = (key, signal) => waitFor.call(store, key, signal)
  }

  /** How many grants it knows: those that are at work. */
  get size(): number {
    return this.#grants.size
  }

  find(key: string, fence: number): BookedGrant | undefined {
    return this.#grants.get(placeOf(key, fence))
  }

  async claim(key: string, request: ClaimRequest): Promise<Claim> {
    const claim = await this.#store.claim(key, request)
    if (isGranted(claim))
      this.#grants.set(placeOf(key, claim.fence), { owner: request.owner, request, phase: 'held' })
    return claim
  }

  async renew(key: string, request: RenewRequest): Promise<Renewal> {
    const grant = this.find(key, request.fence)
    if (grant !== undefined && grant.phase !== 'held') return 'renewed'
    if (request.lease === 0) this.#forget(key, request)
    return this.#store.renew(key, request)
  }

  async complete(key: string, request: CompleteRequest): Promise<Completion> {
    const { phase } = this.#forget(key, request) ?? {}
    return phase === 'committed' ? 'already' : this.#store.complete(key, request)
  }

  forget(key: string, fence?: number): Promise<Forgetting> {
    if (fence !== undefined) this.#grants.delete(placeOf(key, fence))
    return this.#store.forget(key, fence)
  }

  peek(key: string): Promise<RecordView | undefined> {
    return this.#store.peek(key)
  }

  #forget(key: string, { fence }: Token): BookedGrant | undefined {
    const grant = this.find(key, fence)
    this.#grants.delete(placeOf(key, fence))
    return grant
  }
}

const placeOf = (key: string, fence: number): string => `${fence} ${key}`
