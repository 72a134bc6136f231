/** Runs the work of a flight under its claim: keeps the lease, judges how it ended, and has that recorded. */
import type { CallContext, ExecuteOptions, Inner, Settled } from '@seaworthy/core'
import { valuesWith } from './claimed-work.ts'
import { type LeaseLoss, LeaseLostError, OutcomeUnrecordedError, UnknownOutcomeError } from './errors.ts'
import type { Flight, Turn } from './flight.ts'
import { Lease } from './lease.ts'
import { record } from './recording.ts'
import { abandon } from './release.ts'
import type { Shared } from './shared.ts'
import type { Ending } from './store.ts'

/** How work ended, and what that means for its key. */
interface Ended {
  readonly outcome: Settled<unknown>
  readonly meaning: Ending | 'unknown'
}

/**
 * The options of a call whose function runs for all who wait: those of the call, without its signal, and with its
 * claim.
 */
class WorkOptions implements ExecuteOptions {
  readonly key: string | undefined
  readonly values: ExecuteOptions['values']
  readonly journey: string
  readonly #flight: Flight

  constructor({ key, values }: CallContext, journey: string, flight: Flight, turn: Turn) {
    const { claimed } = turn
    const work = claimed && {
      key: flight.key,
      fence: claimed.grant.fence,
      attempt: claimed.grant.attempt,
      grant: claimed.grant.kind,
    }
    this.key = key
    this.values = valuesWith(values, work)
    this.journey = journey
    this.#flight = flight
  }

  /** The latest of all who wait, since the outcome is of use until then. */
  get deadline(): number | undefined {
    const { deadline } = this.#flight
    return Number.isFinite(deadline) ? deadline : undefined
  }
}

/** The work of one flight. */
export class Work {
  readonly #shared: Shared
  readonly #flight: Flight
  readonly #turn: Turn
  readonly #inner: Inner
  readonly #context: CallContext
  readonly #journey: string
  readonly #startedAt: number
  readonly #retire: () => void
  #lease: Lease | undefined = undefined
  #lost = false

  /**
   * @param caller - The call whose function is to run.
   * @param retire - Called when no call may join the flight any more.
   */
  constructor(
    shared: Shared,
    flight: Flight,
    turn: Turn,
    caller: { readonly context: CallContext; readonly inner: Inner },
    retire: () => void,
  ) {
    this.#shared = shared
    this.#flight = flight
    this.#turn = turn
    this.#inner = caller.inner
    this.#retire = retire
    this.#journey = caller.context.journey ?? flight.key
    this.#context = caller.context.detached(new WorkOptions(caller.context, this.#journey, flight, turn))
    this.#startedAt = shared.rules.clock.now()
  }

