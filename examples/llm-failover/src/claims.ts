/** What must be true of the day. */
import type { Asked, Group, Result } from './story.ts'

export interface Claim {
  readonly text: string
  readonly holds: boolean
  /** The figures. */
  readonly detail: string
}

/** By the times of this example a primary is back after this long: see the README for the sum. */
const backWithin = 7000

/** The requirement: failover in under five seconds. */
const failoverWithin = 5000

export function claims(result: Result): readonly Claim[] {
  return [...result.groups.flatMap((group) => claimsOf(group, result)), nothingLeft(result)]
}

function claimsOf(group: Group, result: Result): Claim[] {
  const label = `${group.rate} questions a second, ${group.probed ? 'with' : 'without'} probes`
  const outages = result.phases.flatMap(({ mood, traffic }, phase) =>
    mood !== 'well' && traffic ? [phase] : [],
  )
  return [
    lost(group, label),
    ...outages.flatMap((phase) => claimsOfOutage(group, label, phase, result)),
    ...(group.probed ? withoutTraffic(group, label, result) : []),
  ]
}

function lost({ asked }: Group, label: string): Claim {
  const failed = asked.filter(({ error }) => error !== undefined)
  const errors = [...new Set(failed.map(({ error }) => String(error)))]
  return {
    text: `${label}: no question is lost`,
    holds: failed.length === 0 && asked.length > 0,
    detail: `${asked.length} asked, ${failed.length} lost${errors.map((error) => `; ${error}`).join('')}`,
  }
}

function claimsOfOutage(group: Group, label: string, phase: number, result: Result): Claim[] {
  const { what, mood } = result.phases[phase] as Result['phases'][number]
  const began = result.starts[phase] as number
  const during = group.asked.filter((asked) => asked.phase === phase)
  if (mood === 'limited') return [tooEarly(group, label, what), back(group, label, phase, result)].flat()
  if (mood === 'cut') return [interrupted(during, label, what), back(group, label, phase, result)].flat()
  const first = during.find(({ model }) => model === 'secondary')
  const answered = first === undefined ? Number.POSITIVE_INFINITY : first.at + first.took - began
  const longest = Math.max(...during.map(({ took }) => took))
  return [
    {
      text: `${label}: ${what}, and the secondary answers in under 5 s`,
      holds: answered < failoverWithin && longest < failoverWithin,
      detail: `first answer of the secondary after ${seconds(answered)}, longest wait for an answer ${seconds(longest)}`,
    },
    ...back(group, label, phase, result),
  ]
}

/** When users are with the primary again, if there is traffic after its recovery. */
function back({ asked }: Group, label: string, phase: number, { phases, starts }: Result): Claim[] {
  const after = phases[phase + 1]
  if (after?.traffic !== true || after.mood !== 'well') return []
  const recovery = starts[phase + 1] as number
  // The next outage catches those who asked just before it.
  const until = (starts[phase + 2] ?? Number.POSITIVE_INFINITY) - 500
  const later = asked.filter(({ at }) => at >= recovery && at < until)
  const elsewhere = later.filter(({ model }) => model !== 'primary').at(-1)
  const next = elsewhere === undefined ? later[0] : later[later.indexOf(elsewhere) + 1]
  const took = next === undefined ? Number.POSITIVE_INFINITY : next.at - recovery
  return [
    {
      text: `${label}: after "${phases[phase]?.what}" all questions are the primary's again within ${seconds(backWithin)}`,
      holds: took < backWithin,
      detail: `after ${seconds(took)}`,
    },
  ]
}

function tooEarly({ chat }: Group, label: string, what: string): Claim {
  return {
    text: `${label}: ${what}, and it is never asked before the time it named`,
    holds: chat.early === 0 && chat.limited > 0,
    detail: `${chat.limited} answers with 429, ${chat.early} attempts too early`,
  }
}

function interrupted(during: readonly Asked[], label: string, what: string): Claim {
  const broken = during.filter(({ interruptedAfter }) => interruptedAfter !== undefined)
  const told = broken.filter(({ interruptedAfter }) => (interruptedAfter ?? 0) > 0)
  return {
    text: `${label}: ${what}; readers are told how much they got, and get no second answer`,
    holds: told.length === broken.length && during.every(({ error }) => error === undefined),
    detail: `${broken.length} of ${during.length} answers broke off, in the middle`,
  }
}

function withoutTraffic({ wellAt }: Group, label: string, { phases, starts }: Result): Claim[] {
  const silence = phases.findIndex(({ traffic }) => !traffic)
  if (silence < 0) return []
  const took = (wellAt ?? Number.POSITIVE_INFINITY) - (starts[silence] as number)
  return [
    {
      text: `${label}: the primary is known to be well within ${seconds(backWithin)}, though nobody asks`,
      holds: took < backWithin,
      detail: `after ${seconds(took)}`,
    },
  ]
}

function nothingLeft({ left }: Result): Claim {
  const sums = left.flatMap((stats) => Object.entries(stats).filter(([, size]) => size > 0))
  return {
    text: 'in the end nothing is left: no timer, no attempt, no stream, no listener',
    holds: sums.length === 0,
    detail: sums.map(([what, size]) => `${what} ${size}`).join(', ') || 'all zero',
  }
}

function seconds(milliseconds: number): string {
  return Number.isFinite(milliseconds) ? `${(milliseconds / 1000).toFixed(1)} s` : 'never'
}
