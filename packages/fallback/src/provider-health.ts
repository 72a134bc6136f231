/**
 * The health of one provider: whether calls may go to it, as far as its failures say. A pure reducer. What a server
 * asked for with a 429 is another matter, see `quota.ts`.
 *
 *     healthy ── failures in a row, or their share ──▶ cooling ── time, and a trial begins ──▶ probing
 *        ▲                                               ▲                                        │
 *        │                                               └───────────── the trial fails ──────────┤
 *        └───────────────────────────── enough successes ─────────────────────────────────────────┘
 */

/** When a provider counts as down, and how it comes back. Durations are milliseconds. */
export interface HealthRules {
  /** Failures in a row that make it cool down. */
  readonly failures: number
  /** The share of failures that does, once there are `failures` of them in the window. */
  readonly failureRate: number
  /** How far back `failureRate` looks: this length at least, twice it at most. */
  readonly window: number
  /** The first time it cools down, and the longest: each in a row is twice as long as the one before. */
  readonly cooldown: { readonly initial: number; readonly max: number }
  /** Successes that make it healthy again. */
  readonly successes: number
  /** How long it takes from a tenth of its calls to all of them, after it has recovered. */
  readonly slowStart: number
}

/** Calls may go to it. */
interface Healthy {
  readonly name: 'healthy'
  readonly epoch: number
  /** When it became so. */
  readonly since: number
  /** How long it cooled down last; 0 if it never did. */
  readonly cooldown: number
  /** Failures in a row. */
  readonly consecutive: number
  readonly window: OutcomeCounts
}

/** No call goes to it until the time is over. */
interface Cooling {
  readonly name: 'cooling'
  readonly epoch: number
  readonly until: number
  /** How long that was from the start, without jitter. */
  readonly cooldown: number
}

/** It gets one call at a time, to see whether it works again. */
interface Probing {
  readonly name: 'probing'
  readonly epoch: number
  readonly cooldown: number
  readonly successes: number
  /** Whether a trial is under way. */
  readonly underway: boolean
}

/** The health of a provider. */
export type ProviderHealth = Healthy | Cooling | Probing

/** What an attempt holds from its start to its outcome. */
export interface HealthToken {
  /** Outcomes from before the last cooldown began say nothing about the provider of today. */
  readonly epoch: number
  /** Whether it has taken the one place for trials. */
  readonly trial: boolean
}

/** What can happen. Each token comes back in exactly one outcome; a failure in the middle of a stream is one more. */
export type HealthInput =
  /** A trial begins. Other attempts need no input. */
  | { readonly type: 'trial' }
  | { readonly type: 'succeeded'; readonly token: HealthToken }
  /** `roll` is a random number in [0, 1), for jitter. */
  | { readonly type: 'failed'; readonly token: HealthToken; readonly roll: number }
  /** It will say the same to everybody until somebody mends it (a wrong key, an unknown host): no use in five of them. */
  | { readonly type: 'refused'; readonly token: HealthToken; readonly roll: number }
  /** The outcome says nothing: overtaken, given up, shed load, or a bad request. */
  | { readonly type: 'left'; readonly token: HealthToken }

/** Calls and failures of a window and the one before it. */
interface OutcomeCounts {
  readonly start: number
  readonly calls: number
  readonly failures: number
  readonly callsBefore: number
  readonly failuresBefore: number
}

/** While it is new, a provider has to prove itself: this many failures in a row put it back. */
const failuresInSlowStart = 2

/** Who fails again so soon after a recovery cools down for longer. */
const stableAfter = 30_000

/** The share of calls that a provider gets at the moment of its recovery. */
const firstShare = 0.1

/** Cooldowns are longer by up to this share, so that many processes do not come back as one. */
const jitter = 0.1

/** A provider of which nothing bad is known. */
export function newHealth(now: number): ProviderHealth {
  return healthy(0, Number.NEGATIVE_INFINITY, 0, now)
}

/** Whether a call may begin now: as one of many, as the one trial, or not. */
export function admits(health: ProviderHealth, now: number): 'call' | 'trial' | undefined {
  if (health.name === 'healthy') return 'call'
  return availableAt(health) <= now ? 'trial' : undefined
}

/** When calls may begin, as far as time alone decides; Infinity if the outcome of a trial does. */
export function availableAt(health: ProviderHealth): number {
  if (health.name === 'cooling') return health.until
  return health.name === 'probing' && health.underway ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY
}

/** The share of its calls that a provider should get: less than 1 for a while after it has recovered. */
export function slowStartShare(health: ProviderHealth, now: number, { slowStart }: HealthRules): number {
  if (health.name !== 'healthy') return 1
  const age = now - health.since
  return age >= slowStart ? 1 : firstShare + (1 - firstShare) * (age / slowStart)
}

