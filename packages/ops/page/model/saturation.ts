/** How full a limiter is, told from its snapshot. Kinds that are not known here are shown with their plain facts. */
import type { ComponentView } from '../../src/wire.ts'
import { formatCount, formatTime, formatWord, plural } from './format.ts'

export interface Saturation {
  /** From 0, idle, to 1, full; undefined for what has no limit. */
  readonly share: number | undefined
  readonly text: string
}

/** How many plain facts of a component of unknown kind are shown. */
const mostFacts = 6

export function saturationOf({ kind, snapshot }: ComponentView): Saturation {
  const figure = (name: string): number | undefined => {
    const value = snapshot[name]
    return typeof value === 'number' && Number.isFinite(value) ? value : undefined
  }
  const active = figure('active')
  const limit = figure('concurrency') ?? (kind === 'adaptive-concurrency' ? figure('limit') : undefined)
  const queued = figure('queued')
  if (active !== undefined && limit !== undefined && limit > 0) {
    const queue = figure('queue')
    const of = queue === undefined || queue === 0 ? '' : ` of ${formatCount(queue)}`
    const waiting = queued === undefined ? '' : `, ${formatCount(queued)}${of} waiting`
    const refused = refusals(snapshot['rejected'])
    const away = refused === 0 ? '' : `, ${formatCount(refused)} turned away`
    return {
      share: Math.min(1, active / limit),
      text: `${formatCount(active)} of ${formatCount(Math.floor(limit))} in use${waiting}${away}`,
    }
  }
  const [available, burst, per] = [figure('available'), figure('burst'), figure('per')]
  if (available !== undefined && burst !== undefined && burst > 0) {
    const rate = figure('limit')
    const allowed =
      rate === undefined || per === undefined ? '' : `, ${formatCount(rate)} per ${formatTime(per)}`
    return {
      share: Math.min(1, Math.max(0, 1 - available / burst)),
      text: `${plural(Math.floor(available), 'call')} free${allowed}`,
    }
  }
  if (kind === 'failover' && Array.isArray(snapshot['providers']))
    return { share: undefined, text: snapshot['providers'].map(providerText).join(', ') }
  return { share: undefined, text: plainFacts(snapshot) }
}

function providerText({ provider, state, cooldown, excluded }: Readonly<Record<string, unknown>>): string {
  const rest = typeof cooldown === 'number' && cooldown > 0 ? ` for ${formatTime(cooldown)}` : ''
  return `${provider} ${excluded === undefined ? `${state}${rest}` : 'excluded'}`
}

/** Those who gave up by themselves were not turned away. */
function refusals(rejected: unknown): number {
  const counts = Object.entries((rejected ?? {}) as Readonly<Record<string, unknown>>)
  return counts.reduce((sum, [why, count]) => (why === 'aborted' ? sum : sum + Number(count)), 0)
}

/** Shares from which a limiter is worth a look, and is full. */
export function saturationTone(share: number | undefined): 'none' | 'ok' | 'warn' | 'bad' {
  if (share === undefined) return 'none'
  return share >= 1 ? 'bad' : share >= 0.8 ? 'warn' : 'ok'
}

/** Whose numbers are milliseconds. The limit of what has no places is a time limit. */
const isTime = (name: string): boolean => /delay|duration|age$|limit/i.test(name)

function plainFacts(snapshot: Readonly<Record<string, unknown>>): string {
  const facts = Object.entries(snapshot).flatMap(([name, value]) =>
    typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean'
      ? [
          `${formatWord(name).toLowerCase()} ${typeof value !== 'number' ? value : isTime(name) ? formatTime(value) : formatCount(value)}`,
        ]
      : [],
  )
  return facts.slice(0, mostFacts).join(', ') || 'no figures'
}
