/** A store of idempotency records under test, and short forms of what is done to it. */
import type {
  Claim,
  ClaimRequest,
  Completion,
  Ending,
  IdempotencyStore,
  Renewal,
  Token,
} from '@seaworthy/idempotency'
import type { StoreOptions } from '../kit.ts'

/** A store, and its time. */
export interface IdempotencyStoreUnderTest {
  /** Keys of the tests are different in each of them, so it may be shared, but not with other runs of the kit. */
  readonly store: IdempotencyStore
  /** Lets so many milliseconds pass for the store, or a few more if its clock is real. */
  advance(milliseconds: number): Promise<void>
  /** Ends the store, and all that was made for it. */
  close?(): Promise<void>
  /** What is left after that, a sentence each: timers, connections. @defaultValue the process is looked at alone */
  leftBehind?(): readonly string[]
}

/** What {@link idempotencyStoreConformance} takes. */
export interface IdempotencyStoreOptions extends StoreOptions<IdempotencyStoreUnderTest> {
  /** Makes a store for one check, which closes it. */
  create(): Promise<IdempotencyStoreUnderTest>
}

/** A claim that was granted. */
export type Grant = Extract<Claim, { readonly attempt: number; readonly error: string | undefined }> & Token

/** What checks use. */
export interface Hands extends IdempotencyStoreUnderTest {
  readonly key: string
  readonly lease: number
  readonly retain: number
  claim(owner: string, request?: Partial<ClaimRequest>): Promise<Claim>
  /** @throws Error when the claim is not granted. */
  granted(owner: string, request?: Partial<ClaimRequest>): Promise<Grant>
  complete(token: Token, state?: Ending, payload?: string, ttl?: number): Promise<Completion>
  renew(token: Token, length?: number, kept?: number): Promise<Renewal>
}

/** In milliseconds; long enough for a few round trips over a network. */
const lease = 400
const retain = 1500
export const day = 86_400_000

let keys = 0

/** A key that nobody has used. */
export const freshKey = (): string => `task-${process.pid}-${++keys}`

/** The short forms, on a key of their own. */
export function handsOn(under: IdempotencyStoreUnderTest, pace: number): Hands {
  const key = freshKey()
  const { store } = under
  const times = { lease: lease * pace, retain: retain * pace }
  const claim = (owner: string, request: Partial<ClaimRequest> = {}): Promise<Claim> =>
    store.claim(key, { owner, fingerprint: '', ...times, takeover: true, ...request })
  return {
    store,
    advance: (milliseconds) => under.advance(milliseconds),
    key,
    ...times,
    claim,
    async granted(owner, request) {
      const answer = await claim(owner, request)
      if (!('error' in answer) || answer.kind === 'failed') throw new Error(`not granted: ${answer.kind}`)
      return { owner, ...answer }
    },
    complete: ({ owner, fence }, state = 'completed', payload = 'done', ttl = day) =>
      store.complete(key, { owner, fence, state, payload, ttl }),
    renew: ({ owner, fence }, length = times.lease, kept = times.retain) =>
      store.renew(key, { owner, fence, lease: length, retain: kept }),
  }
}
