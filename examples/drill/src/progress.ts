/** A drill in lines, as it goes on. */
import type { DrillEvent } from '@seaworthy/drill'

const names = {
  INITIALIZATION: 'starting',
  BASELINE_ESTABLISHMENT: 'watching what is normal',
  CHAOS_INJECTION: 'breaking one thing after the other',
  CIRCUIT_BREAKER_TESTING: 'testing the circuit breaker',
  CASCADING_FAILURE_TESTING: 'testing cascades',
  MEMORY_SOAK_TESTING: 'watching memory',
  RECOVERY_VALIDATION: 'watching what is left',
  FINAL_ANALYSIS: 'analysing',
  CLEANUP: 'cleaning up',
} as const

/** @returns Undefined for what need not be said. */
export function lineFor(event: DrillEvent): string | undefined {
  switch (event.type) {
    case 'phase.started':
      return `${names[event.phase]} …`
    case 'phase.ended':
      return event.outcome === 'failed' ? `${names[event.phase]}: failed, ${event.reason}` : undefined
    case 'scenario.skipped':
      return `  ${words(event.scenario)}: ${event.reason}`
    case 'injection':
      return injectionLine(event)
    default:
      return undefined
  }
}

function injectionLine(event: Extract<DrillEvent, { readonly type: 'injection' }>): string | undefined {
  const { at, scenario, happened, targets = [], took = 0, reason } = event
  const line = (what: string): string =>
    `  ${(at / 1000).toFixed(1).padStart(6)} s  ${words(scenario)}${what}`
  switch (happened) {
    case 'injected':
      return line(`: ${targets.join(', ')}`)
    case 'recovered':
      return line(`: over, well again after ${(took / 1000).toFixed(1)} s`)
    case 'recoverFailed':
    case 'refused':
      return line(`: ${happened}, ${reason}`)
    default:
      return undefined
  }
}

const words = (id: string): string => id.replaceAll('_', ' ')
