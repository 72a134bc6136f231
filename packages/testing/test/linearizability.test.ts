import { checkLinearizability as check, type Model, type Operation } from '@seaworthy/testing/conformance'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

type Input = { readonly write: number } | 'read'

/** A register that begins at 0. Writes answer 0. */
const register: Model<number, Input, number> = {
  initial: 0,
  next: (state, input, output) => {
    if (input !== 'read') return input.write
    return output === undefined || output === state ? state : undefined
  },
  key: String,
}

type RegisterOperation = Operation<Input, number>

const write = (value: number, call: number, end: number | undefined): RegisterOperation => ({
  call,
  return: end,
  input: { write: value },
  output: end === undefined ? undefined : 0,
})

const read = (value: number, call: number, end: number): RegisterOperation => ({
  call,
  return: end,
  input: 'read',
  output: value,
})

const verdict = (...operations: RegisterOperation[]) => check(operations, register).verdict

describe('the checker', () => {
  it('accepts nothing, and one after the other', () => {
    expect(verdict()).toBe('linearizable')
    expect(verdict(write(1, 0, 1), read(1, 2, 3))).toBe('linearizable')
  })

  it('lets what overlaps happen in either order', () => {
    expect(verdict(write(1, 0, 10), read(0, 1, 2))).toBe('linearizable')
    expect(verdict(write(1, 0, 10), read(1, 1, 2))).toBe('linearizable')
    expect(verdict(write(1, 0, 10), read(1, 1, 2), read(1, 3, 4))).toBe('linearizable')
    expect(verdict(write(1, 0, 5), write(2, 0, 5), read(1, 6, 7))).toBe('linearizable')
    expect(verdict(write(1, 0, 5), write(2, 0, 5), read(2, 6, 7))).toBe('linearizable')
  })

  it('finds a stale read, and names it', () => {
    const stale = read(0, 2, 3)
    const found = check([write(1, 0, 1), stale], register)
    expect(found).toMatchObject({ verdict: 'violation', stuck: stale })
    expect(found.longest).toEqual([write(1, 0, 1)])
  })

  it('finds a value that comes and goes', () => {
    expect(verdict(write(1, 0, 10), read(1, 1, 2), read(0, 3, 4))).toBe('violation')
    expect(verdict(write(1, 0, 5), write(2, 0, 5), read(1, 6, 7), read(2, 8, 9))).toBe('violation')
  })

  it('counts an end at the instant of a call as overlapping', () => {
    expect(verdict(write(1, 0, 1), read(0, 1, 2))).toBe('linearizable')
  })

  it('lets a lost operation happen late, or never, but not early and not twice', () => {
    expect(verdict(write(1, 0, undefined), read(0, 1, 2))).toBe('linearizable')
    expect(verdict(write(1, 0, undefined), read(0, 1, 2), read(1, 3, 4))).toBe('linearizable')
    expect(verdict(read(1, 0, 1), write(1, 2, undefined))).toBe('violation')
    expect(verdict(write(1, 0, undefined), read(1, 1, 2), write(2, 3, 4), read(1, 5, 6))).toBe('violation')
  })

  it('says that it does not know when its budget is used up', () => {
    const many = Array.from({ length: 12 }, (_, i) => write(i + 1, 0, 100))
    expect(check([...many, read(99, 0, 100)], register, 500)).toMatchObject({
      verdict: 'unknown',
      steps: 501,
    })
  })

  it('accepts whatever a register did, and rejects a read of what was never there', () => {
    const step = fc.record({
      value: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
      early: fc.nat({ max: 30 }),
      late: fc.nat({ max: 30 }),
      lost: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(step, { size: '+1', maxLength: 14 }), (steps) => {
        let state = 0
        const operations = steps.map(({ value, early, late, lost }, index): RegisterOperation => {
          const [call, end] = [index * 10 - early, index * 10 + late]
          if (value === undefined) return read(state, call, end)
          state = value
          return write(value, call, lost ? undefined : end)
        })
        expect(verdict(...operations)).toBe('linearizable')
        expect(verdict(...operations, read(9, 0, 500))).toBe('violation')
      }),
      { numRuns: 300 },
    )
  })
})
