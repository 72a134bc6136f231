/** The taxonomy of network errors, row for row: the class that `failureClass` gives, and what is proven about the request. */
import { failureClass } from '@seaworthy/core'
import { evidenceOf } from '@seaworthy/http'
import { describe, expect, it } from 'vitest'

const coded = (code: string, more: object = {}): Error =>
  Object.assign(new Error('text that proves nothing'), { code, ...more })
/** As `fetch` wraps it. */
const wrapped = (cause: unknown): TypeError => new TypeError('fetch failed', { cause })

const rows: readonly (readonly [name: string, error: unknown, judged: string, evidence: string])[] = [
  ...[
    'ECONNREFUSED',
    'EHOSTUNREACH',
    'EHOSTDOWN',
    'ENETUNREACH',
    'ENETDOWN',
    'EAI_AGAIN',
    'EADDRNOTAVAIL',
  ].map((code) => [code, coded(code), 'transient', 'unsent'] as const),
  ['UND_ERR_CONNECT_TIMEOUT', coded('UND_ERR_CONNECT_TIMEOUT'), 'transient', 'unsent'],
  ['ETIMEDOUT while connecting', coded('ETIMEDOUT', { syscall: 'connect' }), 'transient', 'unsent'],
  ['ERR_HTTP2_GOAWAY_SESSION', coded('ERR_HTTP2_GOAWAY_SESSION'), 'transient', 'unsent'],
  [
    'a refused HTTP/2 stream',
    Object.assign(new Error('Stream closed with error code NGHTTP2_REFUSED_STREAM'), {
      code: 'ERR_HTTP2_STREAM_ERROR',
    }),
    'transient',
    'unsent',
  ],
  [
    'a refused HTTP/2 stream by its number',
    coded('ERR_HTTP2_STREAM_ERROR', { http2ErrorCode: 7 }),
    'transient',
    'unsent',
  ],
  [
    'a cancelled HTTP/2 stream by its number',
    coded('ERR_HTTP2_STREAM_ERROR', { http2ErrorCode: 8 }),
    'transient',
    'unknown',
  ],
  ['EMFILE', coded('EMFILE'), 'degraded', 'unsent'],
  ...[
    'ECONNRESET',
    'EPIPE',
    'ETIMEDOUT',
    'ESOCKETTIMEDOUT',
    'UND_ERR_SOCKET',
    'UND_ERR_HEADERS_TIMEOUT',
    'UND_ERR_BODY_TIMEOUT',
    'UND_ERR_INFO',
    'ERR_HTTP2_SESSION_ERROR',
    'ERR_HTTP2_STREAM_CANCEL',
    'ERR_HTTP2_STREAM_ERROR',
    'HPE_INVALID_CONSTANT',
    'ERR_STREAM_PREMATURE_CLOSE',
    'ECONNABORTED',
  ].map((code) => [code, coded(code), 'transient', 'unknown'] as const),
  ['a reset of a connection in use', coded('ECONNRESET', { syscall: 'read' }), 'transient', 'unknown'],
  [
    'a reset during the TLS handshake',
    coded('ECONNRESET', { host: 'shop.test', port: 443 }),
    'transient',
    'unsent',
  ],
  ['HTTPParserError', Object.assign(new Error('x'), { name: 'HTTPParserError' }), 'transient', 'unknown'],
  ['TimeoutError', new DOMException('x', 'TimeoutError'), 'transient', 'unknown'],
  ['ENOTFOUND', coded('ENOTFOUND', { syscall: 'getaddrinfo' }), 'persistent', 'unsent'],
  ...[
    'CERT_HAS_EXPIRED',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ].map((code) => [code, coded(code), 'persistent', 'unsent'] as const),
  ['ERR_SSL_WRONG_VERSION_NUMBER', coded('ERR_SSL_WRONG_VERSION_NUMBER'), 'persistent', 'unknown'],
  ...[
    'ERR_INVALID_URL',
    'UND_ERR_INVALID_ARG',
    'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
    'ERR_INVALID_ARG_TYPE',
  ].map((code) => [code, coded(code), 'fatal', 'unknown'] as const),
  ...['UND_ERR_ABORTED', 'UND_ERR_DESTROYED', 'UND_ERR_CLOSED', 'ERR_CANCELED'].map(
    (code) => [code, coded(code), 'fatal', 'unknown'] as const,
  ),
  ['AbortError', new DOMException('x', 'AbortError'), 'fatal', 'unknown'],
]

describe('verify 4.6', () => {
  it.each(rows)('%s', (_, error, judged, evidence) => {
    expect([failureClass(error), evidenceOf(error)]).toEqual([judged, evidence])
  })

  it.each(rows.filter(([, error]) => !(error instanceof DOMException)))(
    '%s, wrapped by fetch',
    (_, error, judged, evidence) => {
      expect([failureClass(wrapped(error)), evidenceOf(wrapped(error))]).toEqual([judged, evidence])
    },
  )

  it('a blocked port is a mistake of the caller, not of the network', () => {
    const error = wrapped(new Error('bad port'))
    expect([failureClass(error), evidenceOf(error)]).toEqual(['fatal', 'unknown'])
  })

  it('takes several addresses for unsent only if all of them are', () => {
    const refused = coded('ECONNREFUSED', { syscall: 'connect' })
    const all = Object.assign(new AggregateError([refused, refused]), { code: 'ECONNREFUSED' })
    const some = new AggregateError([refused, coded('ECONNRESET', { syscall: 'read' })])
    expect([evidenceOf(wrapped(all)), evidenceOf(wrapped(some))]).toEqual(['unsent', 'unknown'])
  })

  it('looks behind the code that axios copies', () => {
    const cause = coded('ECONNRESET', { host: 'shop.test' })
    expect(evidenceOf(coded('ECONNRESET', { cause }))).toBe('unsent')
    expect(evidenceOf(coded('ERR_BAD_RESPONSE', { cause }))).toBe('unknown')
  })

  it('takes what cannot be read for no proof', () => {
    const unreadable = new Proxy(
      {},
      {
        get: () => {
          throw new Error('no')
        },
      },
    )
    expect([evidenceOf(unreadable), evidenceOf('text'), evidenceOf(null)]).toEqual([
      'unknown',
      'unknown',
      'unknown',
    ])
  })

  it('ends in a circle of causes', () => {
    const error = new Error('x')
    Object.assign(error, { cause: error })
    expect(evidenceOf(error)).toBe('unknown')
  })
})
