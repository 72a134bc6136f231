/** Which experiments make sense. The JSON Schema beside the package is made from it. */
import { settingsDescription } from './chaos-settings.ts'
import {
  anything,
  boolean,
  countFrom,
  type Description,
  definitions,
  either,
  fields,
  has,
  isList,
  isObject,
  isScalar,
  isText,
  type JsonSchema,
  list,
  numberFrom,
  pattern,
  record,
  scalar,
  tagged,
  text,
  time,
  word,
} from './description.ts'
import { faultDefinitions, faultDescription, recoveryDescription } from './fault-description.ts'

const anyNumber = numberFrom(Number.NEGATIVE_INFINITY)

const operator = word('<', '<=', '==', '!=', '>=', '>')

const compare = [{ value: scalar }, { unit: text }] as const

const tolerance: Description = tagged('op', {
  '<': compare,
  '<=': compare,
  '==': compare,
  '!=': compare,
  '>=': compare,
  '>': compare,
  between: [{ min: anyNumber, max: anyNumber }, { unit: text }],
  in: [{ values: list(scalar, 1) }],
  matches: [{ pattern }],
})

const probe = fields(
  { id: text, tolerance },
  {
    metric: text,
    call: text,
    minSamples: countFrom(1),
    when: list(word('before', 'during', 'after'), 1),
    weight: numberFrom(0),
    critical: boolean,
  },
)

const ids = either('an id, or a list of them', [isText, text], [isList, list(text, 1)])

const injectStep = fields(
  {
    inject: either(
      'a scenario, a fault, or a list of faults',
      [isText, text],
      [isList, list(faultDescription, 1)],
      [isObject, faultDescription],
    ),
    on: ids,
    for: time(1),
  },
  { at: time(), with: record(anything), recovery: recoveryDescription, wait: boolean },
)

const load = fields({ rps: numberFrom(0) }, { arrivals: word('open', 'closed') })

const step: Description = either(
  'a step: { inject, on, for }, { probe }, { wait } or { load }',
  [has('inject'), injectStep],
  [has('probe'), fields({ probe: text }, { at: time() })],
  [has('load'), fields({ load }, { at: time() })],
  [has('wait'), fields({ wait: time() })],
)

const steadyState = fields(
  { probes: list(probe, 1) },
  {
    during: fields({}, { everyMs: numberFrom(1), maxDeviationMs: numberFrom(0), failFast: boolean }),
    within: time(),
  },
)

const target = fields(
  { id: text },
  { kind: word('tcp', 'policy', 'process', 'store', 'resource', 'clock'), selector: record(anything) },
)

const limits = fields(
  {},
  {
    maxConcurrent: countFrom(1),
    maxCallFraction: numberFrom(0, 1),
    maxAffectedCalls: countFrom(1),
    errorBudget: fields({ metric: text, limit: anyNumber }, { window: time(1) }),
    maxDuration: time(1),
  },
)

const expectation = fields(
  { id: text, metric: text, op: operator, value: anyNumber },
  { minSamples: countFrom(1) },
)

/** An experiment. What two fields say together is checked by `parseExperiment`. */
export const experimentDescription: Description = fields(
  { version: word(1), title: text, steadyState, method: list(step, 1) },
  {
    $schema: text,
    hypothesis: text,
    seed: either('a number or a text', [isScalar, scalar]),
    mode: word('sim', 'real'),
    tags: list(text),
    config: settingsDescription,
    targets: list(target),
    limits,
    expect: list(expectation),
    rollbacks: word('always'),
  },
)

/** The JSON Schema of an experiment, draft 2020-12. Also at `@seaworthy/chaos/experiment.schema.json`. */
export const experimentSchema: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Chaos experiment of @seaworthy/chaos',
  ...experimentDescription.schema,
  $defs: definitions(...faultDefinitions),
}
