/** A service in a world, under load and within reach of faults. */
import {
  type ChaosController,
  ChaosRefusedError,
  chaosController,
  type InjectionStatus,
} from '@seaworthy/chaos'
import { duration } from '@seaworthy/core'
import type { DrillFact } from '../events.ts'
import type { DrillService, RunningService } from '../service.ts'
import type { EventLog } from './event-log.ts'
import { chaosPlan, type PlannedInjection, type PlannedStep } from './plan.ts'
import type { Course } from './profiles.ts'
import { stateOf, Traffic } from './traffic.ts'
import type { DrillWorld } from './worlds.ts'

/** From this share of failed requests on, a service is not well. */
const toleratedFailures = 0.01
/** How long requests that are under way at the end of a phase may take. */
const patience = 60_000
/** The same, when everything is to end at once. */
const shortPatience = 5000
/** How long a service may need to let go of everything after the last request. */
const settling = 30_000

/** Where a part of the drill takes place. */
export class Site {
  readonly world: DrillWorld
  readonly course: Course
  readonly #log: EventLog
  readonly #signal: AbortSignal
  readonly #service: RunningService
  readonly #controller: ChaosController
  readonly #traffic: Traffic
  #ended = false

  /** Starts a service. What it holds without load is written down. */
  static async open(
    service: DrillService,
    world: DrillWorld,
    course: Course,
    log: EventLog,
    seed: string,
    signal: AbortSignal,
  ): Promise<Site> {
    const running = await world.within(() => service.start(world))
    const site = new Site(running, world, course, log, seed, signal)
    await site.#writeGauges('before')
    return site
  }

