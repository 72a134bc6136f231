import { InvalidOptionError, isSeaworthyError, SeaworthyError } from '@seaworthy/core'
import { describe, expect, it } from 'vitest'

describe('SeaworthyError', () => {
  it('is a native error with code, policy, hint and class, and its cause is not enumerable', () => {
    const cause = new Error('behind')
    const error = new SeaworthyError('ERR_TIMEOUT', 'too slow', { policy: 'inventory', retryAfter: 5, cause })
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({
      code: 'ERR_TIMEOUT',
      policy: 'inventory',
      retryAfter: 5,
      failureClass: 'transient',
    })
    expect(error.cause).toBe(cause)
    expect(Object.keys(error)).not.toContain('cause')
  })

  it('captures no stack trace unless asked to, and leaves the limit of the process alone', () => {
    const before = Error.stackTraceLimit
    const cheap = new SeaworthyError('ERR_TIMEOUT', 'too slow')
    expect(cheap.stack).toBe('SeaworthyError: too slow')
    expect(Error.stackTraceLimit).toBe(before)
    const traced = new SeaworthyError('ERR_TIMEOUT', 'too slow', { stack: true })
    expect(traced.stack).toContain('errors.test.ts')
  })

  it('lets a debugger set its stack', () => {
    const error = new SeaworthyError('ERR_TIMEOUT', 'too slow')
    error.stack = 'mine'
    expect(error.stack).toBe('mine')
  })

  it('is recognised by its brand, also when another copy of the package made it', () => {
    const foreign = Object.assign(new Error('other copy'), { [Symbol.for('seaworthy.error')]: true })
    expect(isSeaworthyError(new SeaworthyError('ERR_TIMEOUT', 'x'))).toBe(true)
    expect(isSeaworthyError(foreign)).toBe(true)
    for (const other of [new Error('x'), null, undefined, 'ERR_TIMEOUT', {}])
      expect(isSeaworthyError(other)).toBe(false)
  })

  it('says which option is wrong, what is allowed and what was given', () => {
    const error = new InvalidOptionError('window.calls', 'a whole number of at least 1', 0)
    expect(error.message).toBe('window.calls must be a whole number of at least 1; got 0')
    expect(error).toMatchObject({ code: 'ERR_INVALID_OPTION', option: 'window.calls', failureClass: 'fatal' })
  })

  it('shows any given value, however odd', () => {
    const circular: { self?: unknown } = {}
    circular.self = circular
    const shown = ['text', () => 1, circular, Symbol('s'), undefined, 10n].map(
      (value) => new InvalidOptionError('x', 'y', value).message.split('; got ')[1],
    )
    expect(shown).toEqual(['"text"', 'a function', 'an object', 'Symbol(s)', 'undefined', '10'])
  })
})
