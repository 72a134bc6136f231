/** The settings of health checks and of the manager of the level. */

/** What `createHealth` takes. */
export const healthSettings = {
  kind: 'group',
  doc: 'Options of `createHealth`.',
  fields: {
    name: { kind: 'text', default: 'default', doc: 'Its name on the hub.' },
    mode: {
      kind: 'word',
      allowed: ['background', 'on-demand'],
      default: 'background',
      doc: 'Whether checks are asked on their own interval, or when somebody asks.',
    },
    deadline: { kind: 'duration', default: '800ms', doc: 'The longest that a report waits for checks.' },
    contributions: {
      kind: 'group',
      doc: 'What policies contribute.',
      fields: {
        circuitBreakers: { kind: 'switch', default: true, doc: 'Whether circuits that are not closed warn.' },
        criticalCircuitBreakers: {
          kind: 'list',
          default: [],
          doc: 'Breakers whose open circuit makes the process unready.',
        },
        deadLetters: {
          kind: 'count',
          off: true,
          default: 100,
          doc: 'So many dead letters in one queue warn; `false` for never.',
        },
        redis: { kind: 'switch', default: true, doc: 'Whether Redis connections that are down warn.' },
      },
    },
  },
} as const

/** What checks have in common. */
export const checkSettings = {
  kind: 'group',
  doc: 'What checks have in common: spread it into what `health.register` takes.',
  fields: {
    timeout: { kind: 'duration', least: 1, default: '5s', doc: 'How long a check may take.' },
    interval: {
      kind: 'duration',
      least: 1,
      default: '30s',
      doc: 'In the background: how long after an answer it is asked again.',
    },
    ttl: { kind: 'duration', default: '30s', doc: 'On demand: how long an answer serves.' },
    failureTtl: { kind: 'duration', default: '5s', doc: 'In place of both, after a failure.' },
    maxStale: {
      kind: 'duration',
      least: 1,
      doc: 'An older answer counts as unknown; three intervals, 90 s at least, if not given.',
    },
    failureThreshold: { kind: 'count', default: 1, doc: 'So many worse answers in a row change the status.' },
    successThreshold: { kind: 'count', default: 1, doc: 'So many better answers in a row change it.' },
  },
} as const

const share = { kind: 'share', least: 0 } as const
const noShedding: Shares = { 'critical-plus': 0, critical: 0, 'sheddable-plus': 0, sheddable: 0 }

type Criticality = 'critical-plus' | 'critical' | 'sheddable-plus' | 'sheddable'
type Shares = Readonly<Record<Criticality, number>>
type ShareSetting = typeof share & { readonly default: number; readonly doc: string }
type SharesSetting = Group<Readonly<Record<Criticality, ShareSetting>>>

interface Group<F> {
  readonly kind: 'group'
  readonly doc: string
  readonly fields: F
}

function shares(level: string, defaults: Partial<Shares>): SharesSetting {
  const setting = (criticality: Criticality): ShareSetting => ({
    ...share,
    default: defaults[criticality] ?? noShedding[criticality],
    doc: `Share of \`${criticality}\` work that is turned away at the level \`${level}\`.`,
  })
  const fields: SharesSetting['fields'] = {
    'critical-plus': setting('critical-plus'),
    critical: setting('critical'),
    'sheddable-plus': setting('sheddable-plus'),
    sheddable: setting('sheddable'),
  }
  return { kind: 'group', doc: `What is turned away at the level \`${level}\`.`, fields }
}

/** Which work is turned away at each level. */
export const sheddingSettings: Group<
  Readonly<Record<'minor' | 'moderate' | 'severe' | 'critical', SharesSetting>>
> = {
  kind: 'group',
  doc: 'Which work is turned away at each level.',
  fields: {
    minor: shares('minor', { sheddable: 1 }),
    moderate: shares('moderate', { sheddable: 1, 'sheddable-plus': 1 }),
    severe: shares('severe', { sheddable: 1, 'sheddable-plus': 1 }),
    critical: shares('critical', { sheddable: 1, 'sheddable-plus': 1, critical: 1 }),
  },
}

