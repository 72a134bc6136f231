/** A dependency that is well for a while and ill for a while. */
import { duration } from '@seaworthy/core'
import type { DecisionStream } from './decisions.ts'
import { exponential } from './distributions.ts'
import type { Flapping } from './fault.ts'

/** The states of one {@link Flapping} over time. It follows from its stream alone, however often it is asked. */
export class FlappingChain {
  readonly #good: number
  readonly #bad: number
  readonly #goodFor: number
  readonly #badFor: number
  readonly #stream: DecisionStream
  /** How many times it has changed. Even: good times. */
  #changes = 0
  #until: number

  constructor(
    { good = 0.005, bad = 0.6, goodFor = '5s', badFor = '2s' }: Flapping,
    stream: DecisionStream,
    start: number,
  ) {
    this.#good = good
    this.#bad = bad
    this.#goodFor = duration('rate.goodFor', goodFor, 1)
    this.#badFor = duration('rate.badFor', badFor, 1)
    this.#stream = stream
    this.#until = start + this.#stay()
  }

  /** The share of calls that is hit now. Must not be asked for the past. */
  rateAt(now: number): number {
    while (now >= this.#until) {
      this.#changes++
      this.#until += this.#stay()
    }
    return this.#isGood ? this.#good : this.#bad
  }

  get #isGood(): boolean {
    return this.#changes % 2 === 0
  }

  #stay(): number {
    const mean = this.#isGood ? this.#goodFor : this.#badFor
    return exponential(mean, () => this.#stream.at(this.#changes, 0))
  }
}
