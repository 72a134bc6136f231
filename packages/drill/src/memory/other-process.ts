/** The memory of a process that knows nothing of being watched. */
import { readFile } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { type Clock, count, systemClock } from '@seaworthy/core'
import { type MemoryReading, type MemorySource, residentLimit } from './source.ts'

/** Options of {@link otherProcess}. */
export interface OtherProcessOptions {
  /** What readings are timed by. @defaultValue the clock of the machine */
  readonly clock?: Clock
  /** Reads a file of `/proc`. @defaultValue that of the machine */
  readonly read?: (path: string) => Promise<string>
}

/**
 * Any process of this machine, by its id, through Linux' `/proc`. Only resident memory can be seen from outside, garbage included, so verdicts are less sharp: prefer
 * a child that serves its memory.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when the id is none.
 */
export function otherProcess(pid: number, options: OtherProcessOptions = {}): MemorySource {
  count('pid', pid)
  const { clock = systemClock, read = (path) => readFile(path, 'utf8') } = options
  return {
    async read(): Promise<MemoryReading> {
      const start = clock.now()
      const rss = await residentMemory(pid, read)
      return {
        rss,
        collections: 0,
        // Our own container; that of another process is not known here.
        limits: { rss: residentLimit(process.constrainedMemory(), totalmem()) },
        busy: clock.now() - start,
        collecting: 0,
      }
    },
    close() {},
  }
}

/** `status` tells it in kilobytes, whereas `statm` counts pages whose size Node cannot tell. */
async function residentMemory(pid: number, read: (path: string) => Promise<string>): Promise<number> {
  const status = await read(`/proc/${pid}/status`).catch((cause: unknown) => {
    throw new Error(`Process ${pid} is gone, or this is not Linux`, { cause })
  })
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? []
  if (kilobytes === undefined) throw new Error(`Process ${pid} has ended`)
  return Number(kilobytes) * 1024
}
