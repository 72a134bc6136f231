/** The scripts of the dead letters. */
import add from './lua/dead-letter-add.lua'
import addFunction from './lua/dead-letter-add-function.lua'
import audit from './lua/dead-letter-audit.lua'
import claim from './lua/dead-letter-claim.lua'
import common from './lua/dead-letter-common.lua'
import counts from './lua/dead-letter-counts.lua'
import discard from './lua/dead-letter-discard.lua'
import get from './lua/dead-letter-get.lua'
import groups from './lua/dead-letter-groups.lua'
import list from './lua/dead-letter-list.lua'
import lookup from './lua/dead-letter-lookup.lua'
import publish from './lua/dead-letter-publish.lua'
import renew from './lua/dead-letter-renew.lua'
import retry from './lua/dead-letter-retry.lua'
import settle from './lua/dead-letter-settle.lua'
import steps from './lua/dead-letter-steps.lua'
import trim from './lua/dead-letter-trim.lua'
import turn from './lua/dead-letter-turn.lua'
import view from './lua/dead-letter-view.lua'
import streamEntry from './lua/stream-entry.lua'
import { Script } from './script.ts'

/** One for each method of the store; `view` is `get` with the payload, `turn` begins and ends turns. */
export interface DeadLetterScripts {
  readonly add: Script
  readonly lookup: Script
  readonly get: Script
  readonly view: Script
  readonly list: Script
  readonly groups: Script
  readonly counts: Script
  readonly retry: Script
  readonly discard: Script
  readonly claim: Script
  readonly renew: Script
  readonly settle: Script
  readonly trim: Script
  readonly audit: Script
  readonly turn: Script
}

/** A server that is full must still let go of letters, and show them. */
const runsWhenFull = '#!lua flags=allow-oom'
const readsOnly = '#!lua flags=no-writes'

/**
 * Lua: `letters.open`, `letters.received`, `letters.addedBefore` and `letters.add`, for a script that takes a task off a stream and writes its letter in
 * one step. `KEYS` from any place on as `deadLetterKeys` gives them, `ARGV` from any place on as `addArguments` does:
 *
 * ```lua
 * local queue = letters.open(8, auditLimit)
 * local answer = letters.add(queue, letters.received(5))
 * ```
 *
 * Do what can be refused first: once a letter is added, it stays. It declares the local names `letters`, `digits`, `places`,
 * `newSequence`, `duplicateOf`, `makeRoom`, and those of the positions in a record, in capitals.
 */
export const addFunctions: string = [common, addFunction].join('\n')

/**
 * @param publishes - Whether the target stream is on the same node, so that replaying is one step.
 * @param rewrite - Changes the text of a script, for tests.
 */
export function deadLetterScripts(
  publishes: boolean,
  rewrite: (lua: string) => string = (lua) => lua,
): DeadLetterScripts {
  const script = (...parts: readonly string[]): Script => new Script(rewrite(parts.join('\n')))
  const publishing = publishes ? [streamEntry, common, publish] : [common]
  return {
    add: script(addFunctions, add),
    lookup: script(readsOnly, common, lookup),
    get: script(readsOnly, common, get),
    view: script(runsWhenFull, common, view),
    list: script(readsOnly, common, list),
    groups: script(readsOnly, common, groups),
    counts: script(readsOnly, common, counts),
    retry: script(runsWhenFull, ...publishing, steps, retry),
    discard: script(runsWhenFull, common, steps, discard),
    claim: script(common, steps, claim),
    renew: script(runsWhenFull, common, renew),
    settle: script(runsWhenFull, ...publishing, steps, settle),
    trim: script(runsWhenFull, common, steps, trim),
    audit: script(readsOnly, common, audit),
    turn: script(runsWhenFull, common, turn),
  }
}
