/**
 * What a composition of policies does before it runs: how long a call may take, how often the function may run, and
 * the known traps it falls into.
 */
import type { PolicyDescription } from './describe.ts'
import { type Duration, duration } from './duration.ts'
import { InvalidOptionError } from './errors.ts'
import { compose, functionCost, times, wholeCost } from './explain-cost.ts'
import { explainGraph } from './explain-graph.ts'
import type {
  Assumptions,
  Describable,
  ExplainOptions,
  Explanation,
  GraphExplanation,
  ServiceGraph,
} from './explain-model.ts'
import { bySeverity, trapsOf } from './explain-rules.ts'
import { compositionText } from './explain-text.ts'
import { missesDuration, neverEnds } from './explain-time.ts'
import { knownOptions } from './options.ts'

/**
 * Explains a policy, a pipeline or a graph of services: what it costs at most, and the known traps it falls into.
 * Nothing runs, so a test may well assert that `warnings` is empty.
 *
 * Numbers are upper bounds. A time limit counts as it works: an aggressive one ends the wait of the caller, a
 * cooperative one waits for the function, which may ignore its signal. Not counted are waits that a server asks a retry
 * for, the time that a fallback takes to make its answer, and the milliseconds by which timers are late.
 *
 * @throws {@link InvalidOptionError} when the argument is neither a policy nor a graph, a graph names a node that it does
 *   not have or goes in circles, or an option makes no sense.
 *
 * @example
 * ```ts
 * import { explain, pipeline } from '@seaworthy/core'
 *
 * const { worstCase, warnings } = explain(pipeline())
 * console.log(worstCase, warnings[0]?.code) // Infinity 'no-time-limit'
 * ```
 */
export function explain(policy: Describable, options?: ExplainOptions): Explanation
export function explain(graph: ServiceGraph, options?: ExplainOptions): GraphExplanation
export function explain(
  subject: Describable | ServiceGraph,
  options: ExplainOptions = {},
): Explanation | GraphExplanation {
  const assumptions = read(options)
  if (typeof subject === 'object' && subject !== null) {
    if ('describe' in subject) return printable(explainLayers(subject.describe(), assumptions))
    if ('nodes' in subject) return printable(explainGraph(subject, assumptions))
  }
  throw new InvalidOptionError('the argument of explain', 'a policy, or a graph { nodes: { … } }', subject)
}

function read(options: ExplainOptions): Assumptions {
  knownOptions('explain', options, ['functionDuration', 'target', 'margin'])
  const { functionDuration = Number.POSITIVE_INFINITY, target = {}, margin = '100ms' } = options
  knownOptions('explain target', target, ['duration', 'recovery'])
  return {
    functionDuration: longest('functionDuration', functionDuration),
    duration: longest('target.duration', target.duration),
    recovery: longest('target.recovery', target.recovery),
    margin: duration('margin', margin),
  }
}

/** A duration, or Infinity for none. */
function longest(option: string, value: Duration = Number.POSITIVE_INFINITY): number {
  return value === Number.POSITIVE_INFINITY ? value : duration(option, value)
}

function explainLayers(layers: readonly PolicyDescription[], assumptions: Assumptions): Explanation {
  const composition = compose(layers, functionCost(assumptions.functionDuration))
  const { time, attempts, copies } = wholeCost(composition)
  const facts = {
    layers,
    order: [...composition.names, 'function'].join(' > '),
    attempts,
    copies,
    amplification: times(attempts, copies),
    worstCase: time,
    warnings: bySeverity([
      ...missesDuration(time, assumptions.duration),
      ...neverEnds(composition),
      ...trapsOf(composition, assumptions.recovery),
    ]),
  }
  return { ...facts, text: compositionText(facts, composition) }
}

/** Lets `String(explanation)` be its text, without a property to see. */
function printable<E extends { readonly text: string }>(explanation: E): E {
  return Object.defineProperty(explanation, 'toString', { value: () => explanation.text })
}
