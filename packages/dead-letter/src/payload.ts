/** How message and config become text in a store, and come back. */

/**
 * Encodes what is secret about a letter. May be asynchronous. What it throws is the `cause` of the error that `add` and `view` reject
 * with.
 */
export interface PayloadCodec {
  /**
   * @param content - `{ message, config }`, redacted.
   * @param token - The part of the letter's id that is known before it is written. Bind the text to it, so that it fits no other
   *   letter.
   */
  encode(content: unknown, token: string): string | Promise<string>
  /** Turns a text back, for the letter whose id ends in the token. */
  decode(payload: string, token: string): unknown
}

/**
 * Plain JSON, the default: any language can read it. Refuses what JSON cannot hold (`bigint`, circles); dates come back as text, a `Map` or
 * `Set` as an empty object, and functions, symbols and `undefined` inside of objects are left out, as `JSON.stringify` does. `taggedJson` of
 * `@seaworthy/idempotency` fits in its place, and keeps them all or refuses them.
 */
export const jsonPayload: PayloadCodec = {
  encode: (content) => JSON.stringify(content),
  decode: (payload) => JSON.parse(payload),
}

/** The token in an id. */
export function tokenOf(id: string): string {
  return id.slice(id.indexOf('-') + 1)
}
