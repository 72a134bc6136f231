/** Receipts: the id of an entry in the stream, a dot, and the number of the hand-out. */

const form = /^(\d{1,15})-(\d{1,15})\.\d{1,9}$/

/** Receipts that a server can be asked about, and between which ids it finds them. */
export interface Receipts {
  readonly valid: readonly string[]
  readonly first: string
  readonly last: string
}

/** Sorts out what is no receipt at all. */
export function receiptsOf(texts: readonly string[]): Receipts {
  const valid: string[] = []
  let [firstTime, firstNumber, lastTime, lastNumber] = [Number.POSITIVE_INFINITY, 0, -1, 0]
  for (const text of texts) {
    const match = form.exec(text)
    if (match === null) continue
    valid.push(text)
    const time = Number(match[1])
    const number = Number(match[2])
    if (time < firstTime || (time === firstTime && number < firstNumber)) {
      firstTime = time
      firstNumber = number
    }
    if (time > lastTime || (time === lastTime && number > lastNumber)) {
      lastTime = time
      lastNumber = number
    }
  }
  return { valid, first: `${firstTime}-${firstNumber}`, last: `${lastTime}-${lastNumber}` }
}

/**
 * The receipts that are lost, in the order in which they were given.
 *
 * @param lost - Positions among the valid ones, from 1, ascending.
 */
export function lostOf(texts: readonly string[], { valid }: Receipts, lost: readonly number[]): string[] {
  if (valid.length === texts.length) return lost.map((position) => valid[position - 1] as string)
  let asked = 0
  const positions = new Set(lost)
  return texts.filter((text) => text !== valid[asked] || positions.has(++asked))
}
