import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import { count, type Duration, duration } from '@seaworthy/core'
import type { CheckOptions, HealthCheck } from '../check.ts'
import { mostLevel, rising } from './levels.ts'

/** Options of {@link eventLoopCheck}: how late timers are, as the 99th percentile since the check was last asked. */
export interface EventLoopCheckOptions extends CheckOptions {
  /** From here it warns. @defaultValue `'500ms'` */
  readonly warn?: Duration
  /** From here it fails, if {@link EventLoopCheckOptions.samples} in a row are so late. @defaultValue `'2s'` */
  readonly fail?: Duration
  /** @defaultValue 3 */
  readonly samples?: number
}

const resolution = 20
const nanoseconds = 1e6

/**
 * Looks how late the event loop is: the one thing that only a restart may help with, so it answers for liveness. It measures from the
 * time it is registered and asked first.
 */
export function eventLoopCheck(options: EventLoopCheckOptions = {}): HealthCheck {
  const { warn = '500ms', fail = '2s', samples = 3, ...rest } = options
  const levels = rising({ warn: duration('warn', warn, 1), fail: duration('fail', fail, 1) })
  const needed = count('samples', samples)
  let delay: IntervalHistogram | undefined
  let late = 0
  return {
    kinds: ['liveness'],
    componentType: 'system',
    interval: '10s',
    ...rest,
    check() {
      if (delay === undefined) {
        delay = monitorEventLoopDelay({ resolution })
        delay.enable()
        return true
      }
      // The histogram counts the resolution in.
      const p99 = Math.max(0, delay.percentile(99) / nanoseconds - resolution)
      delay.reset()
      const status = mostLevel(p99, levels)
      late = status === 'fail' ? late + 1 : 0
      return {
        status: status === 'fail' && late < needed ? 'warn' : status,
        observedValue: Math.round(p99),
        observedUnit: 'ms',
      }
    },
    close() {
      delay?.disable()
    },
  }
}
