/** One number for everything that happened, in order: two runs that differ anywhere differ in it. */
import { createHash } from 'node:crypto'

/** Lines are handed to the hash in pieces of about this size, which is ten times faster than one by one. */
const pieceLength = 65_536

/** A running hash over events. The same events in another order give another hash. */
export class EventHash {
  readonly #hash = createHash('sha256')
  #pending = ''
  #count = 0

  /** How many events it has seen. */
  get count(): number {
    return this.#count
  }

  /** Adds an event: plain data. */
  add(event: unknown): void {
    this.#count++
    this.#pending += `${canonicalJson(event)}\n`
    if (this.#pending.length > pieceLength) this.#flush()
  }

  /** The hash of all events so far, as hexadecimal digits. It goes on afterwards. */
  digest(): string {
    this.#flush()
    return this.#hash.copy().digest('hex')
  }

  #flush(): void {
    this.#hash.update(this.#pending)
    this.#pending = ''
  }
}

/**
 * JSON in which the order of fields plays no part: keys are sorted, fields that are undefined are left out, and numbers that JSON cannot
 * write are texts.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : `"${value}"`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join()}]`
  const fields: string[] = []
  for (const [key, field] of Object.entries(value).sort(byKey))
    if (field !== undefined) fields.push(`${JSON.stringify(key)}:${canonicalJson(field)}`)
  return `{${fields.join()}}`
}

const byKey = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1)
