/** The report of a drill, as a file: what it says, and whether that follows from its log. */
import {
  type CriteriaLimits,
  type DrillEvent,
  type DrillReport,
  EventHash,
  reportOf,
  standardLimits,
} from '@seaworthy/drill'
import { Fields } from './fields.ts'
import { readJson } from './files.ts'
import type { Session } from './session.ts'
import { UsageError } from './usage-error.ts'

/** Reads a report. @throws UsageError when the file is none. */
export async function readReport(session: Session, path: string): Promise<DrillReport> {
  const json = await readJson(session, path)
  const problems: string[] = []
  const fields = new Fields(json, '', problems)
  if (problems.length === 0) {
    if (fields.value('schema_version') !== 1) fields.problem('schema_version', 'must be 1')
    for (const name of ['seed', 'profile', 'event_hash']) fields.text(name, 'required')
    for (const name of ['events', 'criteria', 'problems'])
      if (!Array.isArray(fields.value(name))) fields.problem(name, 'must be a list')
  }
  if (problems.length > 0) throw new UsageError(`${path} is no report of a drill`, problems)
  return json as DrillReport // As far as it matters: what its numbers are is computed anew.
}

/** What happened in virtual time: what the hash is over. Real time is never the same twice. */
export const virtualEvents = (events: readonly DrillEvent[]): readonly DrillEvent[] =>
  events.filter(({ on }) => on === 'virtual')

/** The hash of a log, computed anew. */
export function hashOf(events: readonly DrillEvent[]): string {
  const hash = new EventHash()
  for (const { sequence: _sequence, on: _on, ...fact } of virtualEvents(events)) hash.add(fact)
  return hash.digest()
}

/** The same report, with every number computed anew from its log. */
export function rederived(report: DrillReport): DrillReport {
  const again = reportOf(report.events, {
    eventHash: hashOf(report.events),
    limits: limitsOf(report),
    took: report.test_duration_hours * 3_600_000,
    failures: report.problems,
  })
  // Where it was run is no figure, and not the machine that looks at it now.
  return { ...again, environment: report.environment }
}

/** Paths of what is not the same in both, at most so many. */
export function differences(a: unknown, b: unknown, most = 10): string[] {
  const found: string[] = []
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value) ?? 'null')
  compare(plain(a), plain(b), '', found, most)
  return found
}

function compare(a: unknown, b: unknown, path: string, found: string[], most: number): void {
  if (found.length >= most || Object.is(a, b)) return
  const objects = typeof a === 'object' && typeof b === 'object' && a !== null && b !== null
  if (!objects || Array.isArray(a) !== Array.isArray(b)) {
    found.push(`${path}: ${JSON.stringify(a)} in the file, ${JSON.stringify(b)} by its log`)
    return
  }
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>]
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)]))
    compare(left[key], right[key], path === '' ? key : `${path}.${key}`, found, most)
}

/** The limits that its criteria were judged by: a report names them there and nowhere else. */
function limitsOf({ criteria }: DrillReport): CriteriaLimits {
  const known = Object.entries(criterionOf).flatMap(([name, id]) => {
    const limit = criteria.find((each) => each.id === id)?.limit
    return limit === undefined ? [] : [[name, limit] as const]
  })
  const { title = '' } = criteria.find(({ id }) => id === 'scenarios') ?? {}
  const [, rounds = '1'] = /at least (\d+) times/.exec(title) ?? []
  return { ...standardLimits, rounds: Number(rounds), ...Object.fromEntries(known) }
}

const criterionOf = {
  recoveryRate: 'recovery_rate',
  recoveryTime: 'recovery_time',
  availability: 'critical_availability',
  errorRate: 'error_rate',
  memoryGrowthPercent: 'memory_growth',
  injectionEffect: 'injection_effect',
  failover: 'failover',
} as const
