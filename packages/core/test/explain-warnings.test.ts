import {
  type CompositionWarning,
  type CompositionWarningCode,
  type Describable,
  type ExplainOptions,
  explain,
  type ServiceGraph,
} from '@seaworthy/core'
import { describe, expect, it } from 'vitest'
import {
  breaker,
  bulkhead,
  composed,
  deadBreaker,
  failover,
  fallback,
  hedge,
  rateLimit,
  retry,
  timeout,
} from './explain-descriptions.ts'

const endless = Number.POSITIVE_INFINITY

type Subject = Describable | ServiceGraph

interface Trap {
  /** Falls into the trap, in its shortest form. */
  readonly bad: Subject
  /** Comes close and does not. */
  readonly good: Subject
  readonly options?: ExplainOptions
  readonly severity: CompositionWarning['severity']
  /** What the message must say, besides the names of the policies. */
  readonly says: RegExp
  readonly policies: readonly string[]
}

/** One pair for each trap; the type sees to it that none is forgotten. */
const traps: Record<CompositionWarningCode, Trap> = {
  'no-time-limit': {
    bad: composed(retry(3)),
    good: composed(retry(3), timeout(100)),
    severity: 'warning',
    says: /hangs/,
    policies: [],
  },
  'cooperative-limit': {
    bad: composed(timeout(100, 'cooperative')),
    good: composed(timeout(100)),
    severity: 'warning',
    says: /ignores its signal/,
    policies: ['timeout'],
  },
  'unlimited-wait': {
    bad: composed(bulkhead(4, endless), timeout(100)),
    good: composed(timeout(200), bulkhead(4, endless), timeout(100)),
    severity: 'warning',
    says: /pile up/,
    policies: ['bulkhead'],
  },
  'child-not-shorter': {
    bad: composed(timeout(1000), retry(2), timeout(1000)),
    good: composed(timeout(2100), retry(2), timeout(1000)),
    severity: 'warning',
    says: /inner one never acts.*retry/,
    policies: ['timeout', 'timeout'],
  },
  'no-room-for-retries': {
    bad: composed(timeout(1500), retry(3, 300), timeout(1000)),
    good: composed(timeout(3300), retry(3, 300), timeout(1000)),
    severity: 'warning',
    says: /3\.3s.*3 attempts of up to 1s.*never retried/,
    policies: ['timeout', 'retry'],
  },
  'wait-exceeds-time-limit': {
    bad: composed(timeout(100), bulkhead(4, 100)),
    good: composed(timeout(100), bulkhead(4, 20)),
    severity: 'warning',
    says: /no time left/,
    policies: ['timeout', 'bulkhead'],
  },
  'hang-goes-unnoticed': {
    bad: composed(timeout(500), retry(2), breaker('a', 1000)),
    good: composed(timeout(500), retry(2), breaker('a', 1000), timeout(200)),
    severity: 'warning',
    says: /nothing is tried again/,
    policies: ['timeout', 'retry', "circuit-breaker 'a'"],
  },
  'duration-misses-target': {
    bad: composed(retry(3, 50), timeout(100)),
    good: composed(timeout(300), retry(3, 50), timeout(80)),
    options: { target: { duration: '300ms' } },
    severity: 'error',
    says: /350ms.*300ms/,
    policies: [],
  },
  'retry-inside-retry': {
    bad: composed(retry(2), retry(3), timeout(100)),
    good: composed(retry(2), timeout(100)),
    severity: 'warning',
    says: /never tries again/,
    policies: ['retry', 'retry'],
  },
  'retries-multiplied': {
    bad: composed(retry(4), failover(3), timeout(100)),
    good: composed(retry(4), hedge(2), timeout(100)),
    severity: 'warning',
    says: /4 × 3 = 12 attempts/,
    policies: ['retry', 'failover'],
  },
  'breaker-never-trips': {
    bad: composed(deadBreaker, timeout(100)),
    good: composed(breaker('a', 1000), timeout(100)),
    severity: 'warning',
    says: /cannot open/,
    policies: ['circuit-breaker'],
  },
  'retry-outside-dead-breaker': {
    bad: composed(retry(4), deadBreaker, timeout(100)),
    good: composed(retry(4), breaker('a', 1000), timeout(100)),
    severity: 'warning',
    says: /4 attempts to a dependency that is down/,
    policies: ['retry', 'circuit-breaker'],
  },
  'breaker-outside-retry': {
    bad: composed(breaker('a', 1000), retry(4), timeout(100)),
    good: composed(retry(4), breaker('a', 1000), timeout(100)),
    severity: 'warning',
    says: /20 calls/,
    policies: ["circuit-breaker 'a'", 'retry'],
  },
  'breaker-opens-within-one-call': {
    bad: composed(retry(5), breaker('a', 1000, 1000, 3), timeout(100)),
    good: composed(retry(3), breaker('a', 1000, 1000, 3), timeout(100)),
    severity: 'info',
    says: /3 failures in a row.*5 attempts/,
    policies: ['retry', "circuit-breaker 'a'"],
  },
  'recovery-misses-target': {
    bad: composed(breaker('a', 60_000), timeout(100)),
    good: composed(breaker('a', 5000, 20_000), timeout(100)),
    options: { target: { recovery: '30s' } },
    severity: 'error',
    says: /1m at least.*30s is impossible/,
    policies: ["circuit-breaker 'a'"],
  },
  'lower-recovery-shorter': {
    bad: composed(breaker('upper', 20_000), breaker('lower', 2000), timeout(100)),
    good: composed(breaker('upper', 2000), breaker('lower', 2000), timeout(100)),
    severity: 'warning',
    says: /hold each other open/,
    policies: ["circuit-breaker 'upper'", "circuit-breaker 'lower'"],
  },
  'fallback-hides-bugs': {
    bad: composed(fallback(true), timeout(100)),
    good: composed(fallback(), timeout(100)),
    severity: 'warning',
    says: /TypeError/,
    policies: ['fallback'],
  },
  'fallback-inside-retry': {
    bad: composed(retry(3), fallback(), timeout(100)),
    good: composed(fallback(), retry(3), timeout(100)),
    severity: 'warning',
    says: /does not try again/,
    policies: ['retry', 'fallback'],
  },
  'fallback-inside-breaker': {
    bad: composed(breaker('a', 1000), fallback(), timeout(100)),
    good: composed(fallback(), breaker('a', 1000), timeout(100)),
    severity: 'warning',
    says: /counts successes/,
    policies: ["circuit-breaker 'a'", 'fallback'],
  },
  'retries-bypass-rate-limit': {
    bad: composed(rateLimit(), retry(3), timeout(100)),
    good: composed(retry(3), rateLimit(), timeout(100)),
    severity: 'info',
    says: /3 times the rate/,
    policies: ['rate-limit', 'retry'],
  },
  'places-held-while-waiting': {
    bad: composed(bulkhead(8), retry(3, 500), timeout(100)),
    good: composed(retry(3, 500), bulkhead(8), timeout(100)),
    severity: 'info',
    says: /500ms.*all 8 places/,
    policies: ['bulkhead', 'retry'],
  },
  'optional-call-without-fallback': {
    bad: { nodes: { shop: { calls: [{ to: 'ads', critical: false }] }, ads: { duration: 5 } } },
    good: {
      nodes: {
        shop: { calls: [{ to: 'ads', critical: false, policy: composed(fallback()) }] },
        ads: { duration: 5 },
      },
    },
    severity: 'info',
    says: /can do without ads/,
    policies: ['shop → ads'],
  },
}

