/** Seven tests for any circuit breaker, in virtual time. */
import type { CircuitRules } from '@seaworthy/circuit-breaker'
import { knownOptions, oneOf } from '@seaworthy/core'
import { type SimulatedWorld, simulate } from '../simulation/simulate.ts'
import { Bench, type Transition } from './bench.ts'
import { staleResultsAndControl } from './controlling.ts'
import { windowSemantics } from './counting.ts'
import { type TransitionCoverage, transitionCoverage } from './coverage.ts'
import { failFastOpen, thresholdTrip } from './opening.ts'
import type { BreakerFactory } from './port.ts'
import { failedTrialBackoff, timedRecovery, trialLimit } from './recovering.ts'
import { testRules } from './rules.ts'
import { type BreakerTestId, breakerTestIds, type Part, type Scenario } from './scenario.ts'

const scenarios: readonly Scenario[] = [
  thresholdTrip,
  failFastOpen,
  timedRecovery,
  failedTrialBackoff,
  trialLimit,
  windowSemantics,
  staleResultsAndControl,
]

/** Options of {@link testBreaker}. */
export interface TestBreakerOptions {
  /** Which tests. @defaultValue all seven */
  readonly only?: readonly BreakerTestId[]
  /**
   * The rules that the breaker follows: the tests adapt to them. @defaultValue each test brings the rules that show best what it looks at, and
   * the factory has to obey them
   */
  readonly options?: CircuitRules
  /** For the jitter. @defaultValue 1 */
  readonly seed?: number | string
}

/** What one test came to. */
export interface BreakerTestResult {
  readonly id: BreakerTestId
  readonly name: string
  readonly passed: boolean
  /**
   * By part of the test: its figures; or `failure`, what was wrong; or `notApplicable`, why the rules do not show it. A test of which no part
   * applies has not passed.
   */
  readonly evidence: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** Every change of state in it, in order. */
  readonly transitions: readonly Transition[]
}

/** What all tests came to. */
export interface BreakerReport {
  /** Whether all tests passed, no change was illegal and, after all seven, none is missing. */
  readonly passed: boolean
  readonly tests: readonly BreakerTestResult[]
  readonly coverage: TransitionCoverage
}

/**
 * Tests a circuit breaker: when it opens, that nothing gets through then, when and with how many trials it recovers, how its waits grow,
 * what it counts and forgets, and that late results and people do what they should.
 *
 * All of it happens in virtual time, so it says nothing about how many microseconds a rejection takes.
 *
 * @param factory - Makes the breaker: a new one each time, with the clock, the randomness and the rules that it is given.
 * @throws {@link @seaworthy/core!InvalidOptionError} when there is no such test. A breaker that does wrong does not throw: it fails.
 *
 * @example
 * ```ts
 * import { circuitBreaker } from '@seaworthy/circuit-breaker'
 * import { breakerOptions, testBreaker } from '@seaworthy/drill'
 *
 * const report = await testBreaker((setup) => circuitBreaker(breakerOptions(setup)))
 * for (const { id, name, passed } of report.tests) console.log(id, name, passed)
 * console.log(report.coverage.share) // 1
 * ```
 */
export async function testBreaker(
  factory: BreakerFactory,
  options: TestBreakerOptions = {},
): Promise<BreakerReport> {
  knownOptions('testBreaker', options, ['only', 'options', 'seed'])
  const { only = breakerTestIds, seed = 1 } = options
  for (const id of only) oneOf('only', id, breakerTestIds)
  const tests: BreakerTestResult[] = []
  for (const scenario of scenarios)
    if (only.includes(scenario.id)) tests.push(await runScenario(scenario, factory, options.options, seed))
  const coverage = transitionCoverage(tests.flatMap(({ transitions }) => transitions))
  const complete = tests.length < scenarios.length || coverage.missing.length === 0
  const passed = complete && coverage.illegal.length === 0 && tests.every((test) => test.passed)
  return { passed, tests, coverage }
}

async function runScenario(
  { id, name, parts }: Scenario,
  factory: BreakerFactory,
  own: CircuitRules | undefined,
  seed: number | string,
): Promise<BreakerTestResult> {
  const transitions: Transition[] = []
  const evidence: Record<string, Readonly<Record<string, unknown>>> = {}
  for (const part of parts) {
    if (own !== undefined && part.variant === true) continue
    const options = own ?? part.options
    const blocked = part.blocked?.(testRules(options))
    if (blocked === undefined)
      evidence[part.name] = await runPart(part, factory, options, `${seed}/${id}/${part.name}`, transitions)
    else evidence[part.name] = { notApplicable: blocked }
  }
  const results = Object.values(evidence)
  const ran = results.filter((result) => !('notApplicable' in result))
  return {
    id,
    name,
    passed: ran.length > 0 && !ran.some((result) => 'failure' in result),
    evidence,
    transitions,
  }
}

async function runPart(
  part: Part,
  factory: BreakerFactory,
  options: CircuitRules,
  seed: string,
  transitions: Transition[],
): Promise<Readonly<Record<string, unknown>>> {
  const run = async (world: SimulatedWorld): Promise<Readonly<Record<string, unknown>>> =>
    part.run(new Bench(world, factory, options, transitions))
  try {
    const { value, hash } = await simulate(seed, run)
    return { ...value, hash }
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) }
  }
}
