/** What an error proves about the fate of a request: judged by codes, never by messages. */

/**
 * - `unsent`: the server has not seen the request.
 * - `unprocessed`: the server says that it has not carried it out.
 * - `unknown`: it may have been carried out.
 */
export type Evidence = 'unsent' | 'unprocessed' | 'unknown'

/** How deep `cause` chains are followed. */
const depth = 5

/**
 * Codes of errors before a request has left, whatever raised them. Not `ERR_SSL_*`: such an alert may also end a connection
 * that was in use.
 */
const unsentCode =
  /^(ECONNREFUSED|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL|EMFILE|ENFILE|EAI_AGAIN|ENOTFOUND|UND_ERR_CONNECT_TIMEOUT|ERR_HTTP2_GOAWAY_SESSION|.*CERT.*|.*SELF_SIGNED.*|UNABLE_TO_.*|ERR_TLS_.*)$/

interface Readable {
  readonly code?: unknown
  readonly syscall?: unknown
  readonly host?: unknown
  readonly message?: unknown
  readonly http2ErrorCode?: unknown
  readonly cause?: unknown
  readonly errors?: unknown
}

/** Whether an error of a send proves that the request never reached the server. Unreadable errors prove nothing. */
export function evidenceOf(error: unknown): Evidence {
  try {
    return provesUnsent(error, depth) ? 'unsent' : 'unknown'
  } catch {
    return 'unknown'
  }
}

/** Whether an error says that the name of the server is not known, which rarely changes within seconds. */
export function isUnknownHost(error: unknown): boolean {
  return codeOf(error) === 'ENOTFOUND'
}

/** The first code along the causes of an error: a constant of a program, safe to show. */
export function codeOf(error: unknown): string | undefined {
  try {
    let current = error as Readable | null | undefined
    for (let level = 0; level <= depth && typeof current === 'object' && current !== null; level++) {
      if (typeof current.code === 'string') return current.code
      current = (Array.isArray(current.errors) ? current.errors[0] : current.cause) as Readable
    }
  } catch {
    // What cannot be read has no code.
  }
  return undefined
}

function provesUnsent(error: unknown, levels: number): boolean {
  if (typeof error !== 'object' || error === null || levels < 0) return false
  const { code, syscall, host, cause, errors } = error as Readable
  // Addresses of one name that were tried in turn: all of them must have failed before anything was sent.
  if (Array.isArray(errors) && errors.length > 0)
    return errors.every((each) => provesUnsent(each, levels - 1))
  if (typeof code === 'string') {
    if (unsentCode.test(code)) return true
    // A timeout or reset is proof while connecting.
    if (syscall === 'connect' || syscall === 'getaddrinfo') return true
    // Node tells a connection that ended during the TLS handshake by the address it adds (`tls`, `onConnectEnd`).
    if (code === 'ECONNRESET' && syscall === undefined && typeof host === 'string') return true
    if (code === 'ERR_HTTP2_STREAM_ERROR' && isRefusal(error)) return true
    // axios copies the code of the error behind it.
    if ((cause as Readable | undefined)?.code !== code) return false
  }
  return provesUnsent(cause, levels - 1)
}

/** *Source:* RFC 9113, sections 7 and 8.7. */
const refusedStream = 0x7

/** Node 20 has no field for the reason of a reset stream; its name in the text is a constant of the protocol. */
function isRefusal({ http2ErrorCode, message }: Readable): boolean {
  return http2ErrorCode === refusedStream || String(message).includes('NGHTTP2_REFUSED_STREAM')
}
