/**
 * Configuration from a JSON file and environment variables: checked as a whole, with profiles, and printed with the source of every
 * value.
 *
 * @module seaworthy/configuration
 */
export type { PipelineOptions } from './configuration/build-pipeline.ts'
export {
  type ConfigurationDescription,
  type DescribedSetting,
  describeConfiguration,
  type FormatOptions,
  formatConfiguration,
} from './configuration/describe.ts'
export type { ConfigurationProblem, Origin, Provenance } from './configuration/layer.ts'
export { type ConfigurationSources, loadConfiguration } from './configuration/load.ts'
export {
  type ConfiguredLogger,
  circuitRules,
  configuredAudit,
  configuredLogger,
  configuredPipeline,
  type OpsToken,
  opsTokens,
  policyConfiguration,
} from './configuration/parts.ts'
export {
  configurationReference,
  configurationTables,
  type SettingReference,
} from './configuration/reference.ts'
export { configurationSchema, type JsonSchema } from './configuration/schema.ts'
export type { Configuration, PartialConfiguration, PolicyConfiguration } from './configuration/settings.ts'
export { sourceOf } from './configuration/store.ts'
export { InvalidConfigurationError } from './configuration-errors.ts'
