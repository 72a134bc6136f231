/** The scripts of a task stream. */
import { addFunctions } from './dead-letter-scripts.ts'
import { completionFunctions } from './idempotency-commit.ts'
import acknowledge from './lua/stream-acknowledge.lua'
import audit from './lua/stream-audit.lua'
import beat from './lua/stream-beat.lua'
import bury from './lua/stream-bury.lua'
import buryLetter from './lua/stream-bury-letter.lua'
import commit from './lua/stream-commit.lua'
import common from './lua/stream-common.lua'
import enqueue from './lua/stream-enqueue.lua'
import entry from './lua/stream-entry.lua'
import fetch from './lua/stream-fetch.lua'
import handBack from './lua/stream-hand-back.lua'
import heard from './lua/stream-heard.lua'
import leave from './lua/stream-leave.lua'
import promote from './lua/stream-promote.lua'
import reap from './lua/stream-reap.lua'
import reconcile from './lua/stream-reconcile.lua'
import retry from './lua/stream-retry.lua'
import stats from './lua/stream-stats.lua'
import { Script } from './script.ts'

/**
 * The first line of scripts that finish work or keep it alive: they run even when the server is out of memory. What makes new work
 * goes without, and is refused then before it has done anything.
 */
const evenWhenFull = '#!lua flags=allow-oom'

/** Every script by its operation. */
export interface StreamScripts {
  readonly enqueue: Script
  readonly fetch: Script
  readonly heard: Script
  readonly beat: Script
  readonly acknowledge: Script
  /** Settles an idempotency record as well. */
  readonly commit: Script
  readonly retry: Script
  readonly handBack: Script
  readonly bury: Script
  /** Writes the dead letter as well. */
  readonly buryLetter: Script
  readonly reap: Script
  readonly promote: Script
  readonly reconcile: Script
  readonly leave: Script
  readonly stats: Script
  readonly audit: Script
}

/** @param rewrite - Changes the text of each, for tests that make mistakes. */
export function streamScripts(rewrite: (lua: string) => string = (lua) => lua): StreamScripts {
  const script = (...texts: readonly string[]): Script => new Script(...texts.map(rewrite))
  const atAllTimes = (text: string): Script => script(evenWhenFull, entry, common, text)
  return {
    enqueue: script(entry, common, enqueue),
    fetch: atAllTimes(fetch),
    heard: script(evenWhenFull, heard),
    beat: atAllTimes(beat),
    acknowledge: atAllTimes(acknowledge),
    commit: script(evenWhenFull, completionFunctions, entry, common, commit),
    retry: atAllTimes(retry),
    handBack: atAllTimes(handBack),
    bury: atAllTimes(bury),
    buryLetter: script(entry, common, addFunctions, buryLetter),
    reap: atAllTimes(reap),
    promote: atAllTimes(promote),
    reconcile: atAllTimes(reconcile),
    leave: atAllTimes(leave),
    stats: atAllTimes(stats),
    audit: atAllTimes(audit),
  }
}
