import { InvalidOptionError, isSeaworthyError, SeaworthyError } from '@seaworthy/core'
import { clientAddress, type IncomingRequest, protect } from '@seaworthy/http/incoming'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { codeOf, secondsToWait } from '../src/incoming/answer.ts'
import { boundedKey } from '../src/incoming/client-address.ts'
import { PathTable } from '../src/incoming/paths.ts'
import { timeFor, timeLimitOf } from '../src/incoming/time-limit.ts'

const request = (headers: Record<string, string>, remoteAddress?: string): IncomingRequest => ({
  method: 'GET',
  path: '/',
  remoteAddress,
  raw: undefined,
  header: (name) => headers[name],
})

describe('paths', () => {
  const routes = ['', '/api', '/api/admin', '/api/admin/keys', '/static'].map((prefix) => ({
    prefix,
    methods: undefined,
  }))
  const ambiguous = { prefix: 'ambiguous', methods: undefined }
  const table = new PathTable(routes.slice(1), ambiguous)
  const all = new PathTable(routes, ambiguous)
  const find = (target: string, exactCase = true): string | undefined =>
    table.find(target, 'GET', exactCase)?.prefix

  it.each([
    ['/api', '/api'],
    ['/api/', '/api'],
    ['/api?x=/static', '/api'],
    ['/api#x', '/api'],
    ['/api;v=1', '/api'],
    ['/apix', undefined],
    ['/ap', undefined],
    ['/api/adminx', '/api'],
    ['/api/admin/keys/7', '/api/admin/keys'],
    ['/x?y=/api', undefined],
    ['http://host:80/api/x', '/api'],
    ['HTTP://host/api', '/api'],
    ['//host/api', undefined],
    ['//api', '/api'],
    ['\\api', '/api'],
    ['/x/../api', '/api'],
    ['/./api', '/api'],
    ['/%61pi', '/api'],
    ['/x/%2e%2e/api', '/api'],
    ['/x%2f..%2fapi', '/api'],
    ['/%2561pi', undefined],
    ['/api/a%2Fb', '/api'],
    ['/api/%zz/%ff', '/api'],
    ['/api//x', '/api'],
    ['/api/../nothing', '/api'],
    ['*', undefined],
    ['', undefined],
  ])('%s belongs to %s', (target, prefix) => {
    expect(find(target)).toBe(prefix)
  })

  it.each(['/static/../api', '/api//admin', '/api/%61dmin', '/static%2f..%2fapi', '/api/admin/../x'])(
    '%s could mean two rules, and is refused',
    (target) => {
      expect(find(target)).toBe('ambiguous')
    },
  )

  it('case matters where it matters to the server', () => {
    expect([find('/API/Admin', true), find('/API/Admin', false)]).toEqual([undefined, '/api/admin'])
  })

  it('the longest of those whose method fits holds, and GET means HEAD', () => {
    const get = { prefix: '/api/x', methods: new Set(['GET']) }
    const any = { prefix: '/api', methods: undefined }
    const methods = new PathTable<{ prefix: string; methods: Set<string> | undefined }>([any, get], any)
    expect(['GET', 'HEAD', 'POST'].map((method) => methods.find('/api/x', method, true))).toEqual([
      get,
      get,
      any,
    ])
  })

  it('no spelling of a path that any server could take for a protected one is without protection', () => {
    // What a server may do to a path before it routes it, in any order.
    const servers: Array<(path: string) => string> = [
      (path) => path,
      (path) => decodeURIComponent(path),
      (path) => path.replace(/\/+/g, '/'),
      (path) => new URL(`http://host${path}`).pathname,
      (path) => decodeURIComponent(new URL(`http://host${path}`).pathname),
      (path) => new URL(`http://host${path.replace(/\/+/g, '/')}`).pathname,
    ]
    const segment = fc.constantFrom(
      'api',
      'static',
      'admin',
      'x',
      '..',
      '.',
      '',
      '%61pi',
      '%2e%2e',
      'a%2Fb',
      '%2e',
      'x%2f..%2fapi',
    )
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 6 }), (segments) => {
        const target = `/${segments.join('/')}`
        const found = find(target)
        for (const server of servers) {
          const path = server(target)
          const truth = routes
            .slice(1)
            .filter(({ prefix }) => path === prefix || path.startsWith(`${prefix}/`))
          const longest = truth.map(({ prefix }) => prefix).sort((a, b) => b.length - a.length)[0]
          if (longest !== undefined) expect([longest, 'ambiguous']).toContain(found)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('a rule for everything is there for everything', () => {
    fc.assert(fc.property(fc.webPath(), (path) => all.find(path, 'GET', true) !== undefined))
  })
})

describe('time limits', () => {
  const limit = timeLimitOf('deadline', { max: '10s', default: '4s' })
  it.each([
    [{}, 4000],
    [{ 'x-request-deadline-ms': '250' }, 250],
    [{ 'x-request-deadline-ms': '0' }, 0],
    [{ 'x-request-deadline-ms': '99999' }, 10_000],
    [{ 'x-request-deadline-ms': '9'.repeat(400) }, 4000],
    [{ 'x-request-deadline-ms': '-5' }, 4000],
    [{ 'x-request-deadline-ms': '1e3' }, 4000],
    [{ 'x-request-deadline-ms': '100, 200' }, 4000],
    [{ 'grpc-timeout': '3S' }, 3000],
    [{ 'grpc-timeout': '1H' }, 10_000],
    [{ 'grpc-timeout': '500u' }, 0.5],
    [{ 'grpc-timeout': '123456789S' }, 4000],
    [{ 'grpc-timeout': '3 S' }, 4000],
    [{ 'grpc-timeout': '3S', 'x-request-deadline-ms': '100' }, 100],
  ])('%j gives %d ms', (headers, expected) => {
    expect(limit && timeFor(request(headers as Record<string, string>), limit)).toBe(expected)
  })
})

describe('Retry-After', () => {
  it('is in whole seconds, never 0, never less than the wait, and little more', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1e9, noNaN: true }),
        fc.double({ min: 0, max: 0.9999, noNaN: true }),
        (wait, draw) => {
          const seconds = secondsToWait(wait, draw)
          expect(Number.isSafeInteger(seconds)).toBe(true)
          expect(seconds).toBeGreaterThanOrEqual(1)
          expect(seconds * 1000).toBeGreaterThanOrEqual(wait)
          expect(seconds).toBeLessThanOrEqual(Math.max(1, Math.ceil(wait / 1000)) * 1.2 + 2)
        },
      ),
    )
    expect(secondsToWait(Number.POSITIVE_INFINITY, 0.5)).toBeGreaterThan(1e9)
    const spread = new Set(Array.from({ length: 100 }, (_, i) => secondsToWait(10_000, i / 100)))
    expect([...spread].sort()).toEqual([10, 11, 12])
  })

  it('goes with a code that tells nothing about the inside', () => {
    const codes = ['ERR_RATE_LIMITED', 'ERR_CIRCUIT_OPEN', 'ERR_TIMEOUT', 'ERR_DISPOSED'] as const
    expect(codes.map((code) => codeOf(new SeaworthyError(code, 'inside')))).toEqual([
      'rate_limited',
      'unavailable',
      'deadline_exceeded',
      'unavailable',
    ])
    expect(codeOf(new Error('inside'))).toBe('internal_error')
    expect(codeOf(new SeaworthyError('ERR_X', 'inside', { failureClass: 'degraded' }))).toBe('overloaded')
  })
})

