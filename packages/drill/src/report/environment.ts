/** Where a drill was run. */
import { arch, availableParallelism, cpus, platform, totalmem } from 'node:os'

/** The machine behind the figures. Nothing that says who or where. */
export interface ReportEnvironment {
  readonly node: string
  readonly platform: string
  readonly processor: string
  readonly processors: number
  readonly memory_mb: number
}

/** This machine. */
export function environment(): ReportEnvironment {
  return {
    node: process.version,
    platform: `${platform()} ${arch()}`,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    processors: availableParallelism(),
    memory_mb: Math.round(totalmem() / 2 ** 20),
  }
}
