import { canonicalJson, fingerprintOf, recordKey, taggedJson } from '@seaworthy/idempotency'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const { encode, decode } = taggedJson

describe('tagged JSON', () => {
  it.each([
    undefined,
    null,
    true,
    '',
    0,
    -0,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    12345678901234567890n,
    new Date(0),
    new Date(Number.NaN),
    [],
    {},
    [undefined, [null]],
    { a: undefined, $: 1 },
    { $: 'date', v: 0 },
    new Map<unknown, unknown>([[{ k: 1 }, new Set([1n])]]),
    Buffer.from('ünïcödé'),
    new Uint8Array([0, 255]),
    new Uint8Array([1, 2, 3, 4]).subarray(1, 3),
  ])('gives back what it was given (%#)', (value) => {
    expect(decode(encode(value))).toStrictEqual(value)
  })

  it('gives back any plain data', () => {
    const data = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withNullPrototype: false,
      key: fc.oneof(fc.string(), fc.constantFrom('$', 'v', '__proto__', 'constructor', 'toJSON')),
    })
    fc.assert(
      fc.property(data, (value) => {
        expect(decode(encode(value))).toEqual(value)
      }),
      { numRuns: 1000 },
    )
  })

  it('keeps a property called __proto__ a property', () => {
    const value = JSON.parse('{"__proto__": {"admin": true}, "a": 1}')
    const back = decode(encode(value)) as { admin?: boolean }
    expect(Object.keys(back)).toEqual(['__proto__', 'a'])
    expect(back.admin).toBeUndefined()
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype)
  })

  it('keeps of an error what programs read, and no stack', () => {
    const cause = Object.assign(new RangeError('inner'), { code: 'E1' })
    const error = Object.assign(new TypeError('outer', { cause }), { code: 7, status: 502, secret: 'x' })
    const text = encode({ error })
    expect(text).not.toContain('secret')
    expect(text).not.toContain('codec.test')
    const { error: back } = decode(text) as { error: Error }
    expect(back).toBeInstanceOf(Error)
    expect(back).toMatchObject({
      name: 'TypeError',
      message: 'outer',
      code: 7,
      status: 502,
      failureClass: 'transient',
    })
    expect(back.cause).toMatchObject({ name: 'RangeError', message: 'inner', code: 'E1' })
    expect(back.stack).toBe('TypeError: outer')
    expect(Object.keys(back)).toEqual([])
  })

  it('survives hostile and endless errors', () => {
    const hostile = new Error('x'.repeat(20_000))
    for (const name of ['code', 'name', 'cause', 'failureClass'])
      Object.defineProperty(hostile, name, {
        get: () => {
          throw new Error()
        },
      })
    const back = decode(encode(hostile)) as Error
    expect([back.name, back.message.length]).toEqual(['Error', 10_000])
    const endless = new Error('loop')
    endless.cause = endless
    expect(encode(endless).length).toBeLessThan(1000)
  })

  it('refuses what would only look like the result', () => {
    const cycle: unknown[] = []
    cycle.push([cycle])
    class Money {
      readonly amount = 5
    }
    for (const value of [
      () => 1,
      Symbol('a'),
      cycle,
      new Money(),
      new Float64Array(1),
      new URL('a:b'),
      [new WeakMap()],
    ])
      expect(() => encode(value)).toThrow(TypeError)
    const shared = { a: 1 }
    expect(decode(encode([shared, shared]))).toEqual([shared, shared]) // twice is no cycle
  })

  it('refuses a text that it did not write', () => {
    expect(() => decode('{"$":"rocket","v":1}')).toThrow('rocket')
    expect(() => decode('not json')).toThrow(SyntaxError)
  })
})

