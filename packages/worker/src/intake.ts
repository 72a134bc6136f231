/** Gets tasks: fetches what waits, takes over from the dead, finds what got lost on the way. */
import { CallContext, Periodic, type Timer } from '@seaworthy/core'
import type { Desk } from './desk.ts'
import { suspicion } from './entry.ts'
import { Held } from './hands.ts'
import { classOf, pause } from './insist.ts'
import { Pace } from './pace.ts'
import type { Runner } from './runner.ts'
import type { Delivery } from './task.ts'

/** How long one fetch waits for a task, in milliseconds. */
const fetchWait = 2000
/** So much longer a fetch may take before it counts as lost. */
const fetchGrace = 5000
const promoteEvery = 500
const promoteLimit = 100
const reconcileEvery = 10_000
/** Longer than a fetch may take: what was handed out so long ago and is not known cannot be on its way any more. */
const reconcileIdle = fetchWait + fetchGrace + 1000
const reconcileLimit = 100
const pruneEvery = 60_000
/** How long a task that was fetched ahead waits for a slot before it is given back, in milliseconds. */
const patience = 100
/** A second suspect comes back after so long. */
const quarantineDelay = 1000

export class Intake {
  readonly #desk: Desk
  readonly #runner: Runner
  readonly #upkeep: readonly Periodic[]
  readonly #reconciling: Periodic
  readonly #pace: Pace
  /** Looks after those that wait for a slot. */
  #patience: Timer | undefined
  #loop: Promise<void> = Promise.resolve()
  #fetching = new AbortController()
  #reaping = false
  /** Whether it was time to reap while no slot was free. */
  #reapOwed = false
  #cursor = ''
  #failures = 0
  paused = false
  #stopped = false