  /** Starts it, in the async context of whoever calls this. It tells the flight how it ended, and never rejects. */
  async run(): Promise<void> {
    const { stats, report } = this.#shared
    this.#flight.deserted = (reason) => this.#stop(reason)
    this.#begin()
    stats.running++
    const ended = await this.#perform()
    stats.running--
    this.#dropLease()
    const duration = this.#shared.rules.clock.now() - this.#startedAt
    const attempt = this.#turn.claimed?.grant.attempt ?? 1
    report.tell('finished', { outcome: ended.meaning, attempt, duration }, this.#journey)
    await this.#settle(ended)
  }

  #begin(): void {
    const { rules, report, stats } = this.#shared
    const turn = this.#turn
    if (turn.claimed === undefined) {
      report.tell('unprotected', { reason: turn.unprotected }, this.#journey)
      return
    }
    const { owner, grant, sentAt } = turn.claimed
    const { kind, fence, attempt } = grant
    const token = { owner, fence }
    const lease = new Lease(rules, this.#flight.key, token, sentAt, (reason) => this.#lose(reason))
    this.#lease = lease
    stats.leases++
    this.#flight.busyUntil = () => lease.until
    report.tell('claimed', { grant: kind, attempt }, this.#journey)
    if (kind === 'recovered') report.tell('recovered', { attempt }, this.#journey)
  }

  async #perform(): Promise<Ended> {
    try {
      const { reconcile } = this.#shared.rules
      if (reconcile !== undefined && this.#turn.claimed?.grant.kind === 'recovered') {
        const found = await reconcile(this.#context)
        if (found === 'unknown') return this.#unknown()
        if (found !== 'reexecute') return done(found.value)
      }
    } catch (reason) {
      return { outcome: { status: 'rejected', reason }, meaning: 'unknown' }
    }
    return this.#runFunction()
  }

  async #runFunction(): Promise<Ended> {
    const { aborted, reason } = this.#context
    if (aborted) return { outcome: { status: 'rejected', reason }, meaning: 'retryable' }
    try {
      return done(await this.#inner.run(this.#context))
    } catch (reason) {
      const meant = this.#shared.rules.meaning(reason, this.#context.aborted)
      return { outcome: { status: 'rejected', reason }, meaning: meant === 'terminal' ? 'failed' : meant }
    }
  }

  #unknown(): Ended {
    const { rules, report } = this.#shared
    const { attempt = 1 } = this.#turn.claimed?.grant ?? {}
    report.tell('rejected', { reason: 'abandoned' }, this.#journey)
    const reason = new UnknownOutcomeError(rules.name, attempt)
    return { outcome: { status: 'rejected', reason }, meaning: 'unknown' }
  }

  async #settle({ outcome, meaning }: Ended): Promise<void> {
    const flight = this.#flight
    const { claimed } = this.#turn
    if (claimed === undefined) {
      this.#tell(outcome, meaning === 'completed' || meaning === 'failed')
      return
    }
    const token = { owner: claimed.owner, fence: claimed.grant.fence }
    if (meaning === 'unknown') {
      await abandon(this.#shared, flight.key, token)
      this.#tell(outcome, false)
      return
    }
    const leaseUntil = flight.busyUntil()
    const ended = { key: flight.key, token, state: meaning, outcome, journey: this.#journey, leaseUntil }
    let resent: Promise<void> | undefined
    const recorded = await record(this.#shared, ended, (end) => {
      resent = end
    })
    if (recorded === 'recorded') this.#tell(outcome, meaning !== 'retryable')
    else if (recorded === 'stale') this.#lose('stale')
    else this.#tellUnrecorded(outcome, meaning, recorded.cause, resent)
  }

  /** The record is made, or never will be: the store answers those who come from now on. */
  #tell(outcome: Settled<unknown>, shared: boolean): void {
    this.#retire()
    this.#flight.tellOutcome(outcome, shared)
  }

  #tellUnrecorded(
    outcome: Settled<unknown>,
    meaning: Ending,
    cause: unknown,
    resent: Promise<void> | undefined,
  ): void {
    const { name, throwsUnrecorded } = this.#shared.rules
    const final = meaning !== 'retryable'
    const told: Settled<unknown> =
      throwsUnrecorded && outcome.status === 'fulfilled'
        ? { status: 'rejected', reason: new OutcomeUnrecordedError(name, cause) }
        : outcome
    // While it is sent again, calls of this process share what the store cannot tell them yet.
    if (resent !== undefined && final && !this.#lost) {
      this.#flight.keep(told)
      resent.then(this.#retire)
    } else this.#retire()
    this.#flight.tellOutcome(told, final)
  }

  /** Somebody else may have the work now. Its calls do not wait for the function to notice. */
  #lose(reason: LeaseLoss): void {
    if (this.#lost) return
    this.#lost = true
    this.#dropLease()
    const after = this.#shared.rules.clock.now() - this.#startedAt
    const error = new LeaseLostError(this.#shared.rules.name, reason)
    this.#retire()
    this.#context.abort(error)
    this.#flight.tellOutcome({ status: 'rejected', reason: error }, false)
    this.#shared.report.tell('leaseLost', { reason, after }, this.#journey)
  }

  /** Nobody waits any more: the function is told to stop, and has the rest of its lease to do so. */
  #stop(reason: unknown): void {
    this.#retire()
    this.#dropLease()
    this.#context.abort(reason)
  }

  #dropLease(): void {
    if (this.#lease === undefined) return
    this.#lease.stop()
    this.#lease = undefined
    this.#shared.stats.leases--
  }
}

const done = (value: unknown): Ended => ({ outcome: { status: 'fulfilled', value }, meaning: 'completed' })
