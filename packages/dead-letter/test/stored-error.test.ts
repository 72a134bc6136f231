/** Errors as plain data, and what errors of one cause share. */
import { errorClass, failureRule, standardFailures, storedError } from '@seaworthy/dead-letter'
import { sometimes } from '@seaworthy/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { runs } from './runs.ts'

describe('storedError', () => {
  it('keeps name, message, code, stack and causes', () => {
    const root = Object.assign(new Error('socket'), { code: 'ECONNRESET' })
    const error = new TypeError('fetch failed', { cause: root })
    expect(storedError(error)).toEqual({
      name: 'TypeError',
      message: 'fetch failed',
      stack: error.stack,
      causes: [{ name: 'Error', message: 'socket', code: 'ECONNRESET' }],
    })
  })

  it('cuts what is too long', () => {
    const error = Object.assign(new Error('m'.repeat(20_000)), {
      stack: 's'.repeat(20_000),
      name: 'n'.repeat(900),
    })
    const { message, stack, name } = storedError(error)
    expect([message.length, stack?.length, name.length]).toEqual([10_000, 8192, 200])
    const long = Array.from({ length: 9 }).reduce<Error | undefined>(
      (cause, _, at) => new Error(`${at}`, { cause }),
      undefined,
    )
    expect(storedError(long).causes.map(({ message: text }) => text)).toEqual(['7', '6', '5', '4', '3'])
  })

  it('follows an AggregateError, and no circle', () => {
    const inner = new Error('b', { cause: new Error('c') })
    const all = new AggregateError([new Error('a'), inner], 'all')
    Object.assign(inner.cause as Error, { cause: all })
    expect(storedError(all).causes.map(({ message }) => message)).toEqual(['a', 'b', 'c'])
    const own = new Error('self')
    own.cause = own
    expect(storedError(own).causes).toEqual([])
  })

  it('writes out primitives, and nothing of objects that are no errors', () => {
    expect(storedError('text')).toEqual({ name: 'string', message: 'text', causes: [] })
    expect(storedError(Symbol('s'))).toMatchObject({ name: 'symbol', message: 'Symbol(s)' })
    expect(storedError({ password: 'hush' })).toEqual({ name: 'Object', message: '', causes: [] })
    expect(storedError(() => 'hush')).toMatchObject({ message: '' })
  })

  it('survives anything, and what it keeps is bounded, plain and has an error class', () => {
    const seen = sometimes(['hostile', 'error', 'primitive'])
    const refuse = (): never => {
      throw new Error('no')
    }
    const traps = { get: refuse, has: refuse, getPrototypeOf: refuse, ownKeys: refuse }
    const revoked = (value: object): object => {
      const { proxy, revoke } = Proxy.revocable(value, {})
      revoke()
      return proxy
    }
    // Made late: fast-check reads properties of the values it passes on.
    const hostile: readonly (() => unknown)[] = [
      () => new Proxy({}, traps),
      () => new Proxy(() => {}, traps),
      () => revoked({}),
      () => ({ cause: revoked({}), errors: revoked([]) }),
      () => ({ errors: new Proxy([1], traps) }),
      () => ({
        get message() {
          return refuse()
        },
      }),
      () => ({ message: 5, name: {}, code: Symbol('x'), stack: null, cause: null }),
    ]
    const anything = fc.oneof(
      fc.constantFrom(...hostile).map((make) => ['hostile', make] as const),
      fc.anything().map((value) => ['primitive', () => value] as const),
      fc
        .tuple(fc.string({ maxLength: 50 }), fc.anything())
        .map(([message, cause]) => ['error', () => new Error(message, { cause })] as const),
    )
    fc.assert(
      fc.property(anything, ([kind, make]) => {
        seen.mark(kind)
        const value = make()
        const stored = storedError(value)
        expect(JSON.parse(JSON.stringify(stored))).toEqual(stored)
        expect(stored.causes.length).toBeLessThanOrEqual(5)
        expect(errorClass(stored).length).toBeLessThanOrEqual(200)
        for (const rule of standardFailures) rule(value)
      }),
      runs(500),
    )
    seen.verify()
  })
})

describe('errorClass', () => {
  it.each([
    ['order 4711 took 3.2 s', 'order <n> took <n> s'],
    ['user 7d9f3a52-1c1b-4f6e-9d53-5c9d0c2b7a11 not found', 'user <id> not found'],
    ['no 01ARZ3NDEKTSV4RRFFQ69G5FAV here', 'no <id> here'],
    ['commit deadbeef12 refused', 'commit <id> refused'],
    ['token a8Zk29fLq0PxT3vB refused', 'token <id> refused'],
    ['at 12:30:05', 'at <n>'],
    ['defaced facade', 'defaced facade'],
    ['first line\nsecond 5', 'first line'],
  ])('masks %j', (message, masked) => {
    expect(errorClass({ name: 'Error', message })).toBe(`Error: ${masked}`)
  })

  it('is one for messages that differ in numbers alone', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (a, b) => {
        const of = (id: number) =>
          errorClass({ name: 'E', code: 'X', message: `order ${id} is late by ${id + 1} ms` })
        expect(of(a)).toBe(of(b))
        expect(of(a)).toMatch(/^E \[X\]: order /)
      }),
      runs(200),
    )
  })
})

describe('failureRule', () => {
  it('compares codes, names and statuses, also of causes', () => {
    const rule = failureRule('mine', { codes: /^X/g, names: ['Odd'], statuses: [418] })
    const of = (properties: object, cause?: unknown) =>
      rule(Object.assign(new Error('', { cause }), properties))
    expect([of({ code: 'X1' }), of({ code: 'X1' }), of({ name: 'Odd' }), of({ statusCode: 418 })]).toEqual([
      'mine',
      'mine',
      'mine',
      'mine',
    ])
    expect(of({}, { code: 'X2' })).toBe('mine')
    expect(of({ code: 'Y', name: 'Even', status: 200 })).toBeUndefined()
    expect(rule(undefined)).toBeUndefined()
  })
})