const warningsOf = (subject: Subject, options?: ExplainOptions): readonly CompositionWarning[] =>
  'nodes' in subject ? explain(subject, options).warnings : explain(subject, options).warnings

describe.each(Object.entries(traps))(
  'the warning %s',
  (code, { bad, good, options, severity, says, policies }) => {
    it('names the trap, why it hurts and what to do', () => {
      const warnings = warningsOf(bad, options)
      expect(warnings.map((warning) => warning.code)).toEqual([code])
      expect(warnings[0]).toMatchObject({ severity, policies, message: expect.stringMatching(says) })
      expect(warnings[0]?.advice).toMatch(/^[A-Z].*\.$/)
    })

    it('stays away from a composition that only looks like it', () => {
      expect(warningsOf(good, options)).toEqual([])
    })
  },
)

describe('the recommended order', () => {
  const recommended = composed(
    fallback(),
    retry(5, 15_000),
    hedge(2, 100),
    rateLimit(500),
    bulkhead(10, 500),
    breaker('inventory', 5000, 20_000),
    timeout(2000),
  )

  it('falls into no trap, whatever the targets it meets', () => {
    const options = { target: { recovery: '30s', duration: '35s' } } as const
    expect(explain(recommended, options).warnings).toEqual([])
  })

  it('falls into none with a limit on the whole that leaves room for all attempts', () => {
    expect(explain(composed(timeout(40_000), ...recommended.describe())).warnings).toEqual([])
  })
})