describe('the address of a client', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:0DB8::1', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    [undefined, undefined],
  ])('%s counts as %s', (address, expected) => {
    expect(clientAddress()(request({}, address))).toBe(expected)
  })

  it('is not taken from what the client says, unless there are trusted proxies', () => {
    const spoofed = request({ 'x-forwarded-for': '1.1.1.1, 2.2.2.2, 3.3.3.3' }, '10.0.0.1')
    expect(clientAddress()(spoofed)).toBe('10.0.0.1')
    expect(clientAddress(1)(spoofed)).toBe('3.3.3.3')
    expect(clientAddress(2)(spoofed)).toBe('2.2.2.2')
    expect(clientAddress(4)(spoofed)).toBe('10.0.0.1')
    expect(clientAddress(1)(request({ 'x-forwarded-for': 'nonsense' }, '10.0.0.1'))).toBe('10.0.0.1')
    expect(() => clientAddress(-1)).toThrow(InvalidOptionError)
  })

  it('a key that a client chooses cannot fill the memory', () => {
    expect(boundedKey('short')).toBe('short')
    expect(boundedKey('x'.repeat(100_000)).length).toBeLessThan(50)
    expect(boundedKey(`${'x'.repeat(1000)}a`)).not.toBe(boundedKey(`${'x'.repeat(1000)}b`))
  })
})

it('checks rules and options when it is made, by name', () => {
  const invalid: Array<[Parameters<typeof protect>, RegExp]> = [
    [[{ path: '/api' } as never], /rules/],
    [[[{ path: 'api' }]], /rules\[0\]\.path/],
    [[[{ path: '/api/:id' }]], /path/],
    [[[{ path: '/api/*' }]], /path/],
    [[[{ path: '/a/../b' }]], /path/],
    [[[{ path: '/a' }, { path: '/%61' }]], /rules\[1\]\.path/],
    [[[{ path: '/a', methods: ['get'] }]], /methods/],
    [[[{ path: '/a', methods: [] }]], /methods/],
    [[[{ path: '/a', limit: 5 } as never]], /limit/],
    [[[{ path: '/a', priority: 'urgent' as never }]], /priority/],
    [[[{ path: '/a', deadline: 0 }]], /deadline/],
    [[[{ path: '/a', deadline: { max: '1s', default: '2s' } }]], /deadline\.default/],
    [[[{ path: '/a', deadline: { headers: ['bad header'] } }]], /deadline\.headers/],
    [[[{ path: '/a', bulkhead: { concurrency: 0 } }]], /concurrency/],
    [
      [[], { shedding: { shares: { sheddable: 0.9, 'sheddable-plus': 0.5 } } }],
      /shedding\.shares\.sheddable/,
    ],
    [[[], { messages: { teapot: 'short and stout' } as never }], /messages/],
    [[[], { trustProxy: true } as never], /trustProxy/],
  ]
  for (const [given, message] of invalid) {
    let thrown: unknown
    try {
      protect(...given)
    } catch (error) {
      thrown = error
    }
    expect(isSeaworthyError(thrown) && thrown.code).toBe('ERR_INVALID_OPTION')
    expect(String(thrown)).toMatch(message)
  }
})
