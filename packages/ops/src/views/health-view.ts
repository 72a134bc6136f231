/** Health as it is shown. */
import type { HealthReportLike } from '../parts.ts'
import { redactText } from '../redact.ts'
import type { HealthCheckView, HealthCodeWord, HealthSummary, HealthView } from '../wire.ts'

/** A check without what the wire does not name, and without secrets. */
export function checkView(check: HealthCheckView): HealthCheckView {
  const { output } = check
  return {
    ...(Object.fromEntries(
      checkFields.flatMap((field) => (check[field] === undefined ? [] : [[field, check[field]]])),
      // Each field has its own value, and those that must be there are.
    ) as unknown as HealthCheckView),
    ...(output !== undefined && { output: redactText(output) }),
  }
}

const checkFields = [
  'name',
  'status',
  'lastStatus',
  'code',
  'criticality',
  'kinds',
  'componentType',
  'observedValue',
  'observedUnit',
  'checkedAt',
  'age',
  'duration',
  'since',
  'consecutive',
  'flapping',
] as const satisfies readonly (keyof HealthCheckView)[]

/** Numbers for those who get no names. */
export function healthSummary(checks: readonly HealthCheckView[]): HealthSummary {
  const of = (status: HealthCheckView['status']): number =>
    checks.filter((each) => each.status === status).length
  const codes: Partial<Record<HealthCodeWord, number>> = {}
  for (const { code } of checks) if (code !== undefined) codes[code] = (codes[code] ?? 0) + 1
  return {
    total: checks.length,
    pass: of('pass'),
    warn: of('warn'),
    fail: of('fail'),
    unknown: of('unknown'),
    codes,
  }
}

/** Notes for everybody: a word each, without what somebody typed. */
export const publicNotes = (notes: readonly string[]): string[] =>
  notes.flatMap((note) => knownNotes.find((each) => note === each || note.startsWith(`${each}:`)) ?? [])

const knownNotes = ['starting', 'draining']

/** For those with permission. */
export const healthView = (report: HealthReportLike, draining: boolean): HealthView => ({
  status: report.status,
  time: report.time,
  draining,
  notes: report.notes.map((note) => redactText(note)),
  checks: report.checks.map(checkView),
})
