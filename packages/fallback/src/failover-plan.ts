/** Who is asked next in one call, and when. It has no clock and no timers: whoever follows it passes the time in. */
import type { FailoverRules } from './failover-options.ts'
import type { Provider } from './provider.ts'
import type { ProviderBoard } from './provider-board.ts'

/** What to do now. */
export type PlanStep =
  /** `forced`: in spite of its health. */
  | { readonly do: 'ask'; readonly provider: Provider; readonly forced: boolean }
  /** Look again then, or when the state of a provider changes. `pausing`: only then, it is the pause between two passes. */
  | { readonly do: 'wait'; readonly until: number; readonly pausing: boolean }
  /** Nobody can be asked before the deadline. */
  | { readonly do: 'giveUp' }

/** The pause before another pass: up to this long, twice that the next time. */
const firstPause = 250

/**
 * Asks all providers that are well, one after the other; then again, after a pause, as often as the options allow. With nobody to ask it
 * waits for the first that will be well. When the time is nearly over, those that were not asked yet are asked in spite of their health:
 * no call ends without having asked everybody who may be asked.
 */
export class FailoverPlan {
  readonly deadline: number
  /** From then on a provider is better asked in spite of its health than not at all. */
  readonly lastChance: number
  readonly #startedAt: number
  readonly #board: ProviderBoard
  readonly #rules: FailoverRules
  readonly #request: unknown
  /** The providers asked at all, in this pass, and in spite of their health. */
  readonly #asked = new Set<Provider>()
  readonly #tried = new Set<Provider>()
  readonly #forced = new Set<Provider>()
  /** Providers for which this request is wrong, though maybe not for others. */
  readonly #unfit = new Set<Provider>()
  #pass = 1
  #notBefore = Number.NEGATIVE_INFINITY

  constructor(
    board: ProviderBoard,
    rules: FailoverRules,
    request: unknown,
    startedAt: number,
    deadline: number,
  ) {
    this.#board = board
    this.#rules = rules
    this.#request = request
    this.#startedAt = startedAt
    this.deadline = deadline
    const reserve = board.providers.length * rules.firstByte.most
    this.lastChance = deadline - Math.min((deadline - startedAt) / 2, reserve)
  }

  /** @param crowded - Whether no further call may wait. */
  next(now: number, crowded: boolean): PlanStep {
    if (now < this.#notBefore) return { do: 'wait', until: this.#notBefore, pausing: true }
    const pool = this.#pool()
    const admitted = this.#admitted(pool, now)
    const unasked = pool.filter((provider) => !this.#asked.has(provider))
    const late = now < this.lastChance ? undefined : this.#leastBad(unasked, now)
    if (late !== undefined && !admitted.some((provider) => !this.#asked.has(provider))) return force(late)
    if (admitted.length > 0) return { do: 'ask', provider: this.#board.choose(admitted, now), forced: false }
    if (this.#tried.size === 0) return this.#waitFor(pool, now, crowded)
    if (this.#pass === this.#rules.passes) return this.#waitFor(unasked, now, crowded)
    this.#beginPass(now)
    return this.#waitFor(pool, now, crowded)
  }

  /** One to ask while another is slower than usual, if there is one. */
  early(now: number): Provider | undefined {
    const admitted = this.#admitted(this.#pool(), now)
    return admitted.length === 0 ? undefined : this.#board.choose(admitted, now)
  }

  /** How long a provider that is asked now has for its first byte: it must not eat the time of the others. */
  firstByteLimit(provider: Provider, now: number): number {
    const { firstByte, target } = this.#rules
    const { least, most } = firstByte
    const { slowest } = provider
    const usual = slowest === undefined ? most : Math.min(Math.max(3 * slowest, least), most)
    const others = this.#admitted(this.#pool(), now).filter((other) => other !== provider).length
    if (others === 0) return usual
    const share = this.#asked.size === 0 ? target / 2 : (target - (now - this.#startedAt)) / (others + 1)
    return Math.min(usual, Math.max(least, share))
  }

  /** A provider is asked. */
  ask(provider: Provider, forced: boolean): void {
    this.#asked.add(provider)
    this.#tried.add(provider)
    if (forced) this.#forced.add(provider)
  }

  /** The request is wrong for this provider. */
  ruleOut(provider: Provider): void {
    this.#unfit.add(provider)
  }

  /** It said when to come back: to do so is no round of asking everybody. */
  comeBack(provider: Provider, now: number): void {
    if (provider.allowedAt > now + firstPause) this.#tried.delete(provider)
  }

  /** When somebody may be asked again; Infinity if nobody knows. */
  get hopeAt(): number {
    return soonest(this.#pool(), ({ hopeAt }) => hopeAt)
  }

  #pool(): readonly Provider[] {
    return this.#board.providers.filter(
      (provider) => !this.#unfit.has(provider) && provider.serves(this.#request),
    )
  }

  #admitted(pool: readonly Provider[], now: number): Provider[] {
    return pool.filter((provider) => !this.#tried.has(provider) && provider.admits(now) !== undefined)
  }

  #beginPass(now: number): void {
    const pause = firstPause * 2 ** (this.#pass - 1) * this.#rules.random()
    this.#pass++
    this.#tried.clear()
    this.#notBefore = now + pause
  }

  /** Nobody of `pool` may be asked now. */
  #waitFor(pool: readonly Provider[], now: number, crowded: boolean): PlanStep {
    const hope = Math.max(
      this.#notBefore,
      soonest(pool, ({ hopeAt }) => hopeAt),
    )
    if (now < this.lastChance && hope <= this.lastChance && !crowded)
      return this.#wait(pool, this.lastChance, now)
    const least = this.#leastBad(pool, now)
    if (least !== undefined) return force(least)
    return hope < this.deadline ? this.#wait(pool, this.deadline, now) : { do: 'giveUp' }
  }

  #wait(pool: readonly Provider[], limit: number, now: number): PlanStep {
    if (now < this.#notBefore) return { do: 'wait', until: this.#notBefore, pausing: true }
    const look = soonest(pool, ({ lookAt }) => lookAt)
    return { do: 'wait', until: Math.min(look, limit), pausing: false }
  }

  /** Whoever can be expected to be well first; nobody twice. */
  #leastBad(pool: readonly Provider[], now: number): Provider | undefined {
    const free = pool.filter(
      (provider) => provider.allowed(now) && !this.#tried.has(provider) && !this.#forced.has(provider),
    )
    return free.sort((a, b) => a.hopeAt - b.hopeAt || a.tier - b.tier)[0]
  }
}

const force = (provider: Provider): PlanStep => ({ do: 'ask', provider, forced: true })

function soonest(pool: readonly Provider[], when: (provider: Provider) => number): number {
  return Math.min(...pool.map(when))
}
