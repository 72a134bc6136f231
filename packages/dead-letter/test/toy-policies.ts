/** The smallest policies of each shape, since this package may import no other policy. */
import {
  type Clock,
  type Layer,
  type Policy,
  PolicyBase,
  type PolicyDescription,
  SeaworthyError,
} from '@seaworthy/core'

/** Runs what is inside up to `attempts` times, and notes on the error how often it did. */
export function retrying(attempts: number): Policy {
  return new OneLayer({
    kind: 'retrying',
    async around(context, inner) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await inner.run(context.child(attempt))
        } catch (error) {
          if (attempt === attempts)
            throw Object.assign(error as object, { attempts, retryReason: 'attempts' })
        }
      }
    },
  })
}

/** Gives what is inside so many milliseconds. */
export function limited(limit: number, clock: Clock): Policy {
  return new OneLayer({
    kind: 'limited',
    async around(context, inner) {
      const child = context.child()
      const late = clock.sleep(limit).then(() => {
        const error = new SeaworthyError('ERR_TIMEOUT', 'too slow')
        child.abort(error)
        throw error
      })
      late.catch(() => {})
      return Promise.race([inner.run(child), late])
    },
  })
}

/** Answers in place of any error. */
export function answering<V>(value: V): Policy<V> {
  return new OneLayer<V>({ kind: 'answering', recover: async () => value })
}

class OneLayer<Added = never> extends PolicyBase<Added> {
  readonly #layer: Layer

  constructor(layer: Layer) {
    super(layer.kind, undefined)
    this.#layer = layer
  }

  override layers(): readonly Layer[] {
    return [this.#layer]
  }

  override describe(): PolicyDescription[] {
    return []
  }
}
