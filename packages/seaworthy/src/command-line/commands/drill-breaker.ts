/** `seaworthy drill breaker`: does a circuit breaker do what its options promise? */
import { type CircuitRules, circuitBreaker } from '@seaworthy/circuit-breaker'
import {
  type BreakerFactory,
  type BreakerReport,
  breakerOptions,
  type TestBreakerOptions,
  testBreaker,
} from '@seaworthy/drill'
import type { Command } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { isModule, loadModule, readJson } from '../files.ts'
import { print, printJson, type Session } from '../session.ts'
import { colours, painted } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'

/** `drill breaker` */
export const drillBreaker: Command = {
  words: 'drill breaker',
  summary: 'Tests a circuit breaker in seven ways, in virtual time',
  about: [
    'When it opens, that nothing gets through then, when and with how many trials it recovers, how its waits grow, what it counts ' +
      'and forgets, and that late results and people do what they should. It takes half a second.',
    'A JSON file has options of circuitBreaker(), which the tests adapt to: { "failureThreshold": 3, "recoveryTimeout": "10s" }. A module exports a ' +
      'breaker of another make: a function (setup) => breaker, or { factory, options, only }.',
  ],
  options: [
    {
      name: 'config',
      value: 'FILE',
      help: 'Options as JSON, or a module with a breaker.',
      standard: 'the breaker of @seaworthy/circuit-breaker',
    },
    { name: 'seed', value: 'SEED', help: 'For the jitter.', standard: '1' },
    { name: 'json', help: 'Prints JSON.' },
  ],
  examples: [
    ['seaworthy drill breaker', 'the breaker that comes with it'],
    ['seaworthy drill breaker --config my-breaker.mjs', 'a breaker of your own'],
  ],
  exitCodes: { 0: 'all tests passed', 1: 'a test failed' },
  async run(given, session) {
    const { factory, ...options } = await subject(session, given.text('config'))
    const seed = given.text('seed')
    const report = await testBreaker(factory, { ...options, ...(seed !== undefined && { seed }) })
    if (given.flag('json')) printJson(session, report)
    else print(session, painted(textOf(report), colours(session.stdout, session)))
    return report.passed ? exitCodes.passed : exitCodes.failed
  },
}

type Subject = { readonly factory: BreakerFactory } & TestBreakerOptions

async function subject(session: Session, path: string | undefined): Promise<Subject> {
  const factory: BreakerFactory = (setup) => circuitBreaker(breakerOptions(setup))
  if (path === undefined) return { factory }
  if (isModule(path)) {
    const exported = await loadModule(session, path)
    if (typeof exported === 'function') return { factory: exported as BreakerFactory }
    const given = (exported as { breaker?: unknown }).breaker ?? exported
    if (typeof (given as Partial<Subject>).factory === 'function') return given as Subject
    throw new UsageError(path, ['must export a function (setup) => breaker, or { factory, options, only }'])
  }
  const options = (await readJson(session, path)) as CircuitRules
  // It knows best what its options may be.
  circuitBreaker(options).dispose()
  return { factory, options }
}

function textOf({ passed, tests, coverage }: BreakerReport): string {
  const lines = tests.flatMap(({ id, name, passed, evidence }) => [
    `${passed ? '✔' : '✘'} ${id} ${name}`,
    ...Object.entries(evidence).flatMap(([part, { failure, notApplicable }]) => {
      if (failure !== undefined) return [`  ✘ ${part}: ${String(failure)}`]
      return notApplicable === undefined ? [] : [`  - ${part}: ${String(notApplicable)}`]
    }),
  ])
  const { share, missing, illegal } = coverage
  return [
    ...lines,
    `${illegal.length === 0 ? '✔' : '✘'} changes of state: ${Math.round(100 * share)} % of those there are were seen${illegal.map((each) => `; illegal: ${each}`).join('')}`,
    ...missing.map((each) => `  - not seen: ${each}`),
    passed ? 'PASSED' : 'FAILED',
  ].join('\n')
}
