/** Asks the store for the work of a flight, until there is an answer or nobody wants one any more. */
import type { Settled } from '@seaworthy/core'
import { FingerprintMismatchError, UnknownOutcomeError } from './errors.ts'
import type { Flight } from './flight.ts'
import { Hint, pause } from './hint.ts'
import { recordedFailure, recordedResult } from './outcome-text.ts'
import { type Granted, isGranted, release } from './release.ts'
import type { Shared } from './shared.ts'
import type { Claim } from './store.ts'
import type { StoreCallError } from './store-calls.ts'

/** The longest time between two polls, and the shortest, in milliseconds. */
const longestPoll = 1000
const shortestPoll = 25

/** What a claim came to, for the loop that polls. */
type Progress = 'over' | 'inFlight'

/** The claims of one flight. */
export class Claiming {
  readonly #shared: Shared
  readonly #flight: Flight
  readonly #nextOwner: () => string
  readonly #retire: () => void

  /**
   * @param nextOwner - Makes a name that nobody has used. Each claim has its own, so that an answer that came too
   *   late can be undone without undoing the next.
   * @param retire - Called when the flight is over and no call may join it, before its calls are told.
   */
  constructor(shared: Shared, flight: Flight, nextOwner: () => string, retire: () => void) {
    this.#shared = shared
    this.#flight = flight
    this.#nextOwner = nextOwner
    this.#retire = retire
  }

  /**
   * Gives the calls of the flight an outcome, a refusal or the turn. Polls while the work is in flight elsewhere.
   * Never rejects.
   */
  async run(): Promise<void> {
    const { store } = this.#shared.rules
    const listens = store.waitFor !== undefined
    if ((await this.#claim()) === 'over') return
    // Listening comes before asking once more: what happened in between would be missed.
    if (!listens) await this.#pause(undefined)
    for (;;) {
      const hint = listens ? new Hint(store, this.#flight.key) : undefined
      if ((await this.#claim()) === 'over') {
        hint?.end()
        return
      }
      await this.#pause(hint)
      hint?.end()
    }
  }

  async #claim(): Promise<Progress> {
    const { rules, calls } = this.#shared
    const { key, fingerprint } = this.#flight
    const { lease, retain, takeover, store, storeTimeout, clock } = rules
    if (this.#flight.waiting === 0) return this.#end()
    const owner = this.#nextOwner()
    const undo = (claim: Claim): void => {
      if (isGranted(claim)) release(this.#shared, key, owner, claim)
    }
    const sentAt = clock.now()
    try {
      const request = { owner, fingerprint, lease, retain, takeover }
      const claim = await calls.run(() => store.claim(key, request), storeTimeout, undo)
      if (this.#flight.waiting > 0) return this.#answered(claim, owner, sentAt)
      this.#end()
      undo(claim)
      return 'over'
    } catch (error) {
      // Once it is known to be in flight elsewhere, a store that fails is no reason to run it here.
      return this.#flight.phase === 'polling' ? 'inFlight' : this.#unavailable(error as StoreCallError)
    }
  }

  #answered(claim: Claim, owner: string, sentAt: number): Progress {
    if (isGranted(claim)) return this.#granted(claim, owner, sentAt)
    const flight = this.#flight
    const { name, codec, waits } = this.#shared.rules
    if (claim.kind === 'inFlight') {
      flight.busyUntil = () => sentAt + claim.leaseLeft
      if (waits) {
        flight.poll()
        return 'inFlight'
      }
    }
    this.#end()
    switch (claim.kind) {
      case 'inFlight':
        flight.tellAll({ kind: 'busy', reason: 'reject' })
        break
      case 'completed':
        this.#tellRecorded('completed', recordedResult(claim.result, codec, name))
        break
      case 'failed':
        this.#tellRecorded('failed', { status: 'rejected', reason: recordedFailure(claim.error, codec) })
        break
      case 'mismatch':
        flight.tellAll({ kind: 'refused', why: 'mismatch', error: new FingerprintMismatchError(name) })
        break
      case 'abandoned':
        flight.tellAll({
          kind: 'refused',
          why: 'abandoned',
          error: new UnknownOutcomeError(name, claim.attempt),
        })
    }
    return 'over'
  }

  #tellRecorded(state: 'completed' | 'failed', outcome: Settled<unknown>): void {
    this.#flight.tellAll({ kind: 'outcome', outcome, state, source: 'record' })
  }

  #granted(grant: Granted, owner: string, sentAt: number): Progress {
    this.#flight.offer({ claimed: { owner, grant, sentAt } })
    return 'over'
  }

  #unavailable(error: StoreCallError): Progress {
    const { name, runsUnprotected } = this.#shared.rules
    if (runsUnprotected && this.#flight.offer({ unprotected: error.reason })) return 'over'
    this.#end()
    this.#flight.tellAll({ kind: 'refused', why: 'store', error: error.toError(name) })
    return 'over'
  }

  #end(): Progress {
    this.#retire()
    return 'over'
  }

  /** Until there is a hint, the time for the next poll has come, or nobody waits any more. */
  #pause(hint: Hint | undefined): Promise<void> {
    const { clock, random } = this.#shared.rules
    const left = this.#flight.busyUntil() - clock.now()
    const delay = Math.min(Math.max(left, 0), longestPoll) * (0.75 + random() / 2)
    return pause(clock, random, Math.max(delay, shortestPoll), hint, (end) => {
      this.#flight.deserted = end
    })
  }
}