const degradationFields = {
  name: { kind: 'text', default: 'default', doc: 'Its name on the hub.' },
  criticalCircuitBreakers: {
    kind: 'list',
    default: [],
    doc: 'Breakers without which nothing important works.',
  },
  serviceLevels: {
    kind: 'group',
    doc: 'What users get at each level.',
    fields: {
      normal: {
        kind: 'word',
        allowed: ['full', 'degraded', 'limited', 'cache-only'],
        default: 'full',
        doc: 'What users get at the level `normal`.',
      },
      minor: {
        kind: 'word',
        allowed: ['full', 'degraded', 'limited', 'cache-only'],
        default: 'degraded',
        doc: 'What users get at the level `minor`.',
      },
      moderate: {
        kind: 'word',
        allowed: ['full', 'degraded', 'limited', 'cache-only'],
        default: 'degraded',
        doc: 'What users get at the level `moderate`.',
      },
      severe: {
        kind: 'word',
        allowed: ['full', 'degraded', 'limited', 'cache-only'],
        default: 'limited',
        doc: 'What users get at the level `severe`.',
      },
      critical: {
        kind: 'word',
        allowed: ['full', 'degraded', 'limited', 'cache-only'],
        default: 'cache-only',
        doc: 'What users get at the level `critical`.',
      },
    },
  },
  interval: {
    kind: 'duration',
    least: 1,
    default: '30s',
    doc: 'How often the rules are asked when nothing happens.',
  },
  coalesce: {
    kind: 'duration',
    default: '250ms',
    doc: 'The least time between two rounds when much happens.',
  },
  recoverAfter: {
    kind: 'duration',
    default: '1m',
    doc: 'How long less must be called for before each step down.',
  },
  readOnlyFrom: {
    kind: 'word',
    allowed: ['normal', 'minor', 'moderate', 'severe', 'critical'],
    default: 'severe',
    doc: 'From this level on nothing can be changed.',
  },
  features: {
    kind: 'map',
    doc: 'Features that go off as things get worse.',
    entry: {
      kind: 'group',
      doc: 'A feature.',
      fields: {
        maxLevel: {
          kind: 'word',
          allowed: ['normal', 'minor', 'moderate', 'severe', 'critical'],
          required: true,
          doc: 'The worst level at which it is on.',
        },
        label: { kind: 'text', doc: 'What users call it; its name if not given.' },
      },
    },
  },
  resources: { kind: 'switch', default: true, doc: 'Whether heap and event loop are measured.' },
  instance: { kind: 'text', doc: 'The name of this instance in the store; a random one if not given.' },
  quorum: {
    kind: 'share',
    default: 0.5,
    doc: 'The share of all instances that must call for a level before it holds for the others.',
  },
  storeTimeout: { kind: 'duration', least: 1, default: '1s', doc: 'How long the store may take.' },
} as const

/** What `createDegradation` takes. */
export const degradationSettings: Group<
  typeof degradationFields & { readonly shedding: typeof sheddingSettings }
> = {
  kind: 'group',
  doc: 'Options of `createDegradation`.',
  fields: { ...degradationFields, shedding: sheddingSettings },
}

/** What `standardRules` takes. */
export const degradationRuleSettings = {
  kind: 'group',
  doc: 'Options of `standardRules` of `@seaworthy/degradation`.',
  fields: {
    minimumCalls: {
      kind: 'count',
      default: 10,
      doc: 'So many calls a circuit must have counted for its failure rate to mean something.',
    },
    failureRate: { kind: 'share', default: 0.5, doc: 'From this failure rate on a circuit is failing.' },
    heap: { kind: 'number', default: 0.85, doc: 'From this share of the heap on things are minor.' },
    eventLoopDelay: {
      kind: 'duration',
      default: '500ms',
      doc: 'From this delay of the event loop on they are.',
    },
    exitAfter: {
      kind: 'duration',
      default: '1m',
      doc: 'So long a rule must not have held before it counts no more.',
    },
  },
} as const
