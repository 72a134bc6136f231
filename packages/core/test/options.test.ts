import {
  count,
  duration,
  formatDuration,
  InvalidOptionError,
  knownOptions,
  number,
  oneOf,
  optionalFunction,
  ratio,
} from '@seaworthy/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

describe('duration', () => {
  it.each([
    [250, 250],
    ['250ms', 250],
    ['1.5s', 1500],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
    [0, 0],
  ] as const)('reads %s', (given, expected) => expect(duration('limit', given)).toBe(expected))

  it.each([
    '',
    's',
    '5',
    '5 s',
    '-5s',
    '5sec',
    '1e3ms',
    Number.NaN,
    Number.POSITIVE_INFINITY,
    -1,
    null,
    {},
    '٣s',
  ])('refuses %s and names the option', (given) =>
    expect(() => duration('limit', given as never)).toThrow(/^limit must be a duration/),
  )

  it('refuses what is shorter than allowed', () => {
    expect(() => duration('limit', 0, 1)).toThrow('limit must be a duration of at least 1ms')
  })

  it('writes what it reads', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 59 }), fc.constantFrom('ms', 's', 'm'), (value, unit) => {
        expect(formatDuration(duration('x', `${value}${unit}` as '1s'))).toBe(`${value}${unit}`)
      }),
    )
    expect(formatDuration(Number.POSITIVE_INFINITY)).toBe('forever')
    expect(formatDuration(0)).toBe('0ms')
  })
})

describe('checks of options', () => {
  it('let good values through', () => {
    expect([count('n', 3), count('n', 0, 0), count('n', Number.POSITIVE_INFINITY, 1, true)]).toEqual([
      3,
      0,
      Number.POSITIVE_INFINITY,
    ])
    expect([ratio('r', 1), ratio('r', 0, true), number('x', 0.5)]).toEqual([1, 0, 0.5])
    expect(oneOf('mode', 'a', ['a', 'b'])).toBe('a')
    expect(optionalFunction('f', undefined)).toBe(undefined)
    knownOptions('retry', { attempts: 1 }, ['attempts'])
  })

  it.each([
    ['a fraction where a count is due', () => count('attempts', 1.5)],
    ['infinity where it is not allowed', () => count('attempts', Number.POSITIVE_INFINITY)],
    ['a string', () => count('attempts', '3' as never)],
    ['a share above 1', () => ratio('rate', 1.01)],
    ['no share', () => ratio('rate', 0)],
    ['NaN', () => ratio('rate', Number.NaN)],
    ['a number that is too small', () => number('x', 1, 2)],
    ['a word that is not one of them', () => oneOf('mode', 'c' as string, ['a', 'b'])],
    ['something else than a function', () => optionalFunction('classify', 5)],
    ['a typing error', () => knownOptions('retry', { atempts: 1 }, ['attempts'])],
    ['no object', () => knownOptions('retry', null as never, [])],
  ])('refuse %s', (_what, check) => expect(check).toThrow(InvalidOptionError))
})
