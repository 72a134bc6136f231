import type { ErrorAnswer } from '../wire.ts'

type FaultDetails = Omit<ErrorAnswer['error'], 'code' | 'message'>

/** An answer that is not a success, thrown to get out of a handler. Its message is ours, so that it may be shown. */
export class Fault extends Error {
  override name = 'Fault'
  readonly status: number
  readonly code: string
  readonly headers: Readonly<Record<string, string>>
  /** Shown besides code and message. */
  readonly more: FaultDetails

  constructor(
    status: number,
    code: string,
    message: string,
    headers: Readonly<Record<string, string>> = {},
    more: FaultDetails = {},
  ) {
    super(message)
    this.status = status
    this.code = code
    this.headers = headers
    this.more = more
  }
}

/** Nothing there: what an operator asked about, or the route itself. */
export const notFound = (what: string): Fault => new Fault(404, 'not_found', `There is no ${what}.`)

/** An input that makes no sense. */
export const badInput = (message: string): Fault => new Fault(400, 'bad_request', message)

/** Something that this thing cannot do. */
export const unsupported = (message: string): Fault => new Fault(409, 'unsupported', message)
