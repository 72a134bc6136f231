/** Load on a service while an experiment runs, and what its users get. */
import type { Measurement, Surroundings } from '@seaworthy/chaos'
import type { Clock, Random, Timer } from '@seaworthy/core'
import type { Answer, Priority, RunningService } from '@seaworthy/drill'

/** Answers of the last ten seconds are what is measured unless a budget has a window of its own. */
const usualWindow = 10_000
/** So long answers are kept. */
const memory = 60_000

/** One request that has ended. */
interface Ended {
  readonly at: number
  readonly took: number
  readonly ending: Answer | 'failed'
}

/** Sends requests whether or not earlier ones have been answered, and measures. */
export class ExperimentLoad {
  readonly #service: RunningService
  readonly #clock: Clock
  readonly #random: Random
  readonly #abort = new AbortController()
  readonly #underway = new Set<Promise<void>>()
  #ended: Ended[] = []
  #rate: number
  #timer: Timer | undefined = undefined
  #sent = 0

  /** @param rate - Requests a second, on average. */
  constructor(service: RunningService, clock: Clock, random: Random, rate: number) {
    this.#service = service
    this.#clock = clock
    this.#random = random
    this.#rate = rate
  }

  start(): void {
    this.#arrive()
  }

  async stop(): Promise<void> {
    this.#timer?.cancel()
    this.#abort.abort()
    await Promise.all(this.#underway)
  }

  /** Load of an experiment takes the place of the usual one until its signal aborts. */
  readonly load: NonNullable<Surroundings['load']> = ({ rps }, signal) => {
    const usual = this.#rate
    const set = (rate: number): void => {
      this.#rate = rate
      this.#timer?.cancel()
      this.#arrive()
    }
    set(rps)
    signal.addEventListener('abort', () => set(usual), { once: true })
  }

  /** One request, for probes that call. */
  async ask(signal: AbortSignal): Promise<Answer> {
    return this.#service.request(this.#next(), signal)
  }

  /** What probes and expectations can name. */
  get metrics(): NonNullable<Surroundings['metrics']> {
    const share = (wanted: (ending: Ended['ending']) => boolean) => (window?: number) => {
      const recent = this.#recent(window)
      const good = recent.filter(({ ending }) => wanted(ending)).length
      return measured(recent.length === 0 ? undefined : good / recent.length, recent.length)
    }
    const percentile = (part: number) => (window?: number) => {
      const answered = this.#recent(window).filter(({ ending }) => ending === 'full' || ending === 'degraded')
      const took = answered.map((each) => each.took).sort((a, b) => a - b)
      return measured(took[Math.min(took.length - 1, Math.ceil(part * took.length) - 1)], took.length)
    }
    return {
      success_rate: share((ending) => ending === 'full' || ending === 'degraded'),
      full_rate: share((ending) => ending === 'full'),
      degraded_rate: share((ending) => ending === 'degraded'),
      shed_rate: share((ending) => ending === 'shed'),
      error_rate: share((ending) => ending === 'failed'),
      requests: (window) => this.#recent(window).length,
      p50_ms: percentile(0.5),
      p95_ms: percentile(0.95),
      p99_ms: percentile(0.99),
      open_circuits: async () =>
        Object.values(await this.#service.circuits()).filter((state) => state !== 'closed').length,
      level: async () => (await this.#service.level?.()) ?? 0,
    }
  }

  #recent(window = usualWindow): readonly Ended[] {
    const from = this.#clock.now() - window
    return this.#ended.filter(({ at }) => at >= from)
  }

  readonly #arrive = (): void => {
    if (this.#abort.signal.aborted || this.#rate <= 0) return
    const wait = (-1000 / this.#rate) * Math.log(1 - this.#random())
    this.#timer = this.#clock.setTimer(() => {
      this.#arrive()
      const request = this.#send().finally(() => this.#underway.delete(request))
      this.#underway.add(request)
    }, wait)
  }

  async #send(): Promise<void> {
    const began = this.#clock.now()
    const ending = await this.#service
      .request(this.#next(), this.#abort.signal)
      .catch(() => 'failed' as const)
    if (this.#abort.signal.aborted) return
    const at = this.#clock.now()
    this.#ended.push({ at, took: at - began, ending })
    if (at - (this.#ended[0]?.at ?? at) > 2 * memory)
      this.#ended = this.#ended.filter((each) => at - each.at <= memory)
  }

  #next(): { readonly number: number; readonly key: string; readonly priority: Priority } {
    const number = ++this.#sent
    const draw = this.#random()
    const priority = draw < 0.1 ? 'critical' : draw < 0.7 ? 'normal' : 'low'
    return { number, key: `item-${Math.floor(100 * this.#random())}`, priority }
  }
}

const measured = (value: number | undefined, samples: number): Measurement | undefined =>
  value === undefined ? undefined : { value, samples }
