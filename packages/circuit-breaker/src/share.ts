import { type Duration, duration, InvalidOptionError, knownOptions, number } from '@seaworthy/core'
import { Fleet } from './fleet.ts'
import type { SharedBreakers } from './sharing.ts'
import type { BreakerStore } from './store.ts'

/** How breakers share their circuits. */
export interface SharingOptions {
  /**
   * The share of the instances that must have opened a circuit by their own experience before the others open theirs; at least two, unless only one
   * knows anything. 1 for all of them. @defaultValue 0.5
   */
  readonly quorum?: number
  /** How often the store is asked, about. One that is silent for three times as long counts as dead. @defaultValue `'5s'` */
  readonly interval?: Duration
  /**
   * How long an answer of the store may take. A trial call waits for so long at most; nothing else does. @defaultValue `'250ms'`
   */
  readonly timeout?: Duration
}

/**
 * Lets breakers share their circuits with breakers of the same name in other processes: what the option `store` takes.
 *
 * Circuits go on deciding by themselves, and calls never ask the store, except for trials: of all instances together no more run than
 * `halfOpen.concurrency`, so a trial waits for leave, up to `timeout`. When enough instances have opened a circuit, the others follow, for as long as
 * enough of them are open; when trials succeed, by whomever, all close. A store that is away leaves every breaker as it would be alone.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 */
export function shareBreakers(store: BreakerStore, options: SharingOptions = {}): SharedBreakers {
  knownOptions('shareBreakers', options, ['quorum', 'interval', 'timeout'])
  const { quorum = 0.5, interval = '5s', timeout = '250ms' } = options
  if (number('quorum', quorum, 0) > 1 || quorum === 0)
    throw new InvalidOptionError('quorum', 'a share above 0 and up to 1', quorum)
  const settings = {
    store,
    quorum,
    interval: duration('interval', interval, 10),
    timeout: duration('timeout', timeout, 1),
  }
  return { join: (party) => new Fleet(party, settings) }
}