/** The next state. `now` must not decrease from one to the next. */
export function nextHealth(
  health: ProviderHealth,
  input: HealthInput,
  now: number,
  rules: HealthRules,
): ProviderHealth {
  if (input.type === 'trial') return beginTrial(health)
  if (input.token.epoch !== health.epoch) return health
  switch (health.name) {
    case 'healthy':
      return nextHealthy(health, input, now, rules)
    case 'cooling':
      return nextCooling(health, input, now, rules)
    case 'probing':
      return nextProbing(health, input, now, rules)
  }
}

type Outcome = Exclude<HealthInput, { type: 'trial' }>

function beginTrial(health: ProviderHealth): ProviderHealth {
  if (health.name === 'healthy') return health
  const { epoch, cooldown } = health
  const successes = health.name === 'probing' ? health.successes : 0
  return { name: 'probing', epoch, cooldown, successes, underway: true }
}

function nextHealthy(state: Healthy, input: Outcome, now: number, rules: HealthRules): ProviderHealth {
  switch (input.type) {
    case 'left':
      return state
    case 'succeeded':
      return { ...state, consecutive: 0, window: tally(state.window, 0, now, rules.window) }
    case 'refused':
      return cool(state.epoch, rules.cooldown.max, input.roll, now)
    case 'failed': {
      const consecutive = state.consecutive + 1
      const window = tally(state.window, 1, now, rules.window)
      if (!isDown(state, consecutive, window, now, rules)) return { ...state, consecutive, window }
      return cool(state.epoch, cooldownAfter(state, now, rules), input.roll, now)
    }
  }
}

/** Only attempts that began in spite of the cooldown come here: their success is news, their failure is not. */
function nextCooling(state: Cooling, input: Outcome, now: number, rules: HealthRules): ProviderHealth {
  if (input.type !== 'succeeded') return state
  return succeed({ ...state, name: 'probing', successes: 0, underway: false }, now, rules)
}

function nextProbing(state: Probing, input: Outcome, now: number, rules: HealthRules): ProviderHealth {
  const { trial } = input.token
  const underway = state.underway && !trial
  switch (input.type) {
    case 'left':
      return { ...state, underway }
    case 'succeeded':
      return succeed({ ...state, underway }, now, rules)
    case 'refused':
      return trial ? cool(state.epoch, rules.cooldown.max, input.roll, now) : state
    case 'failed':
      return trial ? cool(state.epoch, longer(state.cooldown, rules), input.roll, now) : state
  }
}

function succeed(state: Probing, now: number, { successes }: HealthRules): ProviderHealth {
  const sofar = state.successes + 1
  if (sofar < successes) return { ...state, successes: sofar }
  return healthy(state.epoch + 1, now, state.cooldown, now)
}

function isDown(
  { since }: Healthy,
  consecutive: number,
  window: OutcomeCounts,
  now: number,
  { failures, failureRate, slowStart }: HealthRules,
): boolean {
  if (consecutive >= (now - since < slowStart ? Math.min(failures, failuresInSlowStart) : failures))
    return true
  const failed = window.failures + window.failuresBefore
  return failed >= failures && failed > failureRate * (window.calls + window.callsBefore)
}

function cooldownAfter({ since, cooldown }: Healthy, now: number, rules: HealthRules): number {
  return now - since < stableAfter ? longer(cooldown, rules) : rules.cooldown.initial
}

function longer(cooldown: number, { cooldown: { initial, max } }: HealthRules): number {
  return Math.min(Math.max(initial, 2 * cooldown), max)
}

function cool(epoch: number, cooldown: number, roll: number, now: number): Cooling {
  return { name: 'cooling', epoch: epoch + 1, until: now + cooldown * (1 + jitter * roll), cooldown }
}

function healthy(epoch: number, since: number, cooldown: number, now: number): Healthy {
  const window: OutcomeCounts = { start: now, calls: 0, failures: 0, callsBefore: 0, failuresBefore: 0 }
  return { name: 'healthy', epoch, since, cooldown, consecutive: 0, window }
}

function tally(counts: OutcomeCounts, failed: 0 | 1, now: number, length: number): OutcomeCounts {
  const age = now - counts.start
  if (age < length) return { ...counts, calls: counts.calls + 1, failures: counts.failures + failed }
  const follows = age < 2 * length
  return {
    start: follows ? counts.start + length : now,
    calls: 1,
    failures: failed,
    callsBefore: follows ? counts.calls : 0,
    failuresBefore: follows ? counts.failures : 0,
  }
}
