/** All that the stream shows, and what is different from what it showed before. */
import type { DeltaEvent, SnapshotEvent } from '../wire.ts'
import { signature } from './signature.ts'

/** The state of everything, at one moment. */
export type LiveState = Pick<
  SnapshotEvent,
  'figures' | 'health' | 'degradation' | 'circuitBreakers' | 'components' | 'deadLetters'
>

/** What changed, and whether anything did. */
export type StateChanges = Omit<DeltaEvent, 'seq' | 'time' | 'points'>

/** Remembers what was shown last. */
export class Shown {
  #signatures = new Map<string, string>()

  /** Takes a state as shown. */
  set(state: LiveState): void {
    this.#signatures = signaturesOf(state)
  }

  /** Takes a state as shown. @returns What is new in it; undefined if nothing is. */
  update(state: LiveState): StateChanges | undefined {
    const before = this.#signatures
    const after = signaturesOf(state)
    this.#signatures = after
    const isNew = (id: string): boolean => before.get(id) !== after.get(id)
    const circuitBreakers = state.circuitBreakers.filter((each) => isNew(idOf('circuit', each)))
    const components = state.components.filter((each) => isNew(idOf('component', each)))
    const removed = [...before.keys()].filter((id) => !after.has(id)).flatMap(removedOf)
    const any = [...after].some(([id, text]) => before.get(id) !== text)
    if (!any && removed.length === 0) return undefined
    return {
      figures: state.figures,
      ...(state.health !== undefined && isNew('health') && { health: state.health }),
      ...(state.degradation !== undefined && isNew('degradation') && { degradation: state.degradation }),
      ...(circuitBreakers.length > 0 && { circuitBreakers }),
      ...(components.length > 0 && { components }),
      ...(removed.length > 0 && { removed }),
      ...(isNew('deadLetters') && { deadLetters: state.deadLetters }),
    }
  }
}

function signaturesOf(state: LiveState): Map<string, string> {
  const { figures, health, degradation, circuitBreakers, components, deadLetters } = state
  const entries: [string, unknown][] = [
    ['figures', figures],
    ['health', health],
    ['degradation', degradation],
    ['deadLetters', deadLetters],
    ...circuitBreakers.map((each): [string, unknown] => [idOf('circuit', each), each]),
    ...components.map((each): [string, unknown] => [idOf('component', each), each]),
  ]
  return new Map(entries.map(([id, value]) => [id, signature(value ?? null)]))
}

interface Named {
  readonly kind?: string
  readonly name: string
  readonly key?: string
}

const idOf = (sort: 'circuit' | 'component', { kind = 'circuit-breaker', name, key }: Named): string =>
  JSON.stringify(key === undefined ? [sort, kind, name] : [sort, kind, name, key])

function removedOf(id: string): NonNullable<DeltaEvent['removed']> {
  if (!id.startsWith('[')) return []
  const [, kind, name, key] = JSON.parse(id) as [string, string, string, string?]
  return [{ kind, name, ...(key !== undefined && { key }) }]
}
