/** Which faults make sense. */
import {
  anything,
  code,
  countFrom,
  type Definition,
  type Description,
  defined,
  either,
  fields,
  has,
  isList,
  isObject,
  isScalar,
  list,
  numberFrom,
  record,
  tagged,
  text,
  time,
  word,
} from './description.ts'

const share = numberFrom(0, 1)

const rate = defined(
  'rate',
  either(
    'a share from 0 to 1, or { good, bad, goodFor, badFor }',
    [isScalar, share],
    [isObject, fields({}, { good: share, bad: share, goodFor: time(1), badFor: time(1) })],
  ),
)

/** A cause is an error like any other. */
const cause: Description = {
  what: 'an error',
  schema: { $ref: '#/$defs/error' },
  check: (value, path, problems) => error.check(value, path, problems),
}

const error = defined(
  'error',
  fields(
    {},
    {
      name: text,
      message: text,
      code: text,
      status: countFrom(100),
      failureClass: word('transient', 'degraded', 'persistent', 'fatal'),
      cause,
      properties: record(anything),
    },
  ),
)

const errors: Description = either(
  'an error, or a list of { weight, error }',
  [isList, list(fields({ weight: numberFrom(0), error }), 1)],
  [isObject, error],
)

const delay: Description = either(
  'a duration or a distribution',
  [isScalar, time()],
  [
    isObject,
    tagged('distribution', {
      uniform: [{ min: time(), max: time() }],
      lognormal: [{ median: time(), sigma: numberFrom(0), cap: time() }],
      pareto: [{ scale: time(), shape: numberFrom(0.001), cap: time() }],
    }),
  ],
)

const retryAfter: Description = either(
  "a duration, 'missing' or 'garbage'",
  [(value) => value === 'missing' || value === 'garbage', word('missing', 'garbage')],
  [isScalar, time()],
)

const direction = word('up', 'down')

/** A fault. What two fields say together is checked by `parseFault`. */
export const faultDescription: Definition = defined(
  'fault',
  tagged('kind', {
    error: [{}, { rate, error: errors, generate: code }],
    latency: [{ delay }, { rate, direction }],
    outcome: [{}, { rate, value: anything, generate: code }],
    behavior: [{ run: code }, { rate, timeout: time(1) }],
    abort: [{}, { rate, after: time(), reason: error }],
    hang: [{}, { rate, onRecover: word('continue', 'reject') }],
    throttle: [
      {},
      {
        rate,
        retryAfter: either(
          'a duration, or a list of them',
          [isList, list(retryAfter, 1)],
          [isScalar, retryAfter],
        ),
        limit: countFrom(0),
        per: time(1),
      },
    ],
    corrupt: [{}, { rate, mutate: code }],
    dropResponse: [{}, { rate, error }],
    duplicate: [{}, { rate, mode: word('serial', 'parallel') }],
    slowDrip: [{}, { rate, every: time(1) }],
    crash: [{}, { rate, phase: word('before', 'after') }],
    exhaust: [{ slots: countFrom(1) }],
    stall: [{}, { block: time(1), every: time(1) }],
    ballast: [{ megabytes: numberFrom(0) }],
    skew: [{ by: time(0, true) }, { of: word('wall', 'monotonic') }],
    bandwidth: [{ bytesPerSecond: numberFrom(1) }, { direction }],
    partition: [{}, { direction }],
    blackhole: [{}, { direction }],
    reset: [{}, { every: time(1) }],
    cut: [{}, { every: time(1) }],
    refuse: [{}],
    dropReply: [{}, { count: countFrom(1) }],
    kill: [{}],
    pause: [{}],
  }),
)

/** What the schema of a fault refers to. */
export const faultDefinitions: readonly Definition[] = [faultDescription, rate, error]

/** How a fault ends. */
export const recoveryDescription: Description = either(
  "'immediate', 'gradual', 'partial', or { pattern, ... }",
  [(value) => typeof value === 'string', word('immediate', 'gradual', 'partial')],
  [
    has('pattern'),
    tagged('pattern', {
      immediate: [{}],
      gradual: [{}, { steps: countFrom(1), over: time(1) }],
      partial: [{}, { remaining: share, over: time(1) }],
    }),
  ],
)
