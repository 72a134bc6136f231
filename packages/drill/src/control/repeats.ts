/** Requests that are sent twice are carried out once. */
import { createHash } from 'node:crypto'
import type { Clock } from '@seaworthy/core'
import { canonicalJson } from '../simulation/event-hash.ts'
import { DrillControlError, invalidRequest } from './control-error.ts'

/** Who asks. */
export interface Caller {
  /** Shown with what was started. */
  readonly actor?: string
  /** Says that two requests are the same one: 1 to 255 printable characters, of their own for each actor. */
  readonly idempotencyKey?: string
}

const most = 200
const keepFor = 24 * 3_600_000

interface Known {
  readonly fingerprint: string
  readonly at: number
  readonly result: Promise<unknown>
}

/** Remembers the results of the last requests by their keys. */
export class Repeats {
  readonly #clock: Clock
  readonly #known = new Map<string, Known>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#known.size
  }

  /**
   * Carries a request out, or gives the result of the first time. One that fails may be tried again: it has changed nothing.
   *
   * @throws DrillControlError when the key was used for another request, or is none.
   */
  async once<T>(caller: Caller, request: readonly unknown[], run: () => Promise<T>): Promise<T> {
    const { actor = '', idempotencyKey } = caller
    if (idempotencyKey === undefined) return run()
    if (!/^[\x20-\x7e]{1,255}$/.test(idempotencyKey))
      throw invalidRequest([{ path: 'Idempotency-Key', message: 'must be 1 to 255 printable characters' }])
    const name = JSON.stringify([actor, idempotencyKey])
    const fingerprint = createHash('sha256').update(canonicalJson(request)).digest('base64')
    const now = this.#clock.now()
    const known = this.#known.get(name)
    if (known !== undefined && known.at >= now - keepFor) {
      if (known.fingerprint === fingerprint) return known.result as Promise<T> // The same request has the same result.
      throw new DrillControlError('ERR_DRILL_DUPLICATE', 'this idempotency key was used for another request')
    }
    this.#known.delete(name)
    const result = run()
    this.#known.set(name, { fingerprint, at: now, result })
    result.catch(() => this.#known.delete(name))
    const [oldest] = this.#known.keys()
    if (this.#known.size > most && oldest !== undefined) this.#known.delete(oldest)
    return result
  }
}
