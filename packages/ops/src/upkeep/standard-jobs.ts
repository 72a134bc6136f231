/** The jobs that most services have. */
import type { Hub } from '@seaworthy/core'
import { circuitsOf, summaryOf } from '../figures/circuits.ts'
import type { Ops } from '../ops.ts'
import type { DeadLettersLike, HealthLike, HealthReportLike } from '../parts.ts'
import type { CircuitSummary, ReliabilityReport } from '../wire.ts'
import type { UpkeepJobOptions } from './upkeep.ts'

/** What {@link standardJobs} works with: what is left out is not done. */
export interface StandardJobsOptions {
  /** Queues by name: letters that are due are worked through every five minutes, old ones are removed once a day. */
  readonly deadLetters?: Readonly<Record<string, DeadLettersLike>>
  /** How old a letter gets, in milliseconds. @defaultValue seven days */
  readonly deadLetterAge?: number
  /** Asked every minute. */
  readonly health?: HealthLike
  /** Told how the process does. */
  readonly onHealth?: (report: HealthReportLike) => unknown
  /** Looked at every two minutes, for circuits. */
  readonly hub?: Hub
  /** Told how the circuits are, if not all are closed. */
  readonly onCircuits?: (summary: CircuitSummary) => unknown
  /** Asked every hour, for the reliability report. */
  readonly ops?: Pick<Ops, 'report'>
  /** Gets the report of the last hour, for example to keep it. */
  readonly onReport?: (report: ReliabilityReport) => unknown
}

const week = 7 * 86_400_000
const hour = 3_600_000
/** Letters worked through at once, and rounds of them in one run. */
const batch = 100
const mostRounds = 50

/**
 * Ready-made jobs: dead letters are processed every 5 minutes (`processDeadLetters`), breakers watched every 2 minutes (`watchCircuitBreakers`),
 * health checked every minute (`checkHealth`), the reliability report written every hour (`reliabilityReport`), old dead letters removed every day
 * (`cleanDeadLetters`). Change one, or leave it out, by spreading them into jobs of your own.
 *
 * With a store only one instance does a job; health and circuits are those of that instance. Who wants them from each has an upkeep without a store
 * for them.
 */
export function standardJobs(options: StandardJobsOptions): Record<string, UpkeepJobOptions> {
  const { deadLetters, health, hub, ops, onCircuits, onHealth, onReport } = options
  const queues = Object.values(deadLetters ?? {})
  const olderThan = options.deadLetterAge ?? week
  return {
    ...(queues.length > 0 && {
      processDeadLetters: {
        every: '5m',
        run: (signal) => forEach(queues, (queue) => processDue(queue, signal)),
      },
      cleanDeadLetters: {
        every: '1d',
        run: () => forEach(queues, (queue) => queue.purge({ olderThan, actor: 'upkeep', reason: 'too old' })),
      },
    }),
    ...(hub && {
      watchCircuitBreakers: {
        every: '2m',
        run: async () => {
          const summary = summaryOf(hub.components().flatMap(circuitsOf))
          if (summary.closed < summary.total) await onCircuits?.(summary)
        },
      },
    }),
    ...(health && {
      checkHealth: { every: '1m', run: async () => onHealth?.(await health.report()) },
    }),
    ...(ops &&
      onReport && {
        reliabilityReport: { every: '1h', run: async () => onReport(ops.report(hour)) },
      }),
  }
}

/** One queue that fails must not keep the others from being worked on. @throws AggregateError with all that failed. */
async function forEach<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const errors: unknown[] = []
  for (const item of items) await work(item).catch((error: unknown) => errors.push(error))
  if (errors.length > 0) throw new AggregateError(errors, 'Some queues failed')
}

/** Until no letter is due. Letters that fall due again at once must not keep it going for ever. */
async function processDue(queue: DeadLettersLike, signal: AbortSignal): Promise<void> {
  for (let round = 0; round < mostRounds && !signal.aborted; round++) {
    const { claimed, paused } = (await queue.processBatch(batch)) as { claimed?: unknown; paused?: unknown }
    if (typeof claimed !== 'number' || claimed < batch || (typeof paused === 'number' && paused > 0)) return
  }
}
