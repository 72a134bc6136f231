/** When a level is called for. */
import {
  count,
  type Duration,
  duration,
  InvalidOptionError,
  knownOptions,
  number,
  optionalFunction,
  ratio,
} from '@seaworthy/core'
import { type Level, parseLevel } from './levels.ts'
import type { CheckSignal, CircuitSignal, Signals } from './signals.ts'

/** What a rule goes by at the moment, for those who watch. */
export interface RuleReading {
  readonly value: number
  /** From which value on it holds. */
  readonly limit: number
  /** @defaultValue `'count'` */
  readonly unit?: 'count' | 'share' | 'ms'
  /** What the value comes from, such as names of circuits. No addresses, no texts of errors. */
  readonly about?: readonly string[]
}

/** One reason for a level. */
export interface Rule {
  /** Names it in snapshots and events. */
  readonly id: string
  /** The level it calls for when {@link Rule.when} answers `true`. */
  readonly level: Level
  /**
   * Whether it holds now: `true`, `false`, or a level of its own choice. It is asked often, so it should be quick. One that throws keeps
   * the answer it gave last.
   */
  when(signals: Signals): boolean | Level
  /** The figures behind the answer, for snapshots; undefined if there are none now. It decides nothing. @defaultValue none are shown */
  reads?(signals: Signals): RuleReading | undefined
  /** So many times in a row it has to hold before it counts. @defaultValue 1 */
  readonly enterAfter?: number
  /** So long it must not have held before it counts no more. @defaultValue `'1m'` */
  readonly exitAfter?: Duration
}

/** A rule with all its settings; durations in milliseconds. */
export interface RuleSettings {
  readonly id: string
  readonly level: Level
  readonly when: Rule['when']
  readonly reads: Rule['reads']
  readonly enterAfter: number
  readonly exitAfter: number
}

/** Checks rules. @throws {@link @seaworthy/core!InvalidOptionError} when one makes no sense or an id is used twice. */
export function ruleSettings(rules: readonly Rule[]): RuleSettings[] {
  const ids = new Set<string>()
  return rules.map((rule) => {
    knownOptions('rule', rule, ['id', 'level', 'when', 'reads', 'enterAfter', 'exitAfter'])
    const { id, level, when, enterAfter = 1, exitAfter = '1m' } = rule
    if (typeof id !== 'string' || id === '' || ids.has(id))
      throw new InvalidOptionError('rule.id', 'a text that no other rule has', id)
    if (typeof when !== 'function') throw new InvalidOptionError(`rule '${id}'.when`, 'a function', when)
    optionalFunction(`rule '${id}'.reads`, rule.reads)
    ids.add(id)
    return {
      id,
      level: parseLevel(`rule '${id}'.level`, level),
      when: (signals) => rule.when(signals),
      reads: rule.reads?.bind(rule),
      enterAfter: count(`rule '${id}'.enterAfter`, enterAfter),
      exitAfter: duration(`rule '${id}'.exitAfter`, exitAfter),
    }
  })
}

/** Options of {@link standardRules}. */
export interface StandardRuleOptions {
  /** So many calls a circuit must have counted for its failure rate to mean something. @defaultValue 10 */
  readonly minimumCalls?: number
  /** From this failure rate on a circuit is failing, open or not. @defaultValue 0.5 */
  readonly failureRate?: number
  /** From this share of the heap on things are minor. @defaultValue 0.85 */
  readonly heap?: number
  /** From this delay of the event loop on they are. @defaultValue `'500ms'` */
  readonly eventLoopDelay?: Duration
  /** As in {@link Rule}, for all of them. @defaultValue `'1m'` */
  readonly exitAfter?: Duration
}

/**
 * The usual reasons:
 *
 * - `critical`: of two or more critical circuits and checks none works.
 * - `severe`: a critical circuit is open, or a critical check fails.
 * - `moderate`: two circuits are open; or two have a failure rate above one half.
 * - `minor`: a circuit is open, the heap is nearly full, or the event loop is late.
 */
export function standardRules(options: StandardRuleOptions = {}): Rule[] {
  knownOptions('standardRules', options, [
    'minimumCalls',
    'failureRate',
    'heap',
    'eventLoopDelay',
    'exitAfter',
  ])
  const { exitAfter = '1m' } = options
  const minimumCalls = count('minimumCalls', options.minimumCalls ?? 10)
  const failureRate = ratio('failureRate', options.failureRate ?? 0.5)
  const heap = number('heap', options.heap ?? 0.85)
  const delay = duration('eventLoopDelay', options.eventLoopDelay ?? '500ms')
  const failing = ({ calls, failureRate: rate }: CircuitSignal): boolean =>
    calls > minimumCalls && rate > failureRate
  // It holds from its limit on: what is shown is what decides.
  const rule = (id: string, level: Level, reads: NonNullable<Rule['reads']>): Rule => ({
    id,
    level,
    exitAfter,
    reads,
    when(signals) {
      const reading = reads(signals)
      return reading !== undefined && reading.value >= reading.limit
    },
  })
  return [
    rule('nothing-critical-works', 'critical', ({ circuits, checks }) => {
      const all = [...circuits.filter(isCritical), ...checks.filter(isVital)]
      return counted(criticalDown(circuits, checks), Math.max(2, all.length))
    }),
    rule('critical-dependency-down', 'severe', ({ circuits, checks }) =>
      counted(criticalDown(circuits, checks), 1),
    ),
    rule('several-circuits-open', 'moderate', ({ circuits }) => counted(circuits.filter(isOpen), 2)),
    rule('several-circuits-failing', 'moderate', ({ circuits }) => counted(circuits.filter(failing), 2)),
    rule('circuit-open', 'minor', ({ circuits }) => counted(circuits.filter(isOpen), 1)),
    rule('heap', 'minor', (signals) =>
      measured(signals) ? { value: signals.heap, limit: heap, unit: 'share' } : undefined,
    ),
    rule('event-loop', 'minor', (signals) =>
      measured(signals) ? { value: signals.eventLoopDelay, limit: delay, unit: 'ms' } : undefined,
    ),
  ]
}

/** No program has a heap that is empty. */
const measured = ({ heap }: Signals): boolean => heap > 0

/** So many names are told. */
const mostNames = 5

const counted = (those: readonly { readonly name: string }[], limit: number): RuleReading => ({
  value: those.length,
  limit,
  about: [...new Set(those.map(({ name }) => name))].slice(0, mostNames),
})

const criticalDown = (
  circuits: readonly CircuitSignal[],
  checks: readonly CheckSignal[],
): (CircuitSignal | CheckSignal)[] => [
  ...circuits.filter((each) => each.critical && isOpen(each)),
  ...checks.filter((each) => isVital(each) && fails(each)),
]

/** A circuit that lets trial calls through has not shown yet that it works. */
const isOpen = ({ state }: CircuitSignal): boolean => state !== 'closed' && state !== 'disposed'
const isCritical = ({ critical }: CircuitSignal): boolean => critical
const isVital = ({ criticality }: CheckSignal): boolean => criticality === 'critical'
const fails = ({ status }: CheckSignal): boolean => status === 'fail'
