/** What a drill is doing, while it does it. */
import { type DrillEvent, type PhaseName, phases } from '@seaworthy/drill'
import type { Session } from './session.ts'
import { colours, figure, painted, time } from './terminal.ts'

/** How often the line of a terminal is drawn anew at most, in milliseconds. */
const frame = 100

/** Phases as people call them. */
const titles: Readonly<Record<PhaseName, string>> = {
  INITIALIZATION: 'Initialization',
  BASELINE_ESTABLISHMENT: 'Baseline',
  CHAOS_INJECTION: 'Chaos injection',
  CIRCUIT_BREAKER_TESTING: 'Circuit breaker tests',
  CASCADING_FAILURE_TESTING: 'Cascading failures',
  MEMORY_SOAK_TESTING: 'Memory soak',
  RECOVERY_VALIDATION: 'Recovery',
  FINAL_ANALYSIS: 'Final analysis',
  CLEANUP: 'Clean-up',
}

/** Hears the events of a drill and writes to standard error: a moving line on a terminal, a line for each phase elsewhere. */
export class Progress {
  readonly #session: Session
  readonly #moving: boolean
  readonly #answers = { full: 0, degraded: 0, shed: 0, failed: 0 }
  readonly #broken = new Map<string, string>()
  #phaseBegan: number
  #drawn = Number.NEGATIVE_INFINITY
  #facts = new Map<string, number>()

  constructor(session: Session) {
    this.#session = session
    this.#moving = session.stderr.isTTY === true && session.environment['TERM'] !== 'dumb'
    this.#phaseBegan = session.clock.now()
  }

  hear(event: DrillEvent): void {
    if (event.type === 'phase.started') {
      this.#phaseBegan = this.#session.clock.now()
      this.#facts = new Map()
    }
    if (event.type === 'phase.ended') {
      this.#end(event)
      return
    }
    this.#note(event)
    this.#draw(event.phase)
  }

  /** Takes the moving line away. */
  close(): void {
    if (this.#moving) this.#session.stderr.write('\r\u001b[K')
  }

  #note(event: DrillEvent): void {
    const count = (what: string): unknown => this.#facts.set(what, (this.#facts.get(what) ?? 0) + 1)
    if (event.type === 'traffic') {
      for (const counts of Object.values(event.ended))
        for (const ending of ['full', 'degraded', 'shed', 'failed'] as const)
          this.#answers[ending] += counts[ending]
    } else if (event.type === 'injection') {
      const { injection, scenario, happened, targets = [] } = event
      const name = `${event.on} ${injection}`
      if (happened === 'injected') {
        count('faults')
        this.#broken.set(name, `${scenario.replaceAll('_', ' ')} on ${targets.join(' and ')}`)
      } else if (happened === 'recovered' || happened === 'recoverFailed') {
        if (this.#broken.delete(name)) count(happened === 'recovered' ? 'recovered' : 'not recovered')
      }
    } else if (event.type === 'breaker.test') count(event.passed ? 'passed' : 'FAILED')
    else if (event.type === 'cascade.test' && !event.control)
      count(event.passed ? 'contained' : 'NOT contained')
    else if (event.type === 'soak.simulated') this.#facts.set('hours simulated', event.hours)
  }

  #draw(phase: PhaseName): void {
    const { stderr, clock } = this.#session
    if (!this.#moving || clock.now() - this.#drawn < frame) return
    this.#drawn = clock.now()
    const place = phases.indexOf(phase)
    const bar = `${'█'.repeat(place)}▒${'░'.repeat(phases.length - place - 1)}`
    const parts = [
      bar,
      titles[phase],
      time(clock.now() - this.#phaseBegan),
      ...this.#broken.values(),
      this.#users(),
    ]
    const text = parts.filter((part) => part !== '').join('  ')
    stderr.write(`\r${text.slice(0, (stderr.columns ?? 80) - 1)}\u001b[K`)
  }

  #users(): string {
    const { full, degraded, shed, failed } = this.#answers
    if (full + degraded + shed + failed === 0) return ''
    return `${figure(full)} full, ${figure(degraded)} degraded, ${figure(shed)} turned away, ${figure(failed)} failed`
  }

  #end({ phase, outcome, reason }: Extract<DrillEvent, { readonly type: 'phase.ended' }>): void {
    const { stderr, clock } = this.#session
    this.close()
    const mark = { completed: '✔', failed: '✘', skipped: '-' }[outcome]
    const facts = [...this.#facts].map(([what, count]) => `${figure(count)} ${what}`).join(', ')
    const took = outcome === 'skipped' ? '' : time(clock.now() - this.#phaseBegan)
    const line = [mark, titles[phase].padEnd(22), took.padStart(8), reason ?? facts].join('  ').trimEnd()
    stderr.write(`${painted(line, colours(stderr, this.#session))}\n`)
  }
}
