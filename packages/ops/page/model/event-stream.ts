/**
 * Reads server-sent events from the chunks of a response. The browser's `EventSource` cannot send a token.
 *
 * *Source:* HTML Living Standard, 9.2.6 "Interpreting an event stream".
 */

/** One event. */
export interface StreamEvent {
  readonly type: string
  readonly data: string
  /** The last id that the stream has told. */
  readonly id: string
}

/** More in one line, or in one event, is no honest server. */
const longest = 8 * 1024 * 1024

export class EventStreamParser {
  readonly #deliver: (event: StreamEvent) => void
  #rest = ''
  #afterReturn = false
  #type = ''
  #data: string[] = []
  #size = 0
  #id = ''
  /** What the server asks to wait before the next try, in milliseconds. */
  retry: number | undefined = undefined

  constructor(deliver: (event: StreamEvent) => void) {
    this.#deliver = deliver
  }

  /** @throws Error when a line or an event is longer than anything the server sends. */
  feed(chunk: string): void {
    let text = this.#afterReturn && chunk.startsWith('\n') ? chunk.slice(1) : chunk
    if (chunk !== '') this.#afterReturn = chunk.endsWith('\r')
    text = this.#rest + text
    const lines = text.split(/\r\n|\r|\n/)
    this.#rest = lines.pop() as string
    this.#check(this.#rest.length)
    for (const line of lines) this.#line(line)
  }

  #line(line: string): void {
    if (line === '') this.#end()
    else this.#field(line)
  }

  #field(line: string): void {
    const colon = line.indexOf(':')
    if (colon === 0) return
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'event') this.#type = value
    else if (field === 'id' && !value.includes('\0')) this.#id = value
    else if (field === 'retry' && /^\d+$/.test(value)) this.retry = Number(value)
    else if (field === 'data') {
      this.#size += value.length
      this.#check(this.#size)
      this.#data.push(value)
    }
  }

  #end(): void {
    const [type, data] = [this.#type || 'message', this.#data]
    this.#type = ''
    this.#data = []
    this.#size = 0
    if (data.length > 0) this.#deliver({ type, data: data.join('\n'), id: this.#id })
  }

  #check(size: number): void {
    if (size > longest) throw new Error('The event stream sends more than can be read.')
  }
}
