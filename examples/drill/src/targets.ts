/** What can be broken. */
import { type ChaosTarget, processTarget, tcpTarget } from '@seaworthy/chaos'
import { guardedPause } from '@seaworthy/chaos/node'
import type { Clock } from '@seaworthy/core'
import { stallTarget } from './stall-target.ts'
import { type System, workerNames } from './system.ts'

/**
 * The drill tries a scenario on the first target that it can be done to, in the next round on the second, and so on. In this order, the first round
 * kills Redis and freezes a worker, the second kills a worker and cuts payments off; both give payments bad moments of every kind.
 */
export function targetsOf(system: System, clock: Clock): readonly ChaosTarget[] {
  const { api, workers, redis, toRedis, toPayments, trouble, startWorker } = system
  const [worker] = workerNames
  const workerPid = (): number | undefined => workers.get(worker)?.pid
  return [
    only(
      processTarget('Redis', {
        kill: () => void redis.kill(), // It is dead before this returns; what is waited for is that it is gone.
        restart: () => redis.restart(),
      }),
      ['kill'],
    ),
    processTarget(worker, {
      ...guardedPause(workerPid),
      pid: workerPid,
      restart: () => startWorker(worker),
    }),
    only(tcpTarget('connection to payments', toPayments, { clock }), ['partition', 'reset', 'refuse']),
    only(tcpTarget('connection to Redis', toRedis, { clock }), ['partition', 'reset', 'refuse']),
    trouble,
    stallTarget('API', guardedPause(api.pid), clock),
  ]
}

/** A target that less can be done to. */
function only(target: ChaosTarget, kinds: ChaosTarget['supports']): ChaosTarget {
  return { id: target.id, supports: kinds, apply: (fault, injection) => target.apply(fault, injection) }
}
