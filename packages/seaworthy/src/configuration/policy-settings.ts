/** The settings of a policy: the numbers of its preset, and what its parts take besides. */

/** One policy, `policies.<name>`. */
export const policySettings = {
  kind: 'group',
  doc: 'A pipeline of retry, rate limit, bulkhead, circuit breaker and timeout.',
  fields: {
    preset: {
      kind: 'word',
      allowed: ['messaging', 'aiProvider', 'database'],
      required: true,
      doc: 'The preset whose numbers hold where no others are given.',
    },
    timeout: { kind: 'duration', computed: true, least: 1, doc: 'How long one attempt may take.' },
    attempts: {
      kind: 'count',
      computed: true,
      doc: 'How often a call runs at most, the first time included.',
    },
    retryDelay: {
      kind: 'duration',
      computed: true,
      doc: 'The wait before the first retry; each further one is twice as long.',
    },
    maxRetryDelay: { kind: 'duration', computed: true, doc: 'The longest wait before a retry.' },
    failureThreshold: { kind: 'count', computed: true, doc: 'Failures in a row that open the circuit.' },
    failureRate: {
      kind: 'share',
      computed: true,
      doc: 'Share of failures in the window that opens the circuit.',
    },
    windowSize: { kind: 'count', computed: true, doc: 'Of how many calls the share is taken.' },
    minimumRequests: { kind: 'count', computed: true, doc: 'Calls before the share is judged.' },
    recoveryTimeout: {
      kind: 'duration',
      computed: true,
      doc: 'How long the circuit stays open before a trial call.',
    },
    successThreshold: {
      kind: 'count',
      computed: true,
      doc: 'Trial calls that must succeed to close the circuit.',
    },
    timeoutMode: {
      kind: 'word',
      allowed: ['aggressive', 'cooperative'],
      default: 'aggressive',
      doc: 'Whether a call waits for its function when the time is up.',
    },
    circuitBreaker: {
      kind: 'group',
      doc: 'More about the circuit breaker.',
      fields: {
        mode: {
          kind: 'word',
          allowed: ['enabled', 'disabled', 'observe'],
          default: 'enabled',
          doc: 'Whether it acts; `observe` only tells when it would have opened.',
        },
        slowCallDuration: {
          kind: 'duration',
          off: true,
          least: 1,
          default: false,
          doc: 'Calls are slow from this time on; `false` for never.',
        },
        slowCallRate: { kind: 'share', default: 0.8, doc: 'Share of slow calls that opens the circuit.' },
        halfOpen: {
          kind: 'group',
          doc: 'What is let through to find out whether it works again.',
          fields: {
            concurrency: { kind: 'count', default: 1, doc: 'How many trial calls may run at once.' },
            failures: {
              kind: 'count',
              least: 0,
              default: 0,
              doc: 'How many trials may fail before it opens again.',
            },
            lease: {
              kind: 'duration',
              least: 1,
              default: '30s',
              doc: 'After this time a trial that has not settled counts as lost.',
            },
          },
        },
      },
    },
    retry: {
      kind: 'group',
      doc: 'More about retries.',
      fields: {
        jitter: {
          kind: 'word',
          allowed: ['none', 'full', 'equal'],
          computed: true,
          doc: 'How waits are spread at random. `full`; `none` in testing.',
        },
        minDelay: { kind: 'duration', default: 0, doc: 'The shortest wait.' },
        hintMode: {
          kind: 'word',
          allowed: ['floor', 'exact'],
          default: 'floor',
          doc: 'Whether to wait at least, or exactly, as long as the server asks.',
        },
        maxServerDelay: {
          kind: 'duration',
          default: '60s',
          doc: 'When the server asks for more than this, the call fails at once.',
        },
        maxElapsed: {
          kind: 'duration',
          doc: 'No wait is started that would end later than this after the start of the call.',
        },
        retryOpenCircuit: {
          kind: 'switch',
          default: false,
          doc: 'Whether a rejection by the open circuit is retried.',
        },
        nested: {
          kind: 'word',
          allowed: ['collapse', 'multiply'],
          default: 'collapse',
          doc: 'Whether it repeats inside of another retry, too.',
        },
      },
    },
    retryBudget: {
      kind: 'group',
      optional: true,
      doc: 'Limits the retries of all calls together.',
      fields: {
        ratio: { kind: 'share', least: 0, default: 0.1, doc: 'Retries that each first attempt pays for.' },
        minPerSecond: {
          kind: 'number',
          default: 1,
          doc: 'Retries a second that are allowed without any traffic.',
        },
        ttl: { kind: 'duration', least: 1000, default: '10s', doc: 'How long a first attempt counts.' },
      },
    },
    bulkhead: {
      kind: 'group',
      optional: true,
      doc: 'Limits how many attempts run at once.',
      fields: {
        concurrency: { kind: 'count', required: true, doc: 'How many may run at once.' },
        queue: { kind: 'count', least: 0, default: 0, doc: 'How many may wait.' },
        maxWait: { kind: 'duration', doc: 'How long one may wait.' },
      },
    },
    rateLimit: {
      kind: 'group',
      optional: true,
      doc: 'Limits how many attempts begin in a time.',
      fields: {
        limit: { kind: 'count', required: true, doc: 'How many may begin in `per`, on the average.' },
        per: { kind: 'duration', least: 1, required: true, doc: 'The time in which they may begin.' },
        burst: { kind: 'count', doc: 'How many may begin at once after a quiet time; `limit` if not given.' },
        wait: {
          kind: 'duration',
          off: true,
          default: false,
          doc: 'How long one may wait for its turn; `false` turns it away at once.',
        },
      },
    },
  },
} as const
