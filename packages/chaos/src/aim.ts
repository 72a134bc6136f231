/** One fault of one injection on one target: who is hit, and how many were. */
import type { Clock } from '@seaworthy/core'
import type { DecisionStream } from './decisions.ts'
import type { Fault, Rate } from './fault.ts'
import { FlappingChain } from './flapping.ts'
import type { AffectedCall, AppliedFault, ChaosTarget, SkipReason, TargetInjection } from './target.ts'

/** The decisions of a scenario for a target, and how many of them were made, over all its injections. */
export interface Decisions {
  readonly stream: DecisionStream
  made: number
}

/** What limits who is hit, and hears of it. */
export interface AimLimits {
  readonly clock: Clock
  readonly maxCallFraction: number
  readonly tenants: ReadonlySet<string> | undefined
  /** Takes one call off the budget of all injections. @returns Whether there was one left. */
  spend(): boolean
  /** Something happened to a call. Told after it was counted. */
  tell(aim: Aim, type: CallFact, ordinal: number, reason?: SkipReason): void
}

/** What can happen to a call that is hit. */
export type CallFact = 'affectedCall' | 'effectEnded' | 'skipped' | 'effectFailed'

/** What an injection has in place, or is to have. */
export class Aim implements TargetInjection {
  readonly id: string
  readonly target: ChaosTarget
  readonly fault: Fault
  /** The target and the kind of fault, for the ledger. */
  readonly place: string
  /** What is in place. */
  applied: AppliedFault | undefined = undefined
  /** Whether taking it away has begun and not ended. */
  removing = false
  decided = 0
  affected = 0
  skipped = 0
  ended = 0
  /** The part of the rate that is left while it ends. */
  share = 1
  readonly #decisions: Decisions
  readonly #limits: AimLimits
  #flapping: FlappingChain | undefined = undefined

  constructor(id: string, target: ChaosTarget, fault: Fault, decisions: Decisions, limits: AimLimits) {
    this.id = id
    this.target = target
    this.fault = fault
    this.place = `${target.id} ${fault.kind}`
    this.#decisions = decisions
    this.#limits = limits
  }

  hit(rate: Rate, key?: string): AffectedCall | undefined {
    const { tenants, maxCallFraction } = this.#limits
    if (tenants !== undefined && (key === undefined || !tenants.has(key))) return undefined
    const ordinal = ++this.#decisions.made
    this.decided++
    const chance = (typeof rate === 'number' ? rate : this.#flappingRate(rate)) * this.share
    // Not below, rather than above or equal: NaN hits nothing.
    if (!(this.#decisions.stream.at(ordinal, 0) < chance)) return undefined
    if (this.affected + 1 > maxCallFraction * this.decided) return undefined
    if (!this.#limits.spend()) return undefined
    this.affected++
    const call = new Affected(this, ordinal, this.#decisions.stream)
    this.#limits.tell(this, 'affectedCall', ordinal)
    return call
  }

  note(): void {
    const ordinal = ++this.#decisions.made
    this.decided++
    this.affected++
    this.#limits.spend()
    this.#limits.tell(this, 'affectedCall', ordinal)
  }

  tell(type: CallFact, ordinal: number, reason?: SkipReason): void {
    this.#limits.tell(this, type, ordinal, reason)
  }

  #flappingRate(rate: Exclude<Rate, number>): number {
    const now = this.#limits.clock.now()
    this.#flapping ??= new FlappingChain(rate, dwellsOf(this.#decisions.stream), now)
    return this.#flapping.rateAt(now)
  }
}

/** Numbers of the same stream that no call uses. */
function dwellsOf(stream: DecisionStream): DecisionStream {
  return { at: (ordinal, draw) => stream.at(2 ** 40 + ordinal, draw) }
}

class Affected implements AffectedCall {
  readonly ordinal: number
  readonly #aim: Aim
  readonly #stream: DecisionStream
  #draws = 0

  constructor(aim: Aim, ordinal: number, stream: DecisionStream) {
    this.ordinal = ordinal
    this.#aim = aim
    this.#stream = stream
  }

  draw(): number {
    return this.#stream.at(this.ordinal, ++this.#draws)
  }

  ended(): void {
    this.#aim.ended++
    this.#aim.tell('effectEnded', this.ordinal)
  }

  skipped(reason: SkipReason): void {
    this.#aim.skipped++
    this.#aim.tell('skipped', this.ordinal, reason)
  }

  failed(_error: unknown): void {
    this.#aim.tell('effectFailed', this.ordinal)
  }
}
