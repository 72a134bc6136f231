/** What a caller sends along: in the query, or as a small body of JSON or of a form. */
import { duration } from '@seaworthy/core'
import { badInput, Fault } from './fault.ts'

const mostBytes = 65_536
const longestReason = 200

/** Inputs by name. Those of the body count more than those of the query. */
export class Input {
  /** The fields of the body, as they were sent. */
  readonly body: Readonly<Record<string, unknown>>
  readonly #values: ReadonlyMap<string, unknown>

  constructor(values: ReadonlyMap<string, unknown>, body: Readonly<Record<string, unknown>> = {}) {
    this.#values = values
    this.body = body
  }

  /** A text of at most 1000 characters; undefined if there is none, or an empty one. */
  text(name: string): string | undefined {
    const value = this.#values.get(name)
    if (value === undefined || value === null || value === '') return undefined
    if (typeof value === 'number') return String(value)
    if (typeof value === 'string' && value.length <= 1000) return value
    throw badInput(`${name} must be a text of at most 1000 characters.`)
  }

  /** One of a few words, in whatever case. */
  oneOf<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const given = this.text(name)?.toLowerCase()
    if (given === undefined) return undefined
    const found = allowed.find((each) => each.toLowerCase() === given)
    if (found !== undefined) return found
    throw badInput(`${name} must be one of ${allowed.join(', ')}.`)
  }

  /** A whole number from `least` to `most`. */
  integer(name: string, least: number, most: number): number | undefined {
    const given = this.text(name)
    if (given === undefined) return undefined
    const value = /^\d{1,15}$/.test(given) ? Number(given) : Number.NaN
    if (value >= least && value <= most) return value
    throw badInput(`${name} must be a whole number from ${least} to ${most}.`)
  }

  /** A duration such as `30m`, or milliseconds. */
  duration(name: string, least = 0): number | undefined {
    const given = this.text(name)
    if (given === undefined) return undefined
    try {
      // Numbers come as texts from a query. What is no duration is refused by the parser.
      return duration(name, (/^\d+$/.test(given) ? Number(given) : given) as number, least)
    } catch {
      throw badInput(`${name} must be a duration such as 250ms, 30s, 5m or 1h, and at least ${least} ms.`)
    }
  }

  flag(name: string): boolean {
    const value = this.#values.get(name)
    if (value === true || value === '' || value === 'true' || value === '1') return true
    if (value === undefined || value === false || value === 'false' || value === '0') return false
    throw badInput(`${name} must be true or false.`)
  }

  /** A list of texts: one of JSON, or a text with commas. */
  list(name: string, most: number): readonly string[] | undefined {
    const value = this.#values.get(name)
    if (value === undefined) return undefined
    const list: unknown[] = typeof value === 'string' ? value.split(',') : Array.isArray(value) ? value : []
    const good = list.every((each) => typeof each === 'string' && each !== '' && each.length <= 1000)
    if (good && list.length > 0 && list.length <= most) return list as string[]
    throw badInput(`${name} must be a list of 1 to ${most} texts.`)
  }

  /** One line of what an operator has to say. It is shown to others, so control characters are taken out. */
  reason(required: boolean): string | undefined {
    const line = this.text('reason')
      ?.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
      .trim()
    if (line !== undefined && line !== '' && line.length <= longestReason) return line
    if (!required && (line === undefined || line === '')) return undefined
    throw badInput(`reason must be a text of 1 to ${longestReason} characters.`)
  }
}

/** Reads query and body. @throws Fault when the body is too large, no JSON or form, or malformed. */
export async function readInput(request: Request, url: URL): Promise<Input> {
  const values = new Map<string, unknown>(url.searchParams)
  const fields = [...(await bodyOf(request))]
  for (const [name, value] of fields) values.set(name, value)
  return new Input(values, Object.fromEntries(fields))
}

async function bodyOf(request: Request): Promise<Iterable<[string, unknown]>> {
  if (request.method === 'GET' || request.method === 'HEAD' || request.body === null) return []
  const body = await readAll(request.body)
  if (body.trim() === '') return []
  const [type = ''] = (request.headers.get('content-type') ?? '').toLowerCase().split(';')
  // curl calls everything a form, and no form begins like that.
  const isForm = type === 'application/x-www-form-urlencoded' && !body.trimStart().startsWith('{')
  if (isForm) return new URLSearchParams(body)
  if (type === 'application/x-www-form-urlencoded') return fieldsOf(body)
  if (type.trim() === 'application/json' || type.endsWith('+json')) return fieldsOf(body)
  throw new Fault(415, 'unsupported_media_type', 'The body must be application/json or a form.')
}

function fieldsOf(body: string): [string, unknown][] {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    throw badInput('The body is no JSON.')
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return Object.entries(parsed)
  throw badInput('The body must be a JSON object.')
}

async function readAll(stream: ReadableStream<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of stream) {
    size += chunk.byteLength
    if (size > mostBytes) throw new Fault(413, 'body_too_large', `The body may have ${mostBytes} bytes.`)
    chunks.push(chunk)
  }
  return new TextDecoder().decode(joined(chunks, size))
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const all = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.byteLength
  }
  return all
}
