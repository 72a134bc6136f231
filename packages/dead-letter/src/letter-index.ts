/** Finds the letters of a memory store by state, type, error class, due time, lease and settlement. */
import type { StoredLetter } from './letter.ts'
import { isSettled, type LetterState } from './machine.ts'
import { SortedKeys } from './sorted-keys.ts'
import type { LetterFilter } from './store.ts'

/** Each list is sorted by id or by a time and the id, so pages, groups and trimming are walks from an end. */
export class LetterIndex {
  readonly #byId = new Map<string, SortedKeys>()
  /** When each letter falls due, lapses, or was settled, in front of its id. */
  readonly due: SortedKeys = new SortedKeys()
  readonly leases: SortedKeys = new SortedKeys()
  readonly settled: SortedKeys = new SortedKeys()

  add(letter: StoredLetter): void {
    for (const key of idLists(letter)) {
      const list = this.#byId.get(key) ?? new SortedKeys()
      this.#byId.set(key, list)
      list.add(letter.id)
    }
    const times = this.#timesOf(letter)
    times?.list.add(times.key)
  }

  remove(letter: StoredLetter): void {
    for (const key of idLists(letter)) {
      const list = this.#byId.get(key)
      list?.delete(letter.id)
      if (list?.size === 0) this.#byId.delete(key)
    }
    const times = this.#timesOf(letter)
    times?.list.delete(times.key)
  }

  /** The ids of letters in a state that match a filter. */
  ids(state: LetterState, filter: LetterFilter = {}): SortedKeys {
    return this.#byId.get(listKey(state, filter.type, filter.errorClass)) ?? new SortedKeys()
  }

  count(state: LetterState): number {
    return this.ids(state).size
  }

  /** How many lists there are: none when there are no letters. */
  get lists(): number {
    return this.#byId.size
  }

  /** Types and error classes of letters that are dead, each pair once. */
  deadGroups(): { readonly type: string; readonly errorClass: string; readonly ids: SortedKeys }[] {
    const found: { type: string; errorClass: string; ids: SortedKeys }[] = []
    for (const [key, ids] of this.#byId) {
      const [state, type, errorClass] = JSON.parse(key) as [LetterState, string | null, string | null]
      if (state === 'dead' && type !== null && errorClass !== null) found.push({ type, errorClass, ids })
    }
    return found
  }

  #timesOf(letter: StoredLetter): { readonly list: SortedKeys; readonly key: string } | undefined {
    const { id, state, due, leasedUntil, settledAt } = letter
    if (isSettled(state)) return { list: this.settled, key: timeKey(settledAt ?? 0, id) }
    if (leasedUntil !== undefined) return { list: this.leases, key: timeKey(leasedUntil, id) }
    return due === undefined ? undefined : { list: this.due, key: timeKey(due, id) }
  }
}

/** Times sort as texts when they have the same number of digits. */
const digits = 16

/** A time in front of an id. */
function timeKey(time: number, id: string): string {
  return String(Math.max(0, Math.ceil(time))).padStart(digits, '0') + id
}

/** The time in front of an id. */
export function timeOfKey(key: string): number {
  return Number(key.slice(0, digits))
}

/** The id behind a time. */
export function idOfKey(key: string): string {
  return key.slice(digits)
}

function idLists({ state, type, errorClass }: StoredLetter): string[] {
  return [
    listKey(state),
    listKey(state, type),
    listKey(state, undefined, errorClass),
    listKey(state, type, errorClass),
  ]
}

function listKey(state: LetterState, type?: string, errorClass?: string): string {
  return JSON.stringify([state, type ?? null, errorClass ?? null])
}
