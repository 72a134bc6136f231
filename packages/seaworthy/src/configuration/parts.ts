/** What programs make of a configuration: policies, rules of circuits, tokens, a logger, an audit. */
import { InvalidOptionError, systemWallClock, type WallClock } from '@seaworthy/core'
import type { CircuitRules, PresetPipeline } from 'seaworthy'
import { buildPipeline, type PipelineOptions } from './build-pipeline.ts'
import { nearest } from './names.ts'
import type { Configuration, PolicyConfiguration } from './settings.ts'

/**
 * The settings of a policy.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when there is no policy of that name.
 */
export function policyConfiguration({ policies }: Configuration, name: string): PolicyConfiguration {
  const settings = Object.hasOwn(policies, name) ? policies[name] : undefined
  if (settings !== undefined) return settings
  const names = Object.keys(policies)
  const meant = nearest(name, names)
  const allowed = names.length === 0 ? 'in the configuration, which has none' : `one of ${names.join(', ')}`
  throw new InvalidOptionError(
    'policy',
    allowed + (meant === undefined ? '' : `; did you mean ${meant}?`),
    name,
  )
}

/**
 * The policy of a name: `retry > rate limit > bulkhead > circuit breaker > timeout`, without those limits that are not configured. Each
 * call makes a new one; make one for each dependency and keep it.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when there is no policy of that name.
 *
 * @example
 * ```ts
 * import { configuredPipeline, loadConfiguration } from 'seaworthy/configuration'
 *
 * const json = { policies: { payments: { preset: 'messaging', timeout: '2s' } } } as const
 * const payments = configuredPipeline(loadConfiguration({ json, environment: {} }), 'payments')
 * console.log(await payments.execute(() => 'paid'))
 * ```
 */
export function configuredPipeline(
  configuration: Configuration,
  name: string,
  options: PipelineOptions = {},
): PresetPipeline {
  return buildPipeline(policyConfiguration(configuration, name), { ...options, name })
}

/**
 * The rules of the circuit breaker of a policy: give them to `reconfigure` of a breaker that is at work.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when there is no policy of that name.
 */
export function circuitRules(configuration: Configuration, name: string): CircuitRules {
  const settings = policyConfiguration(configuration, name)
  const { failureThreshold, failureRate, minimumRequests, recoveryTimeout, successThreshold } = settings
  const { mode: _mode, ...more } = settings.circuitBreaker
  const window = { calls: settings.windowSize }
  return {
    failureThreshold,
    failureRate,
    window,
    minimumRequests,
    recoveryTimeout,
    successThreshold,
    ...more,
  }
}

/** A token, as `bearer` of `@seaworthy/ops` takes it. It shows no secret when printed as JSON. */
export interface OpsToken {
  readonly id: string
  readonly token: string
  readonly scope: 'read' | 'operate' | 'override'
}

/** The tokens for the admin routes: `bearer(opsTokens(configuration))`. They are secrets in the clear: do not print them. */
export function opsTokens(configuration: Configuration): OpsToken[] {
  return Object.entries(configuration.opsTokens).map(([id, { token, scope }]) => ({ id, token, scope }))
}

type Log = (fields: object, message: string) => void

/** A logger as `logEvents` of `@seaworthy/telemetry` takes it. */
export interface ConfiguredLogger {
  readonly debug: Log
  readonly info: Log
  readonly warn: Log
  readonly error: Log
}

/** A logger for `logOutput`: lines of JSON, lines for people, or none. @param wallClock - @defaultValue the calendar of the machine */
export function configuredLogger(
  { logOutput }: Configuration,
  wallClock: WallClock = systemWallClock,
): ConfiguredLogger {
  const write =
    (level: keyof ConfiguredLogger): Log =>
    (fields, message) => {
      if (logOutput === 'silent') return
      const pretty = (): string => `${level.padEnd(5)} ${message} ${JSON.stringify(fields)}`
      const json = (): string => JSON.stringify({ level, time: wallClock(), message, ...fields })
      console[level](logOutput === 'pretty' ? pretty() : json())
    }
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}

/** What `createOps` takes as `audit`, for `auditOutput`: a line on the console for each entry, or nothing besides memory. */
export function configuredAudit({ auditOutput }: Configuration): { readonly sink?: (entry: object) => void } {
  return auditOutput === 'console' ? { sink: (entry) => console.info(JSON.stringify(entry)) } : {}
}
