/** What a function may know about the claim it runs under. */
import type { Context, ExecuteOptions } from '@seaworthy/core'
import type { Grant } from './store.ts'

/** The claim under which a function runs. */
export interface ClaimedWork {
  /** The key of the record. Hand it on to others who can tell duplicates apart, as a payment service does. */
  readonly key: string
  /**
   * Greater than in any run for the key before. Hand it on with every write, and let what is written to refuse one
   * that is smaller than the greatest it has seen: then an owner that was paused for longer than its lease cannot
   * overwrite the work of the next.
   */
  readonly fence: number
  /** How often the work was begun, this time included. */
  readonly attempt: number
  /** How this run came to it. `recovered`: an earlier run went silent, and may have had its effect. */
  readonly grant: Grant
}

const place = Symbol.for('seaworthy.idempotency')

/**
 * The claim of the nearest `idempotency` policy around a function.
 *
 * @returns Undefined outside of one, or if it runs unprotected (`onStoreError: 'open'`).
 *
 * @example
 * ```ts
 * import { idempotency, idempotencyOf, memoryIdempotencyStore } from '@seaworthy/idempotency'
 *
 * const once = idempotency({ store: memoryIdempotencyStore() })
 * await once.execute((context) => console.log(idempotencyOf(context)?.attempt), { key: 'task-1' }) // 1
 * ```
 */
export function idempotencyOf(context: Pick<Context, 'values'>): ClaimedWork | undefined {
  return (context.values as { readonly [place]?: ClaimedWork } | undefined)?.[place]
}

/** The values of a call, and its claim among them, where {@link idempotencyOf} finds it. */
export function valuesWith(
  values: ExecuteOptions['values'],
  work: ClaimedWork | undefined,
): NonNullable<ExecuteOptions['values']> {
  return { ...values, [place]: work }
}
