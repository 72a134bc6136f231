/** One registered check: asked in good time, once at a time, within its time limit. */
import { type Clock, Periodic, type Random, type WallClock } from '@seaworthy/core'
import type { CheckAnswer, CheckFinding, CheckSettings } from './check.ts'
import { isFlapping, nothingPublished, type Publication, publish } from './publication.ts'
import { describeError, redacted } from './redact.ts'
import type { HealthCheckResult, HealthStatus } from './report.ts'

/** What was found, and when. */
interface Answer extends CheckFinding {
  /** On the clock. */
  readonly at: number
  readonly checkedAt: number
  readonly duration: number
}

/** What is told after every answer. */
export interface CheckTold {
  readonly name: string
  readonly finding: CheckFinding
  readonly duration: number
  readonly before: HealthStatus | undefined
  readonly after: HealthStatus
}

/** What a check needs of the registry. */
export interface CheckSurroundings {
  readonly clock: Clock
  readonly wallClock: WallClock
  readonly random: Random
  /** Called after every answer. */
  tell(told: CheckTold): void
}

export class WatchedCheck {
  readonly name: string
  readonly settings: CheckSettings
  readonly #around: CheckSurroundings
  readonly #schedule: Periodic
  #publication: Publication = nothingPublished
  #publishedAt = 0
  #answer: Answer | undefined = undefined
  #run: Promise<void> | undefined = undefined
  /** Whether the function has not returned from the last time, though its time limit is over. */
  #hung = false
  #controller: AbortController | undefined = undefined
  #closed = false

  constructor(name: string, settings: CheckSettings, around: CheckSurroundings) {
    const { clock, random } = around
    const { interval } = settings
    this.name = name
    this.settings = settings
    this.#around = around
    const run = async (): Promise<number | undefined> => {
      await this.refresh()
      return this.#failed ? Math.min(settings.failureTtl, interval) : undefined
    }
    this.#schedule = new Periodic({ clock, random, interval, jitter: 0.1, keepAlive: false, run })
  }

  /** Asks again and again, beginning now. */
  watch(): void {
    this.#schedule.start(0)
  }

  /** Timers and runs, for leak tests. */
  get debugStats(): { readonly timers: number; readonly running: number } {
    return { timers: this.#schedule.timers, running: this.#run === undefined ? 0 : 1 }
  }

  /** Whether the answer is too old to serve when somebody asks. */
  isDue(): boolean {
    if (this.#answer === undefined) return true
    const { ttl, failureTtl } = this.settings
    return this.#around.clock.now() - this.#answer.at >= (this.#failed ? Math.min(ttl, failureTtl) : ttl)
  }

  /** Asks, or joins those who wait for the answer already. Never rejects. */
  refresh(): Promise<void> {
    if (this.#closed) return Promise.resolve()
    this.#run ??= this.#ask().finally(() => {
      this.#run = undefined
    })
    return this.#run
  }

  /** What is known. Asks nothing. */
  result(): HealthCheckResult {
    const { clock } = this.#around
    const { criticality, kinds, componentType, maxStale, initial } = this.settings
    const now = clock.now()
    const { published, last, consecutive } = this.#publication
    const answer = this.#answer
    const flapping = isFlapping(this.#publication, now)
    const about = { name: this.name, criticality, kinds, consecutive, flapping, ...given({ componentType }) }
    if (answer === undefined || published === undefined) {
      const status = initial === 'pass' ? ('pass' as const) : ('unknown' as const)
      return { ...about, status, lastStatus: 'unknown', code: 'pending' }
    }
    const age = now - answer.at
    const stale = age > maxStale
    const code = stale ? 'stale' : answer.code
    const { observedValue, observedUnit, output, checkedAt } = answer
    return {
      ...about,
      status: stale ? 'unknown' : published,
      lastStatus: last ?? 'unknown',
      checkedAt,
      age,
      duration: answer.duration,
      since: this.#publishedAt,
      ...given({ code, observedValue, observedUnit, output }),
    }
  }

  /** Asks no more. */
  close(): void {
    this.#closed = true
    void this.#schedule.stop()
    this.#controller?.abort()
    try {
      this.settings.close?.()
    } catch {
      // It is gone for us either way.
    }
  }

  get #failed(): boolean {
    return this.#answer?.status === 'fail'
  }

  async #ask(): Promise<void> {
    const { clock } = this.#around
    const began = clock.now()
    const finding: CheckFinding = this.#hung ? { status: 'fail', code: 'hung' } : await this.#within()
    if (!this.#closed) this.#take(finding, clock.now() - began)
  }

  /** The answer, or that it did not come in time. What comes later is dropped. */
  #within(): Promise<CheckFinding> {
    const { clock } = this.#around
    const controller = new AbortController()
    this.#controller = controller
    return new Promise((resolve) => {
      const timer = clock.setTimer(() => {
        this.#hung = true
        resolve({ status: 'fail', code: 'timeout' })
        controller.abort()
      }, this.settings.timeout)
      controller.signal.addEventListener('abort', () => {
        timer.cancel()
        resolve({ status: 'fail', code: 'timeout' })
      })
      const settle = (finding: CheckFinding): void => {
        this.#hung = false
        timer.cancel()
        resolve(finding)
      }
      answerOf(() => this.settings.check({ signal: controller.signal })).then(settle)
    })
  }

  #take(finding: CheckFinding, duration: number): void {
    const { clock, wallClock, tell } = this.#around
    const before = this.#publication.published
    this.#answer = { ...finding, at: clock.now(), checkedAt: wallClock(), duration }
    this.#publication = publish(this.#publication, finding.status, clock.now(), this.settings)
    const after = this.#publication.published ?? finding.status
    if (after !== before) this.#publishedAt = wallClock()
    tell({ name: this.name, finding, duration, before, after })
  }
}

const statuses: readonly unknown[] = ['pass', 'warn', 'fail']

/** What a check says, whatever it does. */
async function answerOf(check: () => CheckAnswer | Promise<CheckAnswer>): Promise<CheckFinding> {
  try {
    const answer = await check()
    if (answer === undefined || answer === true) return { status: 'pass' }
    if (answer === false) return { status: 'fail', code: 'error' }
    if (!statuses.includes(answer?.status))
      return { status: 'fail', code: 'error', output: 'the check answered something that is no answer' }
    const { output } = answer
    return output === undefined ? answer : { ...answer, output: redacted(output) }
  } catch (error) {
    return { status: 'fail', code: isRefusal(error) ? 'refused' : 'error', output: describeError(error) }
  }
}

const refusals = ['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN']

/** By the code of the error or of what is behind it: `fetch` hides it in the cause. Never throws. */
function isRefusal(error: unknown): boolean {
  try {
    for (let at = error, depth = 0; depth < 4 && at instanceof Error; depth++, at = at.cause) {
      if (refusals.includes(String((at as { code?: unknown }).code))) return true
    }
  } catch {
    // An error that cannot be read says nothing.
  }
  return false
}

/** The properties that have a value. */
function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  } // `fromEntries` forgets the names
}
