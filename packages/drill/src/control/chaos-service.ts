/** A chaos service: a controller that was started over control. */
import {
  type ChaosController,
  ChaosRefusedError,
  type ChaosSettings,
  chaosController,
  chaosSettings,
  extensionScenarios,
  type InjectionStatus,
  type InjectRequest,
  InvalidExperimentError,
  scenarioIds,
} from '@seaworthy/chaos'
import { duration, InvalidOptionError } from '@seaworthy/core'
import { DrillControlError, invalidRequest } from './control-error.ts'
import type { ControlSettings } from './control-options.ts'
import type { ChaosView, InjectionView } from './control-views.ts'
import type { Entry } from './registry.ts'
import { RequestFields } from './request-fields.ts'

/** Whatever a request can set is within what the owner of the service has set. */
export function readChaosSettings(body: unknown, { mostConcurrentChaos }: ControlSettings): ChaosSettings {
  let settings: ChaosSettings
  try {
    settings = chaosSettings(body ?? {})
  } catch (error) {
    if (!(error instanceof InvalidExperimentError)) throw error
    throw invalidRequest(
      error.problems.map(({ path, message }) => ({ path: path || 'body', message })),
      error,
    )
  }
  const { maxConcurrentChaos = 1 } = settings
  if (maxConcurrentChaos <= mostConcurrentChaos) return settings
  throw invalidRequest([{ path: 'max_concurrent_chaos', message: `must be ${mostConcurrentChaos} at most` }])
}

/** Breaks targets on request. */
export class ChaosService implements Entry {
  readonly id: string
  readonly #settings: ControlSettings
  readonly #asked: ChaosSettings
  readonly #actor: string | undefined
  readonly #controller: ChaosController
  readonly #startedAt: number
  #state: 'running' | 'stopping' | 'stopped' = 'running'
  #stoppedAt: number | undefined = undefined

  constructor(id: string, settings: ControlSettings, asked: ChaosSettings, actor: string | undefined) {
    const { targets, armed, chaos, hub, clock } = settings
    this.id = id
    this.#settings = settings
    this.#asked = asked
    this.#actor = actor
    this.#startedAt = clock.now()
    this.#controller = chaosController({ ...chaos, ...asked, targets, armed, name: id, hub, clock })
  }

  get endedAt(): number | undefined {
    // What still breaks something has not ended, whoever has stopped it.
    return this.#state === 'stopped' && this.faults === 0 ? this.#stoppedAt : undefined
  }

  /** How many are in place. */
  get faults(): number {
    return this.#controller.debugStats()['faults'] ?? 0
  }

  /** @returns The injection, once its faults are in place. */
  async inject(body: unknown): Promise<InjectionView> {
    const request = readInjection(body)
    if (this.#state !== 'running')
      throw new DrillControlError('ERR_DRILL_ENDED', 'this chaos service was stopped; start another one')
    try {
      const injection = await this.#controller.inject(request)
      return this.#viewOf(injection.status())
    } catch (error) {
      if (error instanceof ChaosRefusedError)
        throw new DrillControlError('ERR_DRILL_REFUSED', error.message, {
          reason: error.reason,
          cause: error,
        })
      if (error instanceof InvalidOptionError) throw ofInjection(error)
      throw error
    }
  }

  /** Ends all injections. Their faults are gone when this returns; that the service under test is well again is not waited for. */
  stop(): void {
    if (this.#state !== 'running') return
    this.#end('stopping')
    void this.#controller.stop().then(() => {
      this.#end('stopped')
      this.#controller.dispose()
    })
  }

  /** The kill switch. Tries again to take away what could not be. @returns Whether there was anything to end. */
  kill(): boolean {
    const [had, faults] = [this.#state !== 'stopped', this.faults]
    this.#end('stopped')
    this.#controller.dispose()
    return had || faults > 0
  }

  view(): ChaosView {
    const { chaos, targets } = this.#settings
    const { armed, dryRun, killed, maxConcurrentChaos, seed, counters, injections } =
      this.#controller.snapshot()
    const own = (chaos.scenarios ?? []).map(({ id }) => id)
    return {
      ...this.brief(),
      ...(this.#stoppedAt !== undefined && { endedAt: this.#dateOf(this.#stoppedAt) }),
      armed,
      dryRun,
      killed,
      maxConcurrentChaos,
      settings: this.#asked,
      seed,
      targets: targets.map(({ id }) => id),
      scenarios: [...new Set([...scenarioIds, ...Object.keys(extensionScenarios), ...own])],
      counters,
      injections: injections.map((each) => this.#viewOf(each)),
    }
  }

  brief(): Pick<ChaosView, 'id' | 'state' | 'startedAt' | 'startedBy'> {
    return {
      id: this.id,
      state: this.#state,
      ...(this.#actor !== undefined && { startedBy: this.#actor }),
      startedAt: this.#dateOf(this.#startedAt),
    }
  }

  #end(state: 'stopping' | 'stopped'): void {
    this.#state = state
    this.#stoppedAt ??= this.#settings.clock.now()
  }

  #viewOf(status: InjectionStatus): InjectionView {
    const { reason, startedAt, endsAt, outcome, recoveryTook, ...rest } = status
    return {
      ...rest,
      service: this.id,
      ...(reason !== undefined && { reason }),
      ...(startedAt !== undefined && { startedAt: this.#dateOf(startedAt) }),
      ...(endsAt !== undefined && { endsAt: this.#dateOf(endsAt) }),
      ...(outcome !== undefined && { outcome }),
      ...(recoveryTook !== undefined && { recoveryTook }),
    }
  }

  #dateOf(at: number): number {
    const { clock, wallClock } = this.#settings
    return Math.round(wallClock() + at - clock.now())
  }
}

const injectionFields = ['scenario', 'target_service', 'duration', 'probability', 'recovery'] as const

/** Durations are seconds, or texts with a unit. */
function readInjection(body: unknown): InjectRequest {
  const fields = new RequestFields(body, injectionFields)
  fields.required('scenario', 'target_service', 'duration')
  const scenario = fields.text('scenario')
  const on = fields.texts('target_service')
  const given = fields.value('duration')
  const seconds = typeof given === 'string' ? undefined : fields.number('duration', { above: true })
  const length = typeof given === 'string' ? durationOf(given, fields) : 1000 * (seconds ?? 0)
  const probability = fields.number('probability', { most: 1 })
  const pattern = fields.oneOf('recovery', ['immediate', 'gradual', 'partial'])
  fields.done()
  return {
    scenario: scenario as string, // It was required, and so were the others.
    on: on as readonly string[],
    for: length,
    ...(probability !== undefined && { probability }),
    ...(pattern !== undefined && { recovery: { pattern } }),
  }
}

function durationOf(given: string, fields: RequestFields): number {
  try {
    // The type knows which texts are durations, the parser refuses the others.
    return duration('duration', given as `${number}s`, 1)
  } catch {
    fields.problem('duration', "must be seconds, or a duration such as '90s' or '5m'")
    return 0
  }
}

/** A request that the controller refuses to understand, in the words of the request. */
function ofInjection(error: InvalidOptionError): DrillControlError {
  const path = { on: 'target_service', for: 'duration' }[error.option] ?? error.option
  const message = error.message.replace(`${error.option} `, '')
  return invalidRequest([{ path, message }], error)
}
