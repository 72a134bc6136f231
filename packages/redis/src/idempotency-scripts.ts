/** The scripts of the idempotency store. */
import claim from './lua/idempotency-claim.lua'
import complete from './lua/idempotency-complete.lua'
import forget from './lua/idempotency-forget.lua'
import peek from './lua/idempotency-peek.lua'
import record from './lua/idempotency-record.lua'
import renew from './lua/idempotency-renew.lua'
import settle from './lua/idempotency-settle.lua'
import wake from './lua/idempotency-wake.lua'
import { Script } from './script.ts'

/** One for each method of the store. */
export interface IdempotencyScripts {
  readonly claim: Script
  readonly renew: Script
  readonly complete: Script
  readonly forget: Script
  readonly peek: Script
}

/** Work that is under way must be able to end on a server that is full, or it would be done again. */
const runsWhenFull = '#!lua flags=allow-oom'

const silence = 'function idempotency.wake() end'

/**
 * Lua: `idempotency.settle(key, record, owner, fence, state, kept, payload, ttl)`, for scripts that settle a record and do more in the same
 * step. It declares one local name, `idempotency`, and changes nothing unless it answers `stored`.
 */
export const settleFunctions = (wakes: boolean): string => [record, wakes ? wake : silence, settle].join('\n')

/** @param wakes - Whether those who wait for a key are woken. */
export function idempotencyScripts(wakes: boolean): IdempotencyScripts {
  const ending = wakes ? wake : silence
  return {
    claim: new Script(record, claim),
    renew: new Script(runsWhenFull, record, ending, renew),
    complete: new Script(runsWhenFull, settleFunctions(wakes), complete),
    forget: new Script(runsWhenFull, record, ending, forget),
    peek: new Script(runsWhenFull, record, peek),
  }
}
