import type { Timer } from '@seaworthy/core'
import { FirstByteTimeoutError } from './failover-errors.ts'
import type { ProviderProbed } from './failover-events.ts'
import type { FailoverRules } from './failover-options.ts'
import type { Provider } from './provider.ts'
import type { ProviderBoard, Ticket } from './provider-board.ts'

/** Between two probes of a provider that answers them again. */
const gap = 500

/** Later by up to this share, so that many processes do not probe as one. */
const jitter = 0.1

/** What a probe needs of its policy. */
export interface ProbeOwner {
  readonly name: string | undefined
  readonly rules: FailoverRules
  readonly board: ProviderBoard
  /** A timer that is counted, and does not keep the process running. */
  idleTimer(callback: () => void, delay: number): Timer
  probed(provider: Provider, outcome: ProviderProbed['outcome'], duration: number): void
}

/** Asks one provider whether it is well, while it is not: never before its cooldown and its rate limit are over. */
export class ProviderProbe {
  readonly #owner: ProbeOwner
  readonly #provider: Provider
  readonly #probe: (provider: string, signal: AbortSignal) => unknown
  #timer: Timer | undefined = undefined
  #running:
    | { readonly ticket: Ticket; readonly controller: AbortController; readonly timer: Timer }
    | undefined = undefined
  #closed = false

  constructor(
    owner: ProbeOwner,
    provider: Provider,
    probe: (provider: string, signal: AbortSignal) => unknown,
  ) {
    this.#owner = owner
    this.#provider = provider
    this.#probe = probe
  }

  /** How many probes are under way. */
  get running(): number {
    return this.#running === undefined ? 0 : 1
  }

  /** Starts or stops the timer, as the state of the provider asks for. */
  look(): void {
    const { health, excluded } = this.#provider
    const wanted = !this.#closed && health.name !== 'healthy' && excluded === undefined
    if (!wanted) this.#stopTimer()
    else if (this.#timer === undefined && this.#running === undefined) this.#schedule()
  }

  /** Ends it for good. */
  close(): void {
    this.#closed = true
    this.#stopTimer()
    this.#running?.controller.abort(new DOMException('The failover was disposed', 'AbortError'))
    this.#end()
  }

  #schedule(): void {
    const { rules } = this.#owner
    const { health, hopeAt } = this.#provider
    const now = rules.clock.now()
    const soonest = health.name === 'cooling' ? now : now + gap * (1 + jitter * rules.random())
    this.#timer = this.#owner.idleTimer(() => {
      this.#timer = undefined
      this.#run()
    }, Math.max(soonest, hopeAt) - now)
  }

  #run(): void {
    const { rules, board, name } = this.#owner
    const provider = this.#provider
    // A rate limit can have come meanwhile.
    if (!provider.allowed(rules.clock.now()) || provider.health.name === 'healthy') {
      this.look()
      return
    }
    const controller = new AbortController()
    const limit = rules.firstByte.most
    const timer = this.#owner.idleTimer(() => {
      controller.abort(new FirstByteTimeoutError(provider.name, limit, name))
      const ended = this.#end()
      if (ended !== undefined) this.#settled(ended, 'slow', () => board.slow(ended))
    }, limit)
    const ticket = board.begin(provider, true, undefined)
    this.#running = { ticket, controller, timer }
    new Promise((resolve) => resolve(this.#probe(provider.name, controller.signal))).then(
      () => {
        if (this.#end(ticket) !== undefined) this.#settled(ticket, 'success', () => board.succeeded(ticket))
      },
      (error) => {
        if (this.#end(ticket) === undefined) return
        const failureClass = rules.classify(error)
        // A probe has no request that could be wrong: whatever it fails with, the provider is not well.
        const judged = {
          failureClass: failureClass === 'fatal' ? 'transient' : failureClass,
          error,
          elsewhere: false,
        } as const
        this.#settled(ticket, 'failure', () => board.failed(ticket, judged))
      },
    )
  }

  /** Takes the probe that runs, or only the one of `ticket`. */
  #end(ticket: Ticket | undefined = this.#running?.ticket): Ticket | undefined {
    const running = this.#running
    if (running === undefined || running.ticket !== ticket) return undefined
    running.timer.cancel()
    this.#running = undefined
    if (this.#closed) this.#owner.board.left(running.ticket)
    return this.#closed ? undefined : running.ticket
  }

  #settled(ticket: Ticket, outcome: ProviderProbed['outcome'], apply: () => void): void {
    apply()
    this.#owner.probed(this.#provider, outcome, this.#owner.rules.clock.now() - ticket.startedAt)
    this.look()
  }

  #stopTimer(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }
}
