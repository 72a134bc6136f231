/**
 * What chaos needs of Node: an end that leaves no fault behind, and a sign of life between processes.
 *
 * @module @seaworthy/chaos/node
 */
import { stat, writeFile } from 'node:fs/promises'
import type { ChaosController, ChaosLease } from '@seaworthy/chaos'
import { type Duration, duration, knownOptions, systemClock, systemWallClock } from '@seaworthy/core'

export { guardedPause } from './guarded-pause.ts'

/** Options of {@link recoverOnExit}. */
export interface RecoverOnExitOptions {
  /** How long to wait for what ends later, such as the restart of a process. @defaultValue `'5s'` */
  readonly grace?: Duration
}

/**
 * Pulls the kill switch of a controller when this process ends: on SIGINT and SIGTERM, on an exception or rejection that nobody
 * handles, and on `process.exit()`. Nothing hears of SIGKILL; there a {@link heartbeatFile} helps those who hold the faults.
 *
 * A signal still does what it did before: with no other listener it ends the process, after the faults are gone.
 *
 * @returns Takes the hooks away again.
 *
 * @example
 * ```ts
 * import { chaosController } from '@seaworthy/chaos'
 * import { recoverOnExit } from '@seaworthy/chaos/node'
 *
 * const chaos = chaosController({ targets: [] })
 * const unhook = recoverOnExit(chaos)
 * unhook()
 * ```
 */
export function recoverOnExit(controller: ChaosController, options: RecoverOnExitOptions = {}): () => void {
  knownOptions('recoverOnExit', options, ['grace'])
  const grace = duration('grace', options.grace ?? '5s')
  const kill = (): void => controller.kill()
  const onSignal = async (signal: NodeJS.Signals): Promise<void> => {
    kill()
    await untilGone(controller, grace)
    if (process.listenerCount(signal) > 1) return // Others decide what comes of it.
    unhook()
    process.kill(process.pid, signal)
  }
  const unhook = (): void => {
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
    process.off('uncaughtExceptionMonitor', kill)
    process.off('exit', kill)
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  // Comes before the exception ends the process, also for a rejection that does, and does not stand in its way.
  process.on('uncaughtExceptionMonitor', kill)
  process.on('exit', kill)
  return unhook
}

async function untilGone(controller: ChaosController, grace: number): Promise<void> {
  const end = systemClock.now() + grace
  while ((controller.debugStats()['faults'] ?? 0) > 0 && systemClock.now() < end) await systemClock.sleep(10)
}

/** Options of {@link heartbeatFile}. */
export interface HeartbeatFileOptions {
  /** How long a sign of life counts. @defaultValue `'10s'` */
  readonly ttl?: Duration
}

/**
 * A lease between processes of one machine: a file whose age is the sign of life. The process that orders faults is the holder, those
 * that hold them are followers (`leaseRole: 'follower'`). When the holder dies of anything, SIGKILL included, their faults end within
 * `ttl` and a third.
 *
 * @param path - A file of its own. It need not exist, and is left behind.
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { rm } from 'node:fs/promises'
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { heartbeatFile } from '@seaworthy/chaos/node'
 *
 * const path = join(tmpdir(), `chaos-${process.pid}.heartbeat`)
 * const lease = heartbeatFile(path, { ttl: '10s' })
 * await lease.renew()
 * console.log((await lease.remaining()) > 0) // true
 * await rm(path)
 * ```
 */
export function heartbeatFile(path: string, options: HeartbeatFileOptions = {}): ChaosLease {
  knownOptions('heartbeatFile', options, ['ttl'])
  const ttl = duration('ttl', options.ttl ?? '10s', 1)
  return {
    ttl,
    renew: () => writeFile(path, `${process.pid}\n`),
    async remaining() {
      try {
        const { mtimeMs } = await stat(path)
        return ttl - (systemWallClock() - mtimeMs)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0
        throw error
      }
    },
  }
}
