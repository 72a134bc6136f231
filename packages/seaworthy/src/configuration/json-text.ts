/** Text in JSON, with the line of everything in it. `JSON.parse` forgets lines, and keys that come twice. */
import { join } from './names.ts'

/** What a text in JSON says. */
export interface JsonText {
  readonly value: unknown
  /** The line of each path, from 1. */
  readonly lines: ReadonlyMap<string, number>
  /** Paths whose key stands twice in its object, with the line of the second. */
  readonly twice: ReadonlyArray<readonly [path: string, line: number]>
}

/** A text that is no JSON. Its message says where, and nothing of the text: that may be a secret. */
export class JsonSyntaxProblem {
  readonly message: string

  constructor(message: string) {
    this.message = message
  }
}

/** Reads a text. A mark of byte order at its start is left out. */
export function readJson(given: string): JsonText | JsonSyntaxProblem {
  const text = given.replace(/^\uFEFF/, '')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return new JsonSyntaxProblem(`is not JSON${placeOf((error as Error).message, text)}`)
  }
  return { value, ...linesOf(text) }
}

/** The engine's message quotes the text; only its position is of use. */
function placeOf(message: string, text: string): string {
  const position = /position (\d+)/.exec(message)?.[1]
  if (position === undefined) return /end of JSON/.test(message) ? ': it ends too early' : ''
  return `: line ${lineAt(text, Number(position))}`
}

const lineAt = (text: string, position: number): number => text.slice(0, position).split('\n').length

/** No setting is deeper. */
const deepest = 10

interface Open {
  readonly path: string
  readonly keys: Set<string> | undefined
  /** The key whose value is next; for a list nothing. */
  key: string | undefined
}

/** Goes through a text that is known to be JSON. */
function linesOf(text: string): Omit<JsonText, 'value'> {
  const lines = new Map<string, number>()
  const twice: [string, number][] = []
  const open: Open[] = []
  let line = 1
  for (const [token] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],]|\n/g)) {
    const inside = open.at(-1)
    if (token === '\n') line++
    else if (token === '{' || token === '[') {
      const deeper = inside?.key !== undefined && open.length < deepest
      const path = deeper ? join(inside.path, inside.key as string) : (inside?.path ?? '')
      open.push({ path, keys: token === '{' ? new Set() : undefined, key: undefined })
    } else if (token === '}' || token === ']') open.pop()
    else if (token === ',') {
      if (inside !== undefined) inside.key = undefined
    } else if (inside?.keys !== undefined && inside.key === undefined) {
      const key = JSON.parse(token) as string
      const path = join(inside.path, key)
      inside.key = key
      if (inside.keys.has(key)) twice.push([path, line])
      inside.keys.add(key)
      lines.set(path, line)
    }
  }
  return { lines, twice }
}
