/** All settings: the one table of which everything else is made. */
import {
  checkSettings,
  degradationRuleSettings,
  degradationSettings,
  healthSettings,
} from './health-settings.ts'
import {
  auditOutputSetting,
  logOutputSetting,
  logSettings,
  opsSettings,
  tokenSettings,
} from './operation-settings.ts'
import { policySettings } from './policy-settings.ts'
import type { GroupSetting, GroupValue, Partly, ValueOf } from './setting.ts'
import { deadLetterSettings, idempotencySettings, reaperSettings, workerSettings } from './work-settings.ts'

const profileSetting = {
  kind: 'word',
  allowed: ['production', 'development', 'testing'],
  computed: true,
  doc: 'The environment, which changes defaults. By `NODE_ENV` if not given.',
} as const

/** All sections by name. */
interface Sections {
  readonly profile: typeof profileSetting
  readonly policies: {
    readonly kind: 'map'
    readonly doc: string
    readonly entry: typeof policySettings
  }
  readonly health: typeof healthSettings
  readonly healthChecks: typeof checkSettings
  readonly degradation: typeof degradationSettings
  readonly degradationRules: typeof degradationRuleSettings
  readonly ops: typeof opsSettings
  readonly opsTokens: { readonly kind: 'map'; readonly doc: string; readonly entry: typeof tokenSettings }
  readonly auditOutput: typeof auditOutputSetting
  readonly logs: typeof logSettings
  readonly logOutput: typeof logOutputSetting
  readonly deadLetters: typeof deadLetterSettings
  readonly worker: typeof workerSettings
  readonly reaper: typeof reaperSettings
  readonly idempotency: typeof idempotencySettings
}

const sections: Sections = {
  profile: profileSetting,
  policies: {
    kind: 'map',
    doc: 'Pipelines by name: give one to `configuredPipeline`.',
    entry: policySettings,
  },
  health: healthSettings,
  healthChecks: checkSettings,
  degradation: degradationSettings,
  degradationRules: degradationRuleSettings,
  ops: opsSettings,
  opsTokens: {
    kind: 'map',
    doc: 'Tokens for the admin routes by the name of their holder.',
    entry: tokenSettings,
  },
  auditOutput: auditOutputSetting,
  logs: logSettings,
  logOutput: logOutputSetting,
  deadLetters: deadLetterSettings,
  worker: workerSettings,
  reaper: reaperSettings,
  idempotency: idempotencySettings,
}

/** The whole. */
export const everything: GroupSetting = {
  kind: 'group',
  doc: 'The configuration of Seaworthy.',
  fields: { ...sections },
}

/** Everything that is in effect, section by section: plain frozen data. The guide to configuration lists all of it. */
export type Configuration = GroupValue<Sections>

/** The numbers and words of a policy, `configuration.policies.payments`. */
export type PolicyConfiguration = ValueOf<typeof policySettings>

/** A part of a configuration, as files have it. */
export type PartialConfiguration = Partly<Configuration>
