/** `seaworthy drill cascade`: how a graph of services stands failures that spread. */
import {
  type CascadeId,
  type CascadeResult,
  cascadeIds,
  defaultTopology,
  readTopology,
  runCascade,
  type TopologyFile,
} from '@seaworthy/drill'
import { allMeant } from '../arguments.ts'
import type { Command } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { readJson } from '../files.ts'
import { print, printJson, type Session } from '../session.ts'
import { colours, figure, painted, table } from '../terminal.ts'

/** `drill cascade` */
export const drillCascade: Command = {
  words: 'drill cascade',
  operands: { show: '[TOPOLOGY.json]', least: 0, most: 1 },
  summary: 'Spreads failures through a graph of services',
  about: [
    'Five kinds of cascades in virtual time, with the real policies around every call: CF1 what everything rests on fails, CF2 ' +
      'something hangs that is only nice to have, CF3 a brown-out under retries on every layer, CF4 connections are cut one after the ' +
      'other, CF5 a leaf is back and everybody has waited for it. Each is run with the recommended defence, and once more as a ' +
      'control that leaves the essential part out: the control must fail, or the cascade shows nothing.',
    'The file names whom each service calls: { "web": ["orders"], "orders": ["db"], "db": [] }. Its long form is in the README of ' +
      '@seaworthy/drill.',
  ],
  options: [
    {
      name: 'only',
      value: 'CF1,…',
      kind: 'list',
      choices: cascadeIds,
      help: 'Which kinds.',
      standard: 'all',
    },
    { name: 'seed', value: 'SEED', help: 'What all chances come from.', standard: '1' },
    { name: 'no-control', help: 'Leaves the controls out, which halves the time.' },
    { name: 'json', help: 'Prints JSON.' },
  ],
  examples: [
    ['seaworthy drill cascade --only CF2', 'a few seconds, with the graph that comes with it'],
    ['seaworthy drill cascade services.json', 'your own services'],
  ],
  exitCodes: {
    0: 'everything stayed where it was, and no control passed',
    1: 'something spread',
    2: 'a control passed, or the graph can show none of it',
  },
  async run(given, session) {
    const [path] = given.operands
    const topology = path === undefined ? defaultTopology : ((await readJson(session, path)) as TopologyFile)
    readTopology(topology) // says what is wrong before anything runs
    const chosen = given.list('only').length > 0 ? given.list('only') : cascadeIds
    const ids = allMeant('only', chosen, cascadeIds) as CascadeId[]
    const results: Outcome[] = []
    for (const id of ids) {
      const seed = given.text('seed') ?? 1
      if (session.interruption.signal.aborted) break
      const defended = await runCascade(id, topology, { seed })
      const control =
        given.flag('no-control') || defended.notApplicable !== undefined
          ? undefined
          : await runCascade(id, topology, { seed, control: true })
      results.push({ defended, control })
      if (!given.flag('json')) show(results[results.length - 1] as Outcome, session)
    }
    if (given.flag('json')) printJson(session, results)
    return codeOf(results, ids.length)
  },
}

interface Outcome {
  readonly defended: CascadeResult
  readonly control: CascadeResult | undefined
}

function codeOf(results: readonly Outcome[], wanted: number): number {
  const ran = results.filter(({ defended }) => defended.notApplicable === undefined)
  if (ran.some(({ defended }) => !defended.passed)) return exitCodes.failed
  const vacuous = ran.length === 0 || ran.some(({ control }) => control?.passed === true)
  return vacuous || results.length < wanted ? exitCodes.partial : exitCodes.passed
}

function show({ defended, control }: Outcome, session: Session): void {
  const { id, name, fault, passed, notApplicable, metrics, recommendations, report } = defended
  if (notApplicable !== undefined) {
    print(session, `- ${id} ${name}: ${notApplicable}\n`)
    return
  }
  const rows = metrics.map((each) => [
    `  ${each.passed ? '✔' : '✘'} ${each.name}`,
    figure(each.value),
    `${each.op} ${figure(each.limit)}`,
  ])
  const lines = [
    `${passed ? '✔' : '✘'} ${id} ${name}: ${fault}`,
    table(rows),
    ...(report && report.containment.length > 0 ? [`    stopped at ${report.containment.join(', ')}`] : []),
    ...recommendations.map((each) => `    ${each}`),
    ...(control === undefined
      ? []
      : [
          `  ${control.passed ? '? passes' : '✔ fails'} without ${control.control}, as a control ${control.passed ? 'must not' : 'must'}`,
        ]),
  ]
  print(session, `${painted(lines.join('\n'), colours(session.stdout, session))}\n`)
}