  constructor(desk: Desk, runner: Runner) {
    const { clock, random, interval, concurrency, prefetch } = desk.settings
    this.#desk = desk
    this.#runner = runner
    this.#pace = new Pace(concurrency, prefetch, clock.now())
    desk.hands.turn = () => this.#admit()
    const every = (milliseconds: number, run: () => Promise<unknown>): Periodic =>
      new Periodic({ clock, random, interval: milliseconds, jitter: 0.2, run })
    this.#reconciling = every(reconcileEvery, () =>
      this.#once('reconcile', () => this.reconcile(reconcileIdle)),
    )
    this.#upkeep = [
      this.#reconciling,
      every(interval, () => this.#reap()),
      every(promoteEvery, () => this.#promote()),
      every(pruneEvery, () => this.#once('prune', () => desk.settings.stream.prune(desk.settings.minIdle))),
    ]
  }

  get timers(): number {
    const waiting = this.#patience === undefined ? 0 : 1
    return this.#upkeep.reduce((sum, each) => sum + each.timers, waiting)
  }

  start(): void {
    for (const each of this.#upkeep) each.start()
    this.#loop = this.#fetchLoop()
  }

  /** Stops getting tasks. Resolves when nothing more can come. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#patience?.cancel()
    this.#patience = undefined
    const over = this.#upkeep.map((each) => each.stop())
    this.#fetching.abort()
    this.#desk.hands.nudge()
    await Promise.all([this.#loop, ...over])
  }

  /** Asks for what was handed out more than `idle` milliseconds ago and did not arrive. */
  async reconcile(idle: number): Promise<void> {
    const { hands, settings } = this.#desk
    const { stream, owner } = settings
    const sentAt = this.#desk.now()
    const unwatch = hands.watch()
    try {
      const found = await stream.reconcile(owner, hands.receipts(), { idle, limit: reconcileLimit })
      this.#receive(found, sentAt)
    } finally {
      unwatch()
    }
  }

  async #fetchLoop(): Promise<void> {
    const { hands } = this.#desk
    while (!this.#stopped) {
      if (this.paused || hands.free === 0) {
        await hands.change()
        continue
      }
      if (this.#reapOwed) {
        await this.#reap()
        continue
      }
      try {
        await this.#fetch()
        if (this.#failures > 0) {
          this.#desk.recovered('fetch', this.#failures)
          this.#failures = 0
          // What the lost connection had carried.
          void this.#reconciling.trigger()
        }
      } catch (error) {
        if (!this.#stopped) await this.#backOff(error)
      }
    }
  }

  async #fetch(): Promise<void> {
    const { stream, owner, clock, name } = this.#desk.settings
    const { signal } = this.#fetching
    const sentAt = this.#desk.now()
    const count = this.#desk.hands.roomFor(this.#pace.ahead(sentAt, this.#desk.hands.freed))
    const answer = stream.fetch(owner, { count, wait: fetchWait, signal })
    let given = false
    const lost = new Promise<undefined>((resolve) => {
      const timer = clock.setTimer(() => {
        given = true
        resolve(undefined)
      }, fetchWait + fetchGrace)
      const done = (): void => timer.cancel()
      answer.then(done, done)
    })
    const deliveries = await Promise.race([answer, lost])
    if (deliveries !== undefined) return this.#receive(deliveries, sentAt)
    if (!given) return
    const { events } = this.#desk
    if (events.wants('stalled')) events.emit('stalled', { name, waited: fetchWait + fetchGrace })
    // Should it come back after all, nobody listens: what it carries is found by reconciling, and must not come twice.
    answer.catch(() => {})
    this.#fetching.abort()
    this.#fetching = new AbortController()
  }

  async #backOff(error: unknown): Promise<void> {
    const { clock, random } = this.#desk.settings
    const failures = ++this.#failures
    const delay = pause(failures, random)
    this.#desk.trouble({ operation: 'fetch', failures, delay, failureClass: classOf(error) })
    await clock.sleep(delay, this.#fetching.signal).catch(() => {})
  }

  #receive(deliveries: readonly Delivery[], sentAt: number): void {
    const { hands } = this.#desk
    const now = this.#desk.now()
    const again: Held[] = []
    for (const delivery of deliveries) {
      if (hands.knows(delivery.receipt)) continue
      const held = new Held(delivery, this.#contextOf(delivery, now), now, sentAt)
      hands.take(held)
      if (this.#stopped) continue // Closing hands it back.
      if (held.stage === 'queued') this.#start(held, again)
    }
    if (again.length > 0) void this.#restart(again)
    if (hands.waiting > 0 && this.#patience === undefined) this.#watchWaiting()
  }

  /** Gives free slots to those that were fetched ahead. */
  #admit(): void {
    if (this.#stopped) return
    const { hands } = this.#desk
    const again: Held[] = []
    for (let held = hands.next(); held !== undefined; held = hands.next()) this.#start(held, again)
    if (again.length > 0) void this.#restart(again)
  }

  /** @param again - Gets it if its start has to be marked first. */
  #start(held: Held, again: Held[]): void {
    if (held.delivery.deliveries === 1) this.#runner.start(held)
    else if (this.#mayRun(held)) again.push(held)
  }

  /**
   * Gives back what was fetched ahead and gets no turn: what runs has turned out to be slow, and somebody else may have a slot. One timer for
   * all of them, and none while nobody waits.
   */
  #watchWaiting(): void {
    const { hands, settings } = this.#desk
    const [oldest] = hands.line()
    if (oldest === undefined || this.#patience !== undefined) return
    const left = oldest.takenAt + patience - this.#desk.now()
    this.#patience = settings.clock.setTimer(() => {
      this.#patience = undefined
      const before = this.#desk.now() - patience
      for (const held of hands.line()) {
        if (held.takenAt <= before) void this.#runner.postpone(held, 'noSlot', 0)
      }
      this.#watchWaiting()
    }, left)
  }

  #contextOf({ journey }: Delivery, now: number): CallContext {
    return CallContext.of({ journey, deadline: now + this.#desk.settings.maxProcessing }, true, false)
  }

  /** Whether a task over which workers fell silent may run here and now. */
  #mayRun(held: Held): boolean {
    const { hands, settings } = this.#desk
    const { deliveries, starts, failures } = held.delivery
    const judged = suspicion({ deliveries: deliveries - 1, starts, failures }, settings.limits)
    if (judged === 'none') return true
    if (judged === 'poison') {
      void this.#runner.buryCrashed(held)
      return false
    }
    if (hands.quarantined) {
      void this.#runner.postpone(held, 'quarantine', quarantineDelay)
      return false
    }
    hands.quarantine(held)
    return true
  }

  /**
   * Marks the starts first, and runs then: should one of these end the process at once, its start is on record. First
   * runs are marked by the next beat, which costs nothing; a crash before that leaves one start uncounted.
   */
  async #restart(again: readonly Held[]): Promise<void> {
    const { hands, settings } = this.#desk
    const { stream, owner } = settings
    const receipts = again.map(({ delivery }) => delivery.receipt)
    const lost = await this.#desk.insist('beat', () => stream.beat(owner, receipts, receipts))
    if (lost === undefined) return
    for (const held of again) {
      held.marked = true
      if (lost.includes(held.delivery.receipt)) this.#desk.lose(held, 'taken')
      else if (hands.has(held) && !this.#stopped) this.#runner.start(held)
    }
  }

  /** Takes over from owners that fell silent, as much as there are free slots for. */
  async #reap(): Promise<void> {
    const { hands, settings } = this.#desk
    const { stream, owner, minIdle, limits } = settings
    this.#reapOwed = false
    if (this.paused || this.#reaping || !this.#desk.inTouch) return
    if (hands.free === 0) {
      // Under load a slot is never free for long: the next one is ours before another fetch gets it.
      this.#reapOwed = true
      return
    }
    this.#reaping = true
    await this.#once('reap', async () => {
      const sentAt = this.#desk.now()
      const { claimed, poison, vanished, cursor } = await stream.reap(owner, {
        ...limits,
        minIdle,
        count: hands.free,
        suspects: hands.quarantined ? 0 : 1,
        mode: 'claim',
        cursor: this.#cursor,
      })
      this.#cursor = cursor
      this.#tell(claimed, vanished)
      this.#receive([...poison, ...claimed], sentAt)
    })
    this.#reaping = false
  }

  #tell(claimed: readonly Delivery[], vanished: number): void {
    const { events, settings } = this.#desk
    const { name } = settings
    for (const { task, journey, deliveries, failures, previousOwner } of claimed) {
      if (events.wants('claimed', journey))
        events.emit(
          'claimed',
          { name, task, attempt: failures + deliveries, previousOwner, deliveries },
          journey,
        )
    }
    if (vanished > 0 && events.wants('vanished')) events.emit('vanished', { name, count: vanished })
  }

  /** @returns When to look again. */
  async #promote(): Promise<number | undefined> {
    const promoted = await this.#once('promote', () => this.#desk.settings.stream.promote(promoteLimit))
    if (promoted?.next === undefined) return undefined
    return Math.min(promoteEvery, Math.max(1, promoted.next))
  }

  /** A call that upkeep will make again anyway. */
  async #once<T>(operation: string, call: () => Promise<T>): Promise<T | undefined> {
    try {
      return await call()
    } catch (error) {
      const delay = operation === 'reap' ? this.#desk.settings.interval : reconcileEvery
      this.#desk.trouble({ operation, failures: 1, delay, failureClass: classOf(error) })
      return undefined
    }
  }
}
