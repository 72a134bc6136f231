/** `seaworthy explain`: what policies cost at most, and the traps they fall into. */
import {
  type Describable,
  type ExplainOptions,
  explain as explained,
  type ServiceGraph,
} from '@seaworthy/core'
import type { Command } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { isModule, readEither } from '../files.ts'
import { print, printJson } from '../session.ts'
import { UsageError } from '../usage-error.ts'

/** `explain` */
export const explain: Command = {
  words: 'explain',
  operands: { show: 'FILE', least: 1, most: 1 },
  summary: 'Says what a policy or a graph of services costs at most, and which traps it falls into',
  about: [
    'Nothing runs. A module exports a policy, a pipeline or a graph as its default export. A JSON file has a graph, { "nodes": { "web": ' +
      '{ "calls": ["db"] }, "db": { "duration": "50ms" } } }, with durations; policies cannot be written in JSON, so a graph with ' +
      'them is a module. docs/explain.md explains the warnings.',
  ],
  options: [
    {
      name: 'function-duration',
      value: 'TIME',
      kind: 'duration',
      help: 'The longest that the function takes.',
      standard: 'it may hang',
    },
    { name: 'within', value: 'TIME', kind: 'duration', help: 'Warns when a caller may wait longer.' },
    {
      name: 'recovery',
      value: 'TIME',
      kind: 'duration',
      help: 'Warns when calls may stay away longer from what works again.',
    },
    { name: 'json', help: 'Prints JSON.' },
  ],
  examples: [
    [
      'seaworthy explain payments.mjs',
      "where payments.mjs has: export default pipeline(timeout('5s'), retry({ attempts: 4 }))",
    ],
    ['seaworthy explain services.json --within 2s', 'a graph'],
  ],
  exitCodes: { 0: 'no warning is an error', 1: 'one is' },
  async run(given, session) {
    const path = given.operands[0] as string
    const subject = await readEither(session, path)
    const [functionDuration, duration, recovery] = [
      given.duration('function-duration'),
      given.duration('within'),
      given.duration('recovery'),
    ]
    const options: ExplainOptions = { functionDuration, target: { duration, recovery } }
    if (!isModule(path)) refusePolicies(path, subject)
    // It refuses what is neither.
    const explanation = explained(subject as Describable & ServiceGraph, options)
    if (given.flag('json')) printJson(session, explanation)
    else print(session, explanation.text)
    return explanation.warnings.some(({ severity }) => severity === 'error')
      ? exitCodes.failed
      : exitCodes.passed
  },
}

/** In JSON a policy would be an object that cannot describe itself. */
function refusePolicies(path: string, subject: unknown): void {
  const { nodes } = (subject ?? {}) as { readonly nodes?: Readonly<Record<string, unknown>> }
  const problems = Object.entries(nodes ?? {})
    .filter(([, node]) => JSON.stringify(node)?.includes('"policy":'))
    .map(([name]) => `nodes.${name} has a policy; write the graph as a module (.mjs) that exports it`)
  if (problems.length > 0) throw new UsageError(path, problems)
}
