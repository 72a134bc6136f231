/** Lua scripts. Each is one operation: it runs at once and undisturbed, in one round trip. */
import { createHash } from 'node:crypto'
import type { Commands, Pipeline } from './client.ts'

/** What a script gets besides its keys. */
export type Argument = string | number

/** A command that follows a script. */
export type NextCommand = readonly [command: string, ...args: Argument[]]

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

  /**
   * Runs it and, behind it on the same connection, a command that changes nothing and speaks of what was written there before, as WAIT
   * does. To a server that does not know the script both are sent again: the first answer to the command was about something else.
   *
   * @returns What the script answered, and what the command answered or its error.
   * @throws What the script failed with.
   */
  async runThen(
    client: Pick<Commands, 'pipeline'>,
    keys: readonly string[],
    args: readonly Argument[],
    next: NextCommand,
  ): Promise<readonly [answer: unknown, next: unknown]> {
    const rest = [keys.length, ...keys, ...args]
    try {
      return await together(client.pipeline(), ['EVALSHA', this.#hash, ...rest], next)
    } catch (error) {
      if (!isUnknownScript(error)) throw error
      return together(client.pipeline(), ['EVAL', this.source, ...rest], next)
    }
  }
}

async function together(
  pipeline: Pipeline,
  [command, ...args]: NextCommand,
  [nextCommand, ...nextArgs]: NextCommand,
): Promise<readonly [answer: unknown, next: unknown]> {
  pipeline.call(command, args)
  pipeline.call(nextCommand, nextArgs)
  const [first, second] = (await pipeline.exec()) ?? []
  const [error, answer] = first ?? [new Error('No answer')]
  if (error) throw error
  const [nextError, nextAnswer] = second ?? [new Error('No answer')]
  return [answer, nextError ?? nextAnswer]
}

/** By the text: its class and name differ between versions of ioredis. */
const isUnknownScript = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith('NOSCRIPT')
