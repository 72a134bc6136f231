/** Explanations for people: plain text for a terminal, aligned, without colours. */
import type { PolicyDescription } from './describe.ts'
import { formatDuration } from './duration.ts'
import { type Composition, isCollapsed } from './explain-cost.ts'
import type { Explanation, GraphExplanation } from './explain-model.ts'
import type { Service, Services } from './explain-services.ts'
import { type CompositionWarning, counted } from './explain-warning.ts'

const width = 100

/** The text about a policy or pipeline. */
export function compositionText(facts: Omit<Explanation, 'text'>, { names, costs }: Composition): string {
  const { layers, worstCase, attempts, copies, amplification, warnings } = facts
  const functionTime = costs.at(-1)?.time ?? 0
  const rows = [
    ...layers.map((layer, slot) => [names[slot] as string, whatItDoes(layers, slot, layer)]),
    [
      'your function',
      functionTime === Number.POSITIVE_INFINITY ? 'may hang' : `takes up to ${formatDuration(functionTime)}`,
    ],
  ]
  const calls =
    copies === 1
      ? counted(attempts, 'time')
      : `${counted(amplification, 'time')}, up to ${copies} side by side`
  const bounds = [
    ['longest wait', worstCase === Number.POSITIVE_INFINITY ? 'for ever' : formatDuration(worstCase)],
    ['function runs', `up to ${calls} for one call`],
  ]
  return [...table(rows), '', ...table(bounds), '', ...warningLines(warnings)].join('\n')
}

/** The text about a graph. */
export function graphText(facts: Omit<GraphExplanation, 'text'>, services: Services): string {
  const shown = new Set<string>()
  const tree = facts.roots.flatMap((root) => branch(services, services.get(root) as Service, '', '', shown))
  const head = ['node', 'longest wait', 'calls', 'without failures', 'amplification', 'takes down']
  const rows = facts.nodes.map(({ name, worstCase, calls, fanOut, amplification, takesDown }) => [
    name,
    formatDuration(worstCase),
    String(calls),
    String(fanOut),
    `× ${Math.round(amplification * 100) / 100}`,
    takesDown.join(', ') || '-',
  ])
  const note = 'Calls are the most that one request can cause.'
  return [...table(tree), '', ...table([head, ...rows]), '', note, '', ...warningLines(facts.warnings)].join(
    '\n',
  )
}

function whatItDoes(layers: readonly PolicyDescription[], slot: number, layer: PolicyDescription): string {
  const { timeLimit, attempts = 1, delays = 0, wait = 0, copies = 1, concurrency, circuit, answers } = layer
  const facts: string[] = []
  if (isCollapsed(layers, slot)) facts.push('never tries again, since a retry outside does')
  else if (attempts > 1) facts.push(`${counted(attempts, 'attempt')}, ${pauses(delays)}`)
  if (copies > 1) facts.push(`${copies} side by side`)
  if (concurrency !== undefined) facts.push(`${concurrency} calls at once`)
  if (wait > 0)
    facts.push(
      wait === Number.POSITIVE_INFINITY ? 'waits without limit' : `waits up to ${formatDuration(wait)}`,
    )
  if (circuit !== undefined) facts.push(whatOpensIt(circuit))
  if (timeLimit !== undefined)
    facts.push(
      `${timeLimit.mode === 'aggressive' ? 'gives up' : 'asks to stop'} after ${formatDuration(timeLimit.limit)}`,
    )
  if (answers !== undefined) facts.push('answers in place of errors')
  return (
    facts.join('; ') ||
    Object.entries(layer.options)
      .map(([name, value]) => `${name} ${String(value)}`)
      .join(', ')
  )
}

const pauses = (delays: number): string =>
  delays === 0 ? 'at once' : `pausing up to ${formatDuration(delays)} in all`

function whatOpensIt({
  trips,
  consecutive,
  minimumRequests,
  recovery,
}: NonNullable<PolicyDescription['circuit']>): string {
  if (!trips) return 'never opens'
  const rules = [
    ...(consecutive === Number.POSITIVE_INFINITY
      ? []
      : [`after ${counted(consecutive, 'failure')} in a row`]),
    ...(minimumRequests === Number.POSITIVE_INFINITY
      ? []
      : [`by rate after ${counted(minimumRequests, 'call')}`]),
  ]
  const { first, longest } = recovery
  const span =
    first === longest ? formatDuration(first) : `${formatDuration(first)} to ${formatDuration(longest)}`
  return `opens ${rules.join(' or ')}, for ${span}`
}

/** The lines of a node and those it calls; what was shown before is only named. */
function branch(
  services: Services,
  { name, composition, calls }: Service,
  lead: string,
  indent: string,
  shown: Set<string>,
  how = '',
): string[][] {
  const again = shown.has(name)
  shown.add(name)
  const policies = [
    how,
    composition.layers.map(({ kind }) => kind).join(' > '),
    again && calls.length > 0 ? '(as above)' : '',
  ]
  const lines = [[lead + name, policies.filter((each) => each !== '').join('  ')]]
  if (again) return lines
  return [
    ...lines,
    ...calls.flatMap((call, index) => {
      const last = index === calls.length - 1
      const around = call.composition.layers.map(({ kind }) => kind).join(' > ')
      const traits = [
        call.critical ? '' : 'optional',
        call.times > 1 ? `${call.times} times` : '',
        around && `call: ${around}`,
      ]
      return branch(
        services,
        services.get(call.to) as Service,
        indent + (last ? '└─ ' : '├─ '),
        indent + (last ? '   ' : '│  '),
        shown,
        traits.filter((each) => each !== '').join(', '),
      )
    }),
  ]
}

function warningLines(warnings: readonly CompositionWarning[]): string[] {
  if (warnings.length === 0) return ['No known trap.']
  return warnings.flatMap(({ severity, code, message, advice }, index) => [
    ...(index === 0 ? [] : ['']),
    `${severity}: ${code}`,
    ...wrap(message, '  '),
    ...wrap(advice, '  → ', '    '),
  ])
}

/** Left-aligned columns. */
function table(rows: ReadonlyArray<readonly string[]>): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('   ')
      .trimEnd(),
  )
}

function wrap(text: string, first: string, rest: string = first): string[] {
  const lines: string[] = []
  let line = first
  for (const word of text.split(' ')) {
    if (line.length + word.length > width && line.trim() !== '') {
      lines.push(line.trimEnd())
      line = rest
    }
    line += `${word} `
  }
  return [...lines, line.trimEnd()]
}
