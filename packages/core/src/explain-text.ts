/** Explanations for people: plain text for a terminal, aligned, without colours. */
import type { PolicyDescription } from './describe.ts'
import { type Composition, isCollapsed } from './explain-cost.ts'
import type { Explanation, GraphExplanation } from './explain-model.ts'
import type { Call, Service, Services } from './explain-services.ts'
import type { CompositionWarning } from './explain-warning.ts'
import { counted, lasting, spanning } from './explain-words.ts'

const width = 100

/** The text about a policy or pipeline. */
export function compositionText(facts: Omit<Explanation, 'text'>, { names, costs }: Composition): string {
  const { layers, worstCase, attempts, copies, amplification, warnings } = facts
  const functionTime = costs.at(-1)?.time ?? 0
  const rows = [
    ...layers.map((layer, slot) => [names[slot] as string, whatItDoes(layers, slot, layer)]),
    [
      'your function',
      functionTime === Number.POSITIVE_INFINITY ? 'may hang' : `takes up to ${lasting(functionTime)}`,
    ],
  ]
  const calls =
    copies === 1
      ? counted(attempts, 'time')
      : `${counted(amplification, 'time')}, up to ${copies} side by side`
  const bounds = [
    ['longest wait', worstCase === Number.POSITIVE_INFINITY ? 'for ever' : lasting(worstCase)],
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
    lasting(worstCase),
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

/** The facts about one policy, or its options if there are none that matter here. */
function whatItDoes(layers: readonly PolicyDescription[], slot: number, layer: PolicyDescription): string {
  const { attempts = 1, copies = 1, concurrency, wait = 0, circuit, timeLimit, answers } = layer
  const facts = [
    attempts > 1 &&
      (isCollapsed(layers, slot) ? 'never tries again, since a retry outside does' : repeats(layer)),
    copies > 1 && `${copies} side by side`,
    concurrency !== undefined && `${concurrency} calls at once`,
    wait > 0 && (wait === Number.POSITIVE_INFINITY ? 'waits without limit' : `waits up to ${lasting(wait)}`),
    circuit !== undefined && opens(circuit),
    timeLimit?.mode === 'aggressive' && `gives up after ${lasting(timeLimit.limit)}`,
    timeLimit?.mode === 'cooperative' && `asks to stop after ${lasting(timeLimit.limit)}`,
    answers !== undefined && 'answers in place of errors',
  ].filter((fact) => fact !== false)
  if (facts.length > 0) return facts.join('; ')
  const options = Object.entries(layer.options)
  return options.map(([name, value]) => `${name} ${String(value)}`).join(', ')
}

function repeats({ attempts = 1, delays = 0 }: PolicyDescription): string {
  const pause = delays === 0 ? 'without a pause' : `pausing up to ${lasting(delays)} in all`
  return `${counted(attempts, 'attempt')}, ${pause}`
}

function opens(circuit: NonNullable<PolicyDescription['circuit']>): string {
  const { trips, consecutive, minimumRequests, recovery } = circuit
  if (!trips) return 'never opens'
  const rules = [
    consecutive < Number.POSITIVE_INFINITY && `after ${counted(consecutive, 'failure')} in a row`,
    minimumRequests < Number.POSITIVE_INFINITY && `by rate after ${counted(minimumRequests, 'call')}`,
  ].filter((rule) => rule !== false)
  return `opens ${rules.join(' or ')}, for ${spanning(recovery)}`
}

/** The lines of a node and of those it calls. A node that was shown before is not unfolded again. */
function branch(
  services: Services,
  service: Service,
  lead: string,
  indent: string,
  shown: Set<string>,
  call?: Call,
): string[][] {
  const { name, composition, calls } = service
  const again = shown.has(name)
  shown.add(name)
  const policies = [...(call?.composition.layers ?? []), ...composition.layers].map(({ kind }) => kind)
  const remarks = [
    ...(call?.critical === false ? ['optional'] : []),
    ...(call !== undefined && call.times > 1 ? [`${call.times} times`] : []),
    ...(again && calls.length > 0 ? ['calls as above'] : []),
  ]
  const line = [lead + name, policies.join(' > '), remarks.join(', ')]
  if (again) return [line]
  const below = calls.flatMap((each, index) => {
    const [branchLead, branchIndent] = index < calls.length - 1 ? ['├─ ', '│  '] : ['└─ ', '   ']
    const called = services.get(each.to) as Service
    return branch(services, called, indent + branchLead, indent + branchIndent, shown, each)
  })
  return [line, ...below]
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
