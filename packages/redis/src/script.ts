/** Lua scripts. Each is one operation: it runs at once and undisturbed, in one round trip. */
import { createHash } from 'node:crypto'
import type { Commands } from './client.ts'

/** What a script gets besides its keys. */
export type Argument = string | number

/**
 * A script on its way to a server. Sent by its hash; a server that does not know it (new, restarted, or after `SCRIPT FLUSH`)
 * gets the whole text once.
 */
export class Script {
  readonly source: string
  readonly #hash: string

  /** @param parts - Texts that make up the script, in order. */
  constructor(...parts: readonly string[]) {
    this.source = parts.join('\n')
    this.#hash = createHash('sha1').update(this.source).digest('hex')
  }

  async run(client: Commands, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    const rest = [keys.length, ...keys, ...args]
    try {
      return await client.call('EVALSHA', [this.#hash, ...rest])
    } catch (error) {
      if (!isUnknownScript(error)) throw error
      return client.call('EVAL', [this.source, ...rest])
    }
  }
}

/** By the text: its class and name differ between versions of ioredis. */
const isUnknownScript = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith('NOSCRIPT')
