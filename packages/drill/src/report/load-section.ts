/** The part of the page that shows the load: what users got, second by second, beside what was broken. */
import type { DrillEvent, Ending, MeasuredOn } from '../events.ts'
import { addLatencies, latencyQuantile } from '../run/latency.ts'
import { formatMilliseconds, words } from './format.ts'
import type { DrillReport } from './report.ts'
import {
  type Axis,
  type Band,
  type Line,
  linePlot,
  type Point,
  type Stretch,
  type Strip,
  stripPlot,
} from './svg.ts'
import { tickTime, timeSteps } from './ticks.ts'

type Traffic = Extract<DrillEvent, { readonly type: 'traffic' }>
type State = Extract<DrillEvent, { readonly type: 'state' }>

/** About as many as there are places for across the page. */
const mostPoints = 400
/** States are looked at about once a second. After a longer time than this, in milliseconds, nobody knows what was in between. */
const longestStep = 5000

/** @returns Nothing when there was no load on that clock. */
export function loadSection({ events, figures }: DrillReport, on: MeasuredOn): string {
  const traffic = events.filter((event): event is Traffic => event.type === 'traffic' && event.on === on)
  const states = events.filter((event): event is State => event.type === 'state' && event.on === on)
  const last = traffic.at(-1)
  if (last === undefined) return ''
  const perPoint = Math.max(1, Math.ceil(traffic.length / mostPoints))
  const groups = Array.from({ length: Math.ceil(traffic.length / perPoint) }, (_, index) =>
    traffic.slice(index * perPoint, (index + 1) * perPoint),
  )
  // An event of traffic tells of the second before it.
  const x: Axis = { from: startOf(groups[0] ?? []), to: last.at, steps: timeSteps, label: tickTime }
  const gap = 1000 * perPoint + 2000
  const bands: Band[] = figures.injections
    .filter((each) => each.on === on)
    .map(({ from, until, scenario, targets }) => ({
      from,
      to: until ?? from,
      label: `${words(scenario)} on ${targets.join(', ')}`,
    }))
  const common = { x, bands, gap }
  return `<section><h2>${on === 'virtual' ? 'Load in virtual time' : 'Load in real time'}</h2>
<p><small>Marks above the plots: something is broken; point at one to see what. Where a plot is empty, no request ended.</small></p>
${linePlot({ ...common, title: 'What users got', lines: endingLines(groups), y: (value) => `${Math.round(100 * value)} %`, top: 1 })}
${linePlot({ ...common, title: '99 of 100 answers came within', lines: [{ name: '', style: 'plain', points: slowest(groups) }], y: (value) => (value === 0 ? '0' : formatMilliseconds(value)) })}
${stateStrips(states, x)}
</section>`
}

/** From the bottom: what failed, was turned away, was degraded, was all right. Each is drawn over the ones behind it. */
function endingLines(groups: readonly (readonly Traffic[])[]): Line[] {
  const line = (name: string, style: string, endings: readonly Ending[]): Line => ({
    name,
    style,
    area: true,
    points: groups.flatMap((group) => {
      const all = count(group, ['full', 'degraded', 'shed', 'failed'])
      const share = all === 0 ? 0 : count(group, endings) / all
      return [[startOf(group), share] as const, [endOf(group), share] as const]
    }),
  })
  return [
    line('in full', 'good', ['full', 'degraded', 'shed', 'failed']),
    line('degraded', 'warn', ['degraded', 'shed', 'failed']),
    line('turned away', 'shed', ['shed', 'failed']),
    line('failed', 'bad', ['failed']),
  ]
}

function slowest(groups: readonly (readonly Traffic[])[]): Point[] {
  return groups.flatMap((group) => {
    const latencies = new Map<number, number>()
    for (const { took } of group) addLatencies(latencies, took)
    const value = latencyQuantile(latencies, 0.99)
    return value === undefined ? [] : [[endOf(group), value] as const]
  })
}

const levels = ['normal', 'minor', 'moderate', 'severe', 'critical'] as const

/** The states of the circuits and the level, as strips over time. */
function stateStrips(states: readonly State[], x: Axis): string {
  const names = [...new Set(states.flatMap(({ circuits }) => Object.keys(circuits)))]
  const strip = (name: string, styleOf: (state: State) => string, say: (style: string) => string): Strip => {
    const stretches: Stretch[] = []
    let begin = states[0]
    for (const [index, state] of states.entries()) {
      const next = states[index + 1]
      const joined = next !== undefined && next.at - state.at <= longestStep
      if (begin === undefined || (joined && styleOf(next) === styleOf(begin))) continue
      const to = joined ? next.at : state.at + 1000
      const label = `${say(styleOf(begin))} from ${formatMilliseconds(begin.at)} to ${formatMilliseconds(to)}`
      stretches.push({
        from: Math.max(begin.at, x.from),
        to: Math.min(to, x.to),
        style: styleOf(state),
        label,
      })
      begin = next
    }
    return { name, stretches }
  }
  return stripPlot(
    'Circuits and level',
    [
      { name: 'closed, normal', style: 'good' },
      { name: 'half open, minor', style: 'warn' },
      { name: 'open, severe', style: 'bad' },
      { name: 'not known', style: 'plain' },
    ],
    [
      ...names.map((name) =>
        strip(
          name,
          ({ circuits }) => circuits[name] ?? 'unknown',
          (state) => words(state),
        ),
      ),
      strip(
        'level',
        ({ level }) => `level${level}`,
        (style) => levels[Number(style.slice(5))] ?? style,
      ),
    ],
    x,
  )
}

function count(group: readonly Traffic[], endings: readonly Ending[]): number {
  let sum = 0
  for (const { ended } of group)
    for (const counts of Object.values(ended)) for (const ending of endings) sum += counts[ending]
  return sum
}

function startOf(group: readonly Traffic[]): number {
  return Math.max(0, (group[0]?.at ?? 0) - 1000)
}

function endOf(group: readonly Traffic[]): number {
  return group.at(-1)?.at ?? 0
}
