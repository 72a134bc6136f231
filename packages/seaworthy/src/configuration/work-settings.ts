/** The settings of durable work: idempotency, dead letters, workers and reapers. */

/** What `deadLetters` takes. */
export const deadLetterSettings = {
  kind: 'group',
  doc: 'Options of `deadLetters`.',
  fields: {
    recovery: {
      kind: 'group',
      doc: 'How letters recover by themselves.',
      fields: {
        perSecond: {
          kind: 'number',
          least: 0.001,
          default: 10,
          doc: 'How many letters are replayed by themselves in a second.',
        },
        every: {
          kind: 'duration',
          least: 1,
          default: '5m',
          doc: 'How often to look for letters that are due.',
        },
        batch: { kind: 'count', default: 20, doc: 'How many are taken at once.' },
      },
    },
    retention: {
      kind: 'group',
      doc: 'How long letters are kept.',
      fields: {
        age: {
          kind: 'duration',
          off: true,
          default: '7d',
          doc: 'Letters that are dead for so long expire; `false` for never.',
        },
        keep: { kind: 'count', least: 0, doc: 'How many may be dead; the oldest expire first.' },
        settled: { kind: 'duration', default: '1d', doc: 'How long settled letters are remembered.' },
        every: {
          kind: 'duration',
          least: 1,
          default: '1d',
          doc: 'How often to look for letters that expire.',
        },
        batch: { kind: 'count', default: 500, doc: 'The most letters in one step of the store.' },
      },
    },
    maxPayload: { kind: 'count', default: 1_000_000, doc: 'The most characters of message and config.' },
    dedupeFor: { kind: 'duration', default: '1d', doc: 'How long two letters with one dedupe key are one.' },
    lease: {
      kind: 'duration',
      least: 3,
      default: '30s',
      doc: 'How long a letter belongs to whoever works on it, unless renewed.',
    },
    owner: { kind: 'text', doc: 'Who holds leases, for the audit; a random name if not given.' },
    name: { kind: 'text', doc: 'A name, for events and the hub.' },
  },
} as const

const takeOverFields = {
  minIdle: {
    kind: 'duration',
    default: '25s',
    doc: "Another worker's task is taken over when nothing was heard of it for so long; three heartbeats at least.",
  },
  heartbeat: { kind: 'duration', least: 1, default: '8s', doc: 'How often a worker says what it holds.' },
  interval: { kind: 'duration', least: 1, default: '1s', doc: 'How often to look for tasks to take over.' },
  maxStarts: {
    kind: 'count',
    default: 5,
    doc: 'A task that was started so often by workers that fell silent is poison.',
  },
  maxDeliveries: {
    kind: 'count',
    default: 20,
    doc: 'The same for hand-outs of which no start is known; `maxStarts` at least.',
  },
  suspectAfter: {
    kind: 'count',
    default: 2,
    doc: 'After so many hand-outs to workers that fell silent a task is a suspect.',
  },
  name: { kind: 'text', doc: 'A name, for events and the hub.' },
} as const

const workerFields = {
  concurrency: { kind: 'count', default: 10, doc: 'How many handlers run at once.' },
  prefetch: {
    kind: 'count',
    least: 0,
    doc: 'How many tasks may be fetched ahead of the free slots; 20 if not given, 0 if `concurrency` is 1.',
  },
  retries: {
    kind: 'group',
    doc: 'When a task failed, how often and when it is tried again.',
    fields: {
      attempts: {
        kind: 'count',
        default: 5,
        doc: 'How often a task may fail before it is a dead letter, the first run included.',
      },
      delay: {
        kind: 'duration',
        doc: 'How long to wait before a retry; 1 s, doubling up to 30 s, with full jitter, if not given.',
      },
    },
  },
  maxProcessing: {
    kind: 'duration',
    least: 1,
    default: '1h',
    doc: 'A run may take so long, then its signal aborts.',
  },
  drain: { kind: 'duration', default: '10s', doc: 'How long `close()` waits for running handlers.' },
} as const

/** What `worker` takes. */
export const workerSettings: {
  readonly kind: 'group'
  readonly doc: string
  readonly fields: typeof takeOverFields & typeof workerFields
} = { kind: 'group', doc: 'Options of `worker`.', fields: { ...takeOverFields, ...workerFields } }

/** What `reaper` takes. */
export const reaperSettings: {
  readonly kind: 'group'
  readonly doc: string
  readonly fields: typeof takeOverFields
} = { kind: 'group', doc: 'Options of `reaper`.', fields: takeOverFields }

/** What `idempotency` takes. */
export const idempotencySettings = {
  kind: 'group',
  doc: 'Options of `idempotency`.',
  fields: {
    scope: { kind: 'text', most: 256, doc: 'Keeps the keys of different operations and tenants apart.' },
    ttl: {
      kind: 'group',
      doc: 'How long records stay.',
      fields: {
        completed: { kind: 'duration', default: '24h', doc: 'That the work is done, and its result.' },
        failed: { kind: 'duration', default: '24h', doc: 'That it has failed for good, and the error.' },
        retryable: {
          kind: 'duration',
          default: '24h',
          doc: 'That it has failed in a way that may be mended.',
        },
      },
    },
    lease: {
      kind: 'duration',
      least: 100,
      default: '30s',
      doc: 'How long an owner may be silent before others may take its place.',
    },
    fingerprintSecret: {
      kind: 'text',
      secret: true,
      doc: 'Makes fingerprints that only those who know it can check.',
    },
    whenInFlight: {
      kind: 'word',
      allowed: ['reject', 'wait'],
      default: 'reject',
      doc: 'What a call does that finds the work in flight.',
    },
    maxWait: { kind: 'duration', default: '5s', doc: 'The longest such wait.' },
    onAbandoned: {
      kind: 'word',
      allowed: ['reexecute', 'unknown-outcome'],
      default: 'reexecute',
      doc: 'What happens to work whose owner went silent.',
    },
    onCompletionFailure: {
      kind: 'word',
      allowed: ['return', 'throw'],
      default: 'return',
      doc: 'What a call gets whose result the store did not take.',
    },
    onStoreError: {
      kind: 'word',
      allowed: ['closed', 'open'],
      default: 'closed',
      doc: 'Whether a call runs unprotected when the store cannot say whether it may.',
    },
    storeTimeout: {
      kind: 'duration',
      least: 1,
      default: '1s',
      doc: 'How long each answer of the store may take.',
    },
    maxResultSize: { kind: 'count', default: 65_536, doc: 'The most bytes that are kept of a result.' },
    name: { kind: 'text', doc: 'A name, for errors, events and the hub.' },
  },
} as const
