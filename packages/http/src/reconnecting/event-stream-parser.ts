import { EventStreamError } from '../reconnecting-errors.ts'

/** One event of a stream. */
export interface ServerSentEvent {
  /** Its type. @defaultValue `message` */
  readonly type: string
  readonly data: string
  /** The id of the last event that had one; empty if none had. */
  readonly id: string
}

/** An event, or only a new id. */
export type EventStreamPart =
  | { readonly event: ServerSentEvent; readonly id: string }
  | { readonly event: undefined; readonly id: string }

/**
 * Turns text into events, however it is cut. *Source:* HTML standard, section 9.2.6, "Interpreting an event stream".
 */
export class EventStreamParser {
  /** Milliseconds that the server wants clients to wait before they reconnect, if it said so. */
  retry: number | undefined = undefined
  private readonly limit: number
  private rest = ''
  private afterReturn = false
  private type = ''
  private data: string[] = []
  private size = 0
  private id = ''
  private toldId = ''

  /** @param limit - The longest line and the largest event, in characters. */
  constructor(limit: number) {
    this.limit = limit
  }

  /**
   * The next piece of text. @returns The events that are complete with it.
   *
   * @throws {@link EventStreamError} when a line or an event is too long.
   */
  *push(text: string): Generator<EventStreamPart, void, undefined> {
    // A line feed at the beginning belongs to the carriage return at the end of the piece before.
    const piece = this.afterReturn && text.startsWith('\n') ? text.slice(1) : text
    if (text !== '') this.afterReturn = text.endsWith('\r')
    const lines = (this.rest + piece).split(/\r\n|\n|\r/)
    this.rest = lines.pop() ?? ''
    this.checkSize(this.rest.length)
    for (const line of lines) {
      if (line === '') {
        const part = this.dispatch()
        if (part !== undefined) yield part
      } else this.field(line)
    }
  }

  private field(line: string): void {
    const colon = line.indexOf(':')
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (name === 'event') this.type = value
    else if (name === 'data') {
      this.size += value.length + 1
      this.checkSize(this.size)
      this.data.push(value)
    } else if (name === 'id' && !value.includes('\0')) this.id = value
    else if (name === 'retry' && /^\d{1,9}$/.test(value)) this.retry = Number(value)
  }

  private dispatch(): EventStreamPart | undefined {
    const { id, data, type } = this
    this.type = ''
    this.data = []
    this.size = 0
    const moved = id !== this.toldId
    this.toldId = id
    if (data.length > 0) return { event: { type: type || 'message', data: data.join('\n'), id }, id }
    return moved ? { event: undefined, id } : undefined
  }

  private checkSize(size: number): void {
    if (size > this.limit)
      throw new EventStreamError(`An event is larger than ${this.limit} characters`, {
        failureClass: 'persistent',
      })
  }
}
