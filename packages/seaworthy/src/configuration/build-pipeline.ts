/** Makes a policy of its settings. */

import type { Clock, Hub, Random } from '@seaworthy/core'
import {
  aiProvider,
  bulkhead,
  database,
  messaging,
  type PresetPipeline,
  rateLimit,
  retryBudget,
} from 'seaworthy'
import type { PolicyConfiguration } from './settings.ts'

/** What a policy gets besides its settings. */
export interface PipelineOptions {
  /** Where it shows itself. @defaultValue the hub of the process */
  readonly hub?: Hub | undefined
  /** @defaultValue the system clock */
  readonly clock?: Clock | undefined
  /** For the spread of delays. @defaultValue `Math.random` */
  readonly random?: Random | undefined
}

const factories = { messaging, aiProvider, database }

/** Retry, then rate limit and bulkhead if there are any, circuit breaker, timeout. The profile has done its work already. */
export function buildPipeline(
  settings: PolicyConfiguration,
  { name, hub, clock, random }: PipelineOptions & { readonly name: string },
): PresetPipeline {
  const { preset, retryBudget: budget, bulkhead: slots, rateLimit: rate, retry, ...rest } = settings
  const common = { name, ...(hub && { hub }), ...(clock && { clock }) }
  const limits = [
    ...(rate === undefined ? [] : [rateLimit({ ...rate, ...common })]),
    ...(slots === undefined ? [] : [bulkhead({ ...slots, ...common })]),
  ]
  try {
    return factories[preset]({
      ...rest,
      ...common,
      profile: 'production',
      random,
      retry: { ...retry, ...(budget && { budget: retryBudget({ ...budget, ...(clock && { clock }) }) }) },
      limits,
    })
  } catch (error) {
    for (const limit of limits) limit.dispose()
    throw error
  }
}
