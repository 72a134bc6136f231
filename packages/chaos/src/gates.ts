/**
 * The gates that every injection passes, in order. Each is closed where it cannot be judged. The record (11) and the injection
 * itself (12) follow in the controller.
 *
 * Source: the order of Chaos Monkey's checks, with the limits of later tools between them.
 */
import { formatDuration } from '@seaworthy/core'

/** Why an injection was turned away. */
export type RefusalReason =
  | 'killSwitch'
  | 'disarmed'
  | 'dryRun'
  | 'notOptedIn'
  | 'notSteady'
  | 'maxConcurrentChaos'
  | 'overlap'
  | 'minGap'
  | 'blastRadius'
  | 'duration'
  | 'notRecorded'
  | 'notApplied'

/** The reasons, in the order of the gates. */
export const refusalReasons: readonly RefusalReason[] = Object.freeze<RefusalReason[]>([
  'killSwitch',
  'disarmed',
  'dryRun',
  'notOptedIn',
  'notSteady',
  'maxConcurrentChaos',
  'overlap',
  'minGap',
  'blastRadius',
  'duration',
  'notRecorded',
  'notApplied',
])

/** What the gates look at. */
export interface GateFacts {
  readonly killed: boolean
  readonly armed: boolean
  readonly dryRun: boolean
  /** Targets that were asked for and are not the controller's. */
  readonly foreign: readonly string[]
  /** Undefined while it was not asked. */
  readonly steady: boolean | undefined
  readonly active: number
  readonly maxConcurrentChaos: number
  readonly overlaps: boolean
  /** Milliseconds. */
  readonly sinceLast: number
  readonly minGap: number
  readonly targets: number
  readonly maxTargets: number
  /** Calls that may still be hit. */
  readonly callsLeft: number
  readonly overErrorBudget: boolean
  /** Milliseconds; undefined if none was given. */
  readonly duration: number | undefined
  readonly maxDuration: number
}

interface Gate {
  readonly reason: RefusalReason
  /** Why it is closed; undefined if it is open. */
  closed(facts: GateFacts): string | undefined
}

const gates: readonly Gate[] = [
  { reason: 'killSwitch', closed: ({ killed }) => when(killed, 'everything was stopped by the kill switch') },
  { reason: 'disarmed', closed: ({ armed }) => when(!armed, 'the controller is not armed here') },
  { reason: 'dryRun', closed: ({ dryRun }) => when(dryRun, 'this is a dry run') },
  {
    reason: 'notOptedIn',
    closed: ({ foreign }) =>
      when(foreign.length > 0, `not among the targets of the controller: ${foreign.join(', ')}`),
  },
  {
    reason: 'notSteady',
    closed: ({ steady }) => when(steady === false, 'the service is not in its steady state'),
  },
  {
    reason: 'maxConcurrentChaos',
    closed: ({ active, maxConcurrentChaos }) =>
      when(active >= maxConcurrentChaos, `${active} injections are active, and ${maxConcurrentChaos} may be`),
  },
  {
    reason: 'overlap',
    closed: ({ overlaps }) => when(overlaps, 'another injection has a fault of this kind on the same target'),
  },
  {
    reason: 'minGap',
    closed: ({ sinceLast, minGap }) =>
      when(
        sinceLast < minGap,
        `the last injection was ${formatDuration(sinceLast)} ago; minGap is ${formatDuration(minGap)}`,
      ),
  },
  { reason: 'blastRadius', closed: beyondRadius },
  {
    reason: 'duration',
    closed: ({ duration, maxDuration }) =>
      duration === undefined
        ? 'it has no duration'
        : when(duration > maxDuration, `its duration is above maxDuration, ${formatDuration(maxDuration)}`),
  },
]

/**
 * The first closed gate.
 *
 * @param upTo - The last gate to look at.
 */
export function closedGate(
  facts: GateFacts,
  upTo: RefusalReason,
): { readonly reason: RefusalReason; readonly explanation: string } | undefined {
  for (const gate of gates) {
    const explanation = gate.closed(facts)
    if (explanation !== undefined) return { reason: gate.reason, explanation }
    if (gate.reason === upTo) return undefined
  }
  return undefined
}

function beyondRadius({ targets, maxTargets, callsLeft, overErrorBudget }: GateFacts): string | undefined {
  if (targets > maxTargets) return `it has ${targets} targets, and ${maxTargets} are allowed`
  if (callsLeft <= 0) return 'maxAffectedCalls is used up'
  return when(overErrorBudget, 'the error budget is exceeded')
}

const when = (closed: boolean, explanation: string): string | undefined => (closed ? explanation : undefined)
