import {
  classifyWith,
  failureClass,
  isProgrammerError,
  knownFailureClass,
  SeaworthyError,
} from '@seaworthy/core'
import { describe, expect, it } from 'vitest'

const coded = (code: string, cause?: unknown): Error => Object.assign(new Error('x', { cause }), { code })
const fetchFailure = (cause: unknown): Error => new TypeError('fetch failed', { cause })

describe('failureClass', () => {
  it.each([
    ['a reset connection', coded('ECONNRESET'), 'transient'],
    ['a refused connection', coded('ECONNREFUSED'), 'transient'],
    ['a resolver that is busy', coded('EAI_AGAIN'), 'transient'],
    ["undici's socket error", coded('UND_ERR_SOCKET'), 'transient'],
    ['an HTTP/2 stream error', coded('ERR_HTTP2_STREAM_ERROR'), 'transient'],
    ['no file descriptors left', coded('EMFILE'), 'degraded'],
    ['an unknown host', coded('ENOTFOUND'), 'persistent'],
    ['an expired certificate', coded('CERT_HAS_EXPIRED'), 'persistent'],
    ['an unverifiable certificate', coded('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), 'persistent'],
    ['a wrong name in a certificate', coded('ERR_TLS_CERT_ALTNAME_INVALID'), 'persistent'],
    ['an invalid URL', coded('ERR_INVALID_URL'), 'fatal'],
    ['a closed client', coded('UND_ERR_CLOSED'), 'fatal'],
    ["axios' cancellation", coded('ERR_CANCELED'), 'fatal'],
    ['a failure of fetch, by its cause', fetchFailure(coded('ECONNRESET')), 'transient'],
    ['a failure of fetch for an unknown host', fetchFailure(coded('ENOTFOUND')), 'persistent'],
    ['a failure of fetch without a code: a bad port', fetchFailure(new Error('bad port')), 'fatal'],
    [
      'both addresses refused',
      new AggregateError([coded('ECONNREFUSED'), coded('ENETUNREACH')]),
      'transient',
    ],
    ['status 503', { status: 503 }, 'transient'],
    ['status 500 of axios', { response: { status: 500 } }, 'transient'],
    ['status 408', { statusCode: 408 }, 'transient'],
    ['status 429', { status: 429 }, 'degraded'],
    ['status 529', { status: 529 }, 'degraded'],
    ['status 401', { status: 401 }, 'persistent'],
    ['status 404', { status: 404 }, 'persistent'],
    ['status 501', { status: 501 }, 'persistent'],
    ['status 400', { status: 400 }, 'fatal'],
    ['status 422', { status: 422 }, 'fatal'],
    ["the caller's abort", new DOMException('gone', 'AbortError'), 'fatal'],
    ['a timeout of the platform', new DOMException('slow', 'TimeoutError'), 'transient'],
    ['a bug', new TypeError('x is not a function'), 'fatal'],
    [
      'an error that says it can be retried',
      Object.assign(new TypeError('x'), { retryable: true }),
      'transient',
    ],
    ['an error that says it cannot', Object.assign(coded('ECONNRESET'), { retryable: false }), 'fatal'],
    [
      'an error of ours',
      new SeaworthyError('ERR_CIRCUIT_OPEN', 'x', { failureClass: 'persistent' }),
      'persistent',
    ],
    ['an unknown error', new Error('what?'), 'transient'],
    ['a thrown string', 'what?', 'transient'],
    ['undefined', undefined, 'transient'],
  ])('takes %s for what it is', (_what, error, expected) => {
    expect(failureClass(error)).toBe(expected)
  })

  it('ends on causes that go round in a circle', () => {
    const error = new Error('x') as Error & { cause: unknown }
    error.cause = error
    expect(failureClass(error)).toBe('transient')
  })

  it('never throws, whatever was thrown', () => {
    const hostile = {
      get code(): string {
        throw new Error('a getter')
      },
    }
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    for (const thrown of [hostile, proxy, null, undefined, Symbol('s'), 7n]) {
      expect(failureClass(thrown)).toBe('transient')
      expect(knownFailureClass(thrown)).toBeUndefined()
      expect(isProgrammerError(thrown)).toBe(false)
    }
  })

  it('never reads messages', () => {
    expect(failureClass(new Error('ECONNRESET 404 AbortError'))).toBe('transient')
  })
})

describe('classifyWith', () => {
  it('asks its own rules first, in order', () => {
    const classify = classifyWith(
      (error) => (error === 'a' ? 'fatal' : undefined),
      (error) => (error === 'a' || error === 'b' ? 'degraded' : undefined),
    )
    expect(['a', 'b', 'c'].map(classify)).toEqual(['fatal', 'degraded', 'transient'])
  })
})

describe('isProgrammerError', () => {
  it('tells bugs from network failures that look like them', () => {
    expect(isProgrammerError(new TypeError('x'))).toBe(true)
    expect(isProgrammerError(new RangeError('x'))).toBe(true)
    expect(isProgrammerError(fetchFailure(coded('ECONNRESET')))).toBe(false)
    expect(isProgrammerError(new Error('x'))).toBe(false)
  })
})
