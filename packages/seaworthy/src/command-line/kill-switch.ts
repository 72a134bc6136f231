/** Takes all faults back at once, whoever has put them in place: for the end of the process. */
import type { AppliedFault, ChaosTarget } from '@seaworthy/chaos'
import type { DrillService, RunningService } from '@seaworthy/drill'
import type { Interruption } from './interruption.ts'

/** Keeps the faults of guarded targets in sight. */
export class KillSwitch {
  readonly #applied = new Set<AppliedFault>()
  readonly #running = new Set<RunningService>()

  /** How many faults are in place. */
  get faults(): number {
    return this.#applied.size
  }

  /** Pulled by the second signal. */
  constructor(interruption: Interruption) {
    interruption.inEmergency(() => this.pull())
  }

  /** A service all of whose targets are guarded. */
  guardService(service: DrillService): DrillService {
    return {
      name: service.name,
      start: async (world) => {
        const running = await service.start(world)
        this.#running.add(running)
        const targets = running.targets.map((target) => this.guard(target))
        // Its methods and getters belong to it, so it is looked through and not copied.
        return new Proxy(running, {
          get: (of, key) => {
            if (key === 'targets') return targets
            if (key === 'stop') return () => this.#stop(of)
            const value: unknown = Reflect.get(of, key, of)
            return typeof value === 'function' ? value.bind(of) : value
          },
        })
      },
    }
  }

  guard(target: ChaosTarget): ChaosTarget {
    return {
      id: target.id,
      supports: target.supports,
      ...(target.perCall !== undefined && { perCall: target.perCall }),
      apply: (fault, injection) => {
        const applied = target.apply(fault, injection)
        this.#applied.add(applied)
        return {
          recover: async () => {
            await applied.recover()
            this.#applied.delete(applied)
          },
        }
      },
    }
  }

  /** Stops the guarded services that still run. */
  async stopServices(): Promise<void> {
    await Promise.allSettled([...this.#running].map((each) => this.#stop(each)))
  }

  #stop(running: RunningService): Promise<void> {
    this.#running.delete(running)
    return running.stop()
  }

  /** Takes all back, as far as that goes without waiting. */
  pull(): void {
    for (const applied of [...this.#applied]) {
      try {
        // What cannot be taken back now has nobody left to hear of it.
        Promise.resolve(applied.recover()).catch(() => {})
      } catch {
        // The others have to be taken back all the same.
      }
    }
    this.#applied.clear()
  }
}
