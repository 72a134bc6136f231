import { statfs } from 'node:fs/promises'
import { ratio } from '@seaworthy/core'
import type { CheckOptions, HealthCheck } from '../check.ts'
import { leastLevel } from './levels.ts'

/** Options of {@link diskCheck}: shares of the disk that are free for programs without privileges. */
export interface DiskCheckOptions extends CheckOptions {
  /** Less warns. @defaultValue 0.1 */
  readonly warn?: number
  /** Less fails. @defaultValue 0.02 */
  readonly fail?: number
}

/** Looks how much of the disk under a path is free. */
export function diskCheck(path: string, options: DiskCheckOptions = {}): HealthCheck {
  const { warn = 0.1, fail = 0.02, ...rest } = options
  const levels = { warn: ratio('warn', warn, true), fail: ratio('fail', fail, true) }
  return {
    criticality: 'important',
    componentType: 'system',
    ...rest,
    async check() {
      const { bavail, blocks } = await statfs(path)
      const free = blocks === 0 ? 0 : bavail / blocks
      return { status: leastLevel(free, levels), observedValue: round(free), observedUnit: 'share free' }
    },
  }
}

const round = (share: number): number => Math.round(share * 1000) / 1000
