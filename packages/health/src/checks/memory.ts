import { getHeapStatistics } from 'node:v8'
import { ratio } from '@seaworthy/core'
import type { CheckOptions, HealthCheck } from '../check.ts'
import { mostLevel, rising } from './levels.ts'

/** Options of {@link memoryCheck}: shares of what the process may use. */
export interface MemoryCheckOptions extends CheckOptions {
  /** From here it warns. @defaultValue 0.85 */
  readonly warn?: number
  /** From here it fails. @defaultValue 0.97 */
  readonly fail?: number
}

/**
 * Looks how much memory is used: of the heap, of what its container allows to the process, or what is nearer to its end. The heap may be full
 * of garbage that nobody has needed to collect, so a single high answer means little: it takes three in a row.
 */
export function memoryCheck(options: MemoryCheckOptions = {}): HealthCheck {
  const { warn = 0.85, fail = 0.97, ...rest } = options
  const levels = rising({ warn: ratio('warn', warn), fail: ratio('fail', fail) })
  return {
    criticality: 'important',
    componentType: 'system',
    failureThreshold: 3,
    ...rest,
    check() {
      const used = Math.max(heapUsed(), residentUsed())
      return {
        status: mostLevel(used, levels),
        observedValue: Math.round(used * 1000) / 1000,
        observedUnit: 'share used',
      }
    },
  }
}

function heapUsed(): number {
  const { used_heap_size, heap_size_limit } = getHeapStatistics()
  return used_heap_size / heap_size_limit
}

/** Without a container's limit, that of the machine is other programs' as well: it says nothing about this one. */
function residentUsed(): number {
  const limit = process.constrainedMemory()
  // Without a limit some systems answer 0, some a number that no machine has.
  if (!limit || limit > 2 ** 50) return 0
  return process.memoryUsage.rss() / limit
}
