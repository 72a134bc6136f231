/** What a payload is known by, so that one key is not used for two things. */
import { createHash, createHmac } from 'node:crypto'
import { canonicalJson } from './canonical-json.ts'

/**
 * The first 128 bits of SHA-256 over the canonical JSON of a payload, as 22 characters of base64url.
 *
 * @param secret - Makes it an HMAC: without it, whoever reads the store can guess payloads of low entropy and check
 *   the guess.
 * @throws TypeError when the payload has something that is no data: see {@link canonicalJson}.
 *
 * @example
 * ```ts
 * import { fingerprintOf } from '@seaworthy/idempotency'
 *
 * console.log(fingerprintOf({ amount: 5, to: 'ada' }) === fingerprintOf({ to: 'ada', amount: 5 })) // true
 * ```
 */
export function fingerprintOf(payload: unknown, secret?: string | Uint8Array): string {
  const hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret)
  return hash.update(canonicalJson(payload)).digest().subarray(0, 16).toString('base64url')
}