describe('a limit around retries', () => {
  const codes = (...layers: Parameters<typeof composed>): string[] =>
    explain(composed(...layers)).warnings.map(({ code, severity }) => `${severity} ${code}`)

  it('is only mentioned when most attempts fit even if they are slow', () => {
    expect(codes(timeout(3000), retry(4, 300), timeout(1000))).toEqual(['info no-room-for-retries'])
  })

  it('is a trap when the waits alone fill it', () => {
    const [warning] = explain(composed(timeout(10_000), retry(5, 15_000), timeout(100))).warnings
    expect(warning).toMatchObject({ code: 'no-room-for-retries', severity: 'warning' })
    expect(warning?.message).toMatch(/waits alone/)
  })

  it('is what ends endless attempts', () => {
    expect(codes(timeout(5000), retry(endless, endless), timeout(100))).toEqual([])
    expect(codes(retry(endless, endless), timeout(100))).toEqual(['warning no-time-limit'])
  })

  it('leaves a collapsed retry out of account', () => {
    expect(codes(retry(2, 10), timeout(500), retry(9, 5000), timeout(100))).toEqual([
      'warning retry-inside-retry',
    ])
  })
})

it('a breaker that tries sooner than the target at first, but later than it after failures, gets a warning', () => {
  const options = { target: { recovery: '30s' } } as const
  const [warning] = explain(composed(breaker('a', 5000, 60_000), timeout(100)), options).warnings
  expect(warning).toMatchObject({ code: 'recovery-misses-target', severity: 'warning' })
  expect(warning?.message).toMatch(/up to 1m/)
})

it('a retry that waits for an open circuit is not told that the circuit cuts it off', () => {
  const patient = { ...retry(5), retriesOpenCircuit: true }
  expect(explain(composed(patient, breaker('a', 1000, 1000, 3), timeout(100))).warnings).toEqual([])
})

it('a breaker that counts calls while they hang notices them under an outer limit', () => {
  const plain = breaker('a', 1000)
  const { circuit } = plain
  if (circuit === undefined) throw new Error('no circuit')
  const watchful = { ...plain, circuit: { ...circuit, countsHanging: true } }
  expect(explain(composed(timeout(100), plain)).warnings).toHaveLength(1)
  expect(explain(composed(timeout(100), watchful)).warnings).toEqual([])
})

it('retries that multiply on purpose are told what they multiply to', () => {
  const inner = { ...retry(3), multiplies: true }
  const { warnings } = explain(composed(retry(4), inner, timeout(100)))
  expect(warnings.map(({ code }) => code)).toEqual(['retries-multiplied'])
})

it('the worst warnings come first', () => {
  const options = { target: { recovery: '30s' } } as const
  const subject = composed(rateLimit(), retry(3), fallback(true), breaker('a', 60_000), timeout(100))
  const severities = explain(subject, options).warnings.map(({ severity }) => severity)
  expect(severities).toEqual(['error', 'warning', 'warning', 'info'])
})