  private constructor(
    service: RunningService,
    world: DrillWorld,
    course: Course,
    log: EventLog,
    seed: string,
    signal: AbortSignal,
  ) {
    this.world = world
    this.course = course
    this.#log = log
    this.#signal = signal
    this.#service = service
    this.#traffic = new Traffic(world, service, log, course.rate)
    this.#controller = chaosController({
      targets: service.targets,
      armed: true,
      seed,
      minGap: 0,
      maxDuration: '1h',
      steadyState: () => this.#steady(),
      recovery: { ...course.recovered, budget: '30s' },
      clock: world.clock,
      hub: world.hub,
    })
    this.#writeInjections()
  }

  /** @returns What is not as it should be before anything is broken; undefined when the service is well. */
  async baseline(): Promise<string | undefined> {
    this.#traffic.start()
    await this.#wait(duration('baseline', this.course.baseline))
    const { ended, failed } = this.#traffic.recent(60)
    if (ended < 30) return `only ${ended} requests have ended`
    if (failed > toleratedFailures * ended) return `${failed} of ${ended} requests failed without any fault`
    return undefined
  }

  /** Breaks what can be broken, one thing at a time and then two, and waits each time until the service is well again. */
  async chaos(): Promise<void> {
    const { rounds, pairs, chaosFor } = this.course
    const { steps, skipped } = chaosPlan(this.#service.targets, rounds, pairs, this.world.random('plan'))
    for (const scenario of skipped)
      this.#write({ type: 'scenario.skipped', scenario, reason: 'no target can be broken that way' })
    const until = this.world.clock.now() + duration('chaosFor', chaosFor ?? 0)
    await this.world.within(async () => {
      do {
        for (const step of steps) {
          if (this.#signal.aborted) return
          await this.#take(step)
        }
      } while (steps.length > 0 && this.world.clock.now() < until)
    })
  }

  /** Goes on with the load and without faults for a while. */
  async carryOn(length: number): Promise<void> {
    this.#traffic.start()
    await this.#wait(length)
  }

  /** Ends the load for now, as between phases that need the processor for themselves. */
  async pause(waitFor: number = patience): Promise<void> {
    await this.world.within(() => this.#traffic.stop(waitFor))
  }

  /** What the service is like when nothing is broken any more, under load and then without. */
  async recovery(): Promise<void> {
    await this.carryOn(duration('recovery', this.course.recovery))
    await this.pause()
    await this.world.within(() => this.#letGo())
    this.#traffic.end()
    this.#ended = true
    this.#write({ type: 'state', ...(await stateOf(this.#service)) })
    await this.#writeGauges('after')
  }

  /** The process of the service, if it has one of its own. */
  get processId(): number | undefined {
    return this.#service.processId
  }

  /** Ends all faults in order; what waits for the end of something goes on at once. */
  interrupt(): void {
    void this.#controller.stop()
  }

  /** Takes all faults away and stops everything. @returns What could not be undone. */
  async close(): Promise<readonly string[]> {
    const failures: string[] = []
    this.#controller.kill()
    if (!this.#ended) {
      await this.pause(shortPatience)
      this.#traffic.end()
    }
    const { injected, recovered, recoverFailed } = this.#controller.snapshot().counters
    if (this.#controller.debugStats()['faults'] !== 0)
      failures.push(`${injected - recovered - recoverFailed} faults are still in place`)
    await this.world
      .within(() => this.#service.stop())
      .catch((error: unknown) => {
        failures.push(`the service could not be stopped: ${String(error)}`)
      })
    this.#controller.dispose()
    return failures
  }

  async #take(step: PlannedStep): Promise<void> {
    await Promise.all(step.map((injection) => this.#inject(injection)))
  }

  async #inject({ scenario, target }: PlannedInjection): Promise<InjectionStatus | undefined> {
    try {
      const injection = await this.#controller.inject({ scenario, on: target, for: this.course.faultFor })
      return await injection.settled
    } catch (error) {
      // What was refused, the controller has told.
      if (!(error instanceof ChaosRefusedError))
        this.#write({ type: 'scenario.skipped', scenario, reason: String(error) })
      return undefined
    }
  }

  /** Users get answers, no circuit is open and nothing is left out. */
  async #steady(): Promise<boolean> {
    const { ended, failed } = this.#traffic.recent(1)
    const { circuits, level } = await stateOf(this.#service)
    const closed = Object.values(circuits).every((state) => state === 'closed' || state === 'disabled')
    return ended > 0 && failed <= toleratedFailures * ended && closed && level === 0
  }

  /** Gauges that still move get time to come to rest: caches that expire do not count, timers that are due do. */
  async #letGo(): Promise<void> {
    const before = JSON.stringify(this.#gaugesBefore)
    const end = this.world.clock.now() + settling
    while (this.world.clock.now() < end) {
      if (JSON.stringify(await this.#service.gauges?.()) === before) return
      await this.world.clock.sleep(1000)
    }
  }

  #gaugesBefore: Readonly<Record<string, number>> | undefined = undefined

  async #writeGauges(when: 'before' | 'after'): Promise<void> {
    const values = await this.#service.gauges?.()
    if (values === undefined) return
    if (when === 'before') this.#gaugesBefore = values
    this.#write({ type: 'gauges', when, values })
  }

  async #wait(length: number): Promise<void> {
    // An interrupted drill goes on to its clean-up.
    await this.world.within(() => this.world.clock.sleep(length, this.#signal).catch(() => {}))
  }

  #writeInjections(): void {
    const controller = this.#controller
    const write = (fact: Omit<Extract<DrillFact, { readonly type: 'injection' }>, 'type'>): void =>
      this.#write({ type: 'injection', ...fact })
    controller.on('refused', ({ injection, scenario, reason }) =>
      write({ happened: 'refused', injection, scenario, reason }),
    )
    controller.on('injected', ({ injection, scenario, targets, took }) =>
      write({ happened: 'injected', injection, scenario, targets, took }),
    )
    controller.on('removed', ({ injection, scenario, affected }) =>
      write({ happened: 'removed', injection, scenario, affected }),
    )
    controller.on('recovered', ({ injection, scenario, took }) =>
      write({ happened: 'recovered', injection, scenario, took }),
    )
    controller.on('recoverFailed', ({ injection, scenario, took, outcome }) =>
      write({ happened: 'recoverFailed', injection, scenario, took, reason: outcome }),
    )
  }

  #write(fact: DrillFact): void {
    this.#log.add(this.world.on, fact)
  }
}
