import { type Layer, type Policy, PolicyBase, type PolicyDescription } from '@seaworthy/core'

/** A policy of one layer. */
export function policyOf(layer: Layer): Policy {
  return new OneLayer(layer)
}

/** A policy that has given up its calls before it runs what is inside. */
export function aborting(reason: unknown): Policy {
  return policyOf({
    kind: 'aborting',
    around(context, inner) {
      const given = context.child()
      given.abort(reason)
      return inner.run(given)
    },
  })
}

class OneLayer extends PolicyBase {
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