describe('canonical JSON', () => {
  it('is that of RFC 8785', () => {
    const value = {
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/',
      literals: [null, true, false],
    }
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    )
    // Sorted by UTF-16 code units, not by code points and not by a locale.
    const keys = {
      '\u20ac': 1,
      '\r': 2,
      '\ufb33': 3,
      '1': 4,
      '\ud83d\ude00': 5,
      '\u0080': 6,
      '\u00f6': 7,
      A: 8,
      a: 9,
    }
    expect(Object.values(JSON.parse(canonicalJson(keys)))).toHaveLength(9)
    expect(canonicalJson(keys).match(/:\d/g)?.join('')).toBe(':2:4:8:9:6:7:1:5:3')
  })

  it('does not depend on the order of properties, of maps and of sets; it does on that of arrays', () => {
    expect(canonicalJson({ a: 1, b: [1, 2], A: 2 })).toBe(canonicalJson({ A: 2, b: [1, 2], a: 1 }))
    expect(
      canonicalJson(
        new Map([
          [1, 'a'],
          [2, 'b'],
        ]),
      ),
    ).toBe(
      canonicalJson(
        new Map([
          [2, 'b'],
          [1, 'a'],
        ]),
      ),
    )
    expect(canonicalJson(new Set([2, 1]))).toBe(canonicalJson(new Set([1, 2])))
    expect(canonicalJson([1, 2])).not.toBe(canonicalJson([2, 1]))
    expect(canonicalJson({ a: 1, b: undefined })).toBe(canonicalJson({ a: 1 }))
  })

  it('tells things apart that JSON does not', () => {
    const things = [
      null,
      undefined,
      'null',
      0,
      '0',
      0n,
      Number.NaN,
      new Date(0),
      [],
      {},
      new Map(),
      new Set(),
      new Uint8Array(1),
      [undefined],
      [null],
      '',
      new Uint8Array(0),
    ]
    expect(new Set(things.map(canonicalJson)).size).toBe(things.length)
    expect(canonicalJson(-0)).toBe(canonicalJson(0))
    expect(canonicalJson(new URL('a:b'))).toBe('"a:b"')
  })

  it('is the same for equal JSON and different for different JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, two) => {
        const normal = (value: unknown) => JSON.parse(JSON.stringify(value))
        expect(canonicalJson(one)).toBe(canonicalJson(normal(one)))
        expect(normal(JSON.parse(canonicalJson(one)))).toEqual(normal(one))
        if (canonicalJson(one) === canonicalJson(two)) expect(normal(one)).toEqual(normal(two))
      }),
      { numRuns: 500 },
    )
  })

  it('refuses functions, symbols and cycles', () => {
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    for (const value of [{ fn: () => 1 }, [Symbol('a')], cycle])
      expect(() => canonicalJson(value)).toThrow(TypeError)
  })
})

describe('a fingerprint', () => {
  it('is 22 characters of SHA-256, or of an HMAC', () => {
    // printf '{"a":1}' | openssl dgst -sha256 -binary | head -c 16 | base64
    expect(fingerprintOf({ a: 1 })).toBe('AVq9f1zFei3ZS3WQ8ErYCA')
    expect(fingerprintOf({ a: 1 }, 'secret')).toMatch(/^[\w-]{22}$/)
    const all = [fingerprintOf(1), fingerprintOf(1, 'a'), fingerprintOf(1, 'b'), fingerprintOf('1')]
    expect(new Set(all).size).toBe(4)
    expect(fingerprintOf(1, 'a')).toBe(fingerprintOf(1, Buffer.from('a')))
  })
})

describe('the key of a record', () => {
  it('keeps scopes and keys apart and free of braces', () => {
    expect(recordKey('', 'task-1')).toBe('task-1')
    expect(recordKey('charge', 'task:1')).toBe('charge|task:1')
    expect(recordKey('a|b', '{c}%')).toBe('a%7Cb|%7Bc%7D%25')
    expect(recordKey('', '')).toBeUndefined()
    expect(recordKey('', 'x'.repeat(257))).toBeUndefined()
    expect(recordKey('x'.repeat(257), 'a')).toBeUndefined()
    expect(recordKey('', 5 as never)).toBeUndefined()
    const text = fc.string({
      unit: fc.constantFrom('a', '|', '%', '{', '}', '7'),
      minLength: 1,
      maxLength: 5,
    })
    fc.assert(
      fc.property(
        fc.option(text, { nil: '' }),
        text,
        fc.option(text, { nil: '' }),
        text,
        (scope, key, scope2, key2) => {
          const same = scope === scope2 && key === key2
          expect(recordKey(scope, key) === recordKey(scope2, key2)).toBe(same)
          expect(recordKey(scope, key)).not.toMatch(/[{}]/)
        },
      ),
      { numRuns: 1000 },
    )
  })
})
