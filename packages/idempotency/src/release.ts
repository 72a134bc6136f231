import type { Shared } from './shared.ts'
import type { Claim, Grant, Token } from './store.ts'

/** A claim that was granted. */
export type Granted = Extract<Claim, { readonly kind: Grant }>

export function isGranted(claim: Claim): claim is Granted {
  return claim.kind === 'acquired' || claim.kind === 'retried' || claim.kind === 'recovered'
}

/**
 * Gives a grant back that nobody made use of. But for the count of attempts, the record is as if nobody had claimed.
 * It does not wait; if the store does not hear of it, the lease runs out instead.
 */
export function release(shared: Shared, key: string, owner: string, grant: Granted): void {
  const { store, retain, ttl, storeTimeout } = shared.rules
  const { kind, fence, error: payload } = grant
  const token: Token = { owner, fence }
  const undo = (): Promise<unknown> => {
    if (kind === 'acquired') return store.forget(key, fence)
    if (kind === 'recovered') return store.renew(key, { ...token, lease: 0, retain })
    return store.complete(key, { ...token, state: 'retryable', payload, ttl: ttl.retryable })
  }
  shared.calls.run(undo, storeTimeout).catch(() => {})
}

/** Ends a lease and leaves the record as abandoned, so that `onAbandoned` decides. */
export async function abandon(shared: Shared, key: string, token: Token): Promise<void> {
  const { store, retain, storeTimeout } = shared.rules
  const end = (): Promise<unknown> => store.renew(key, { ...token, lease: 0, retain })
  await shared.calls.run(end, storeTimeout).catch(() => {})
}
