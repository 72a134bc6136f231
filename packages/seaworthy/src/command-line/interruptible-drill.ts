/** A drill that ends soon after it was interrupted, whatever it is waiting for. */
import {
  type DrillEvent,
  type DrillOptions,
  type DrillReport,
  drill,
  profiles,
  reportOf,
  standardLimits,
} from '@seaworthy/drill'
import type { KillSwitch } from './kill-switch.ts'
import { hashOf } from './report-file.ts'
import type { Session } from './session.ts'

/** How long an interrupted drill may take to end by itself; then a service gets as long to stop. Milliseconds. */
const patience = { drill: 20_000, service: 3000 } as const

/** What a drill came to. */
export interface Ended {
  readonly report: DrillReport
  /** It has not ended by itself, and goes on until the process ends. */
  readonly abandoned: boolean
}

/**
 * Runs a drill. It is interrupted in order by the signal of the session. If something does not come to an end then, such as a memory that is
 * watched for hours, its faults are taken back from here, and the report is made from what has happened.
 *
 * @param options - Whose services are guarded.
 */
export async function interruptibleDrill(
  options: DrillOptions,
  guard: KillSwitch,
  { clock, interruption }: Session,
): Promise<Ended> {
  const events: DrillEvent[] = []
  const began = clock.now()
  const own = options.signal
  const signal = own ? AbortSignal.any([own, interruption.signal]) : interruption.signal
  const over = new AbortController()
  const running = drill({
    ...options,
    signal,
    onEvent: (event) => {
      events.push(event)
      options.onEvent?.(event)
    },
  }).then((report): Ended => ({ report, abandoned: false }))
  const tooLate = aborted(signal, over.signal)
    .then(() => clock.sleep(patience.drill, over.signal))
    .then(async (): Promise<Ended> => {
      guard.pull()
      const stopped = await Promise.race([
        guard.stopServices().then(() => true),
        clock.sleep(patience.service, over.signal).then(() => false),
      ])
      const failures = stopped ? [] : ['a service could not be stopped in time']
      return { report: reportSoFar(events, options, clock.now() - began, failures), abandoned: true }
    })
  tooLate.catch(() => {}) // The drill has ended by itself.
  try {
    return await Promise.race([running, tooLate])
  } finally {
    over.abort()
  }
}

function reportSoFar(
  events: readonly DrillEvent[],
  { profile = 'ci', limits }: DrillOptions,
  took: number,
  failures: readonly string[],
): DrillReport {
  const { memoryGrowthPercent } = typeof profile === 'string' ? profiles[profile] : profile
  return reportOf([...events], {
    eventHash: hashOf(events),
    limits: { ...standardLimits, memoryGrowthPercent, ...limits },
    took,
    failures,
  })
}

/** Resolves when a signal aborts; never after `unless`. */
function aborted(signal: AbortSignal, unless: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true, signal: unless })
  })
}
