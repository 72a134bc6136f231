/** A registry on a virtual clock, and checks that do as they are told. */
import { Hub } from '@seaworthy/core'
import { seededRandom, VirtualClock } from '@seaworthy/testing'
import { onTestFinished } from 'vitest'
import type { CheckAnswer, HealthCheck } from '../src/check.ts'
import { createHealth, type Health, type HealthOptions } from '../src/health.ts'

export const calendar = Date.UTC(2026, 0, 1)

export function setUp(options: HealthOptions = {}): { health: Health; clock: VirtualClock; hub: Hub } {
  const clock = new VirtualClock()
  const hub = new Hub()
  const health = createHealth({
    hub,
    clock,
    wallClock: () => calendar + clock.now(),
    random: seededRandom(7),
    ...options,
  })
  onTestFinished(() => health.close())
  return { health, clock, hub }
}

/** A check whose next answers are told, one after the other; the last one stays. */
export function scripted(
  ...answers: (CheckAnswer | Error | 'hang')[]
): HealthCheck & { readonly asked: number } {
  let asked = 0
  const check = async (): Promise<CheckAnswer> => {
    const answer = answers[Math.min(asked++, answers.length - 1)]
    if (answer === 'hang') return new Promise(() => {})
    if (answer instanceof Error) throw answer
    return answer
  }
  const healthCheck: HealthCheck = { failureTtl: '30s', check }
  // Not one of its options: whoever spreads it does not want it.
  Object.defineProperty(healthCheck, 'asked', { get: () => asked, enumerable: false })
  return healthCheck as HealthCheck & { readonly asked: number } // defined just now
}
