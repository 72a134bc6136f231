/** The functions that are called, and what a call must do with them. */
import assert from 'node:assert/strict'
import type { AsyncFunction, Execute } from '../harness.ts'

export const value = 42
/** One error for all calls: to create it is not what is measured. */
const failure: Error = new Error('down')

export const succeeds: AsyncFunction = async () => value

/** The cheapest thing that leaves JavaScript: one turn of the event loop. */
export const takesOneTurn: AsyncFunction = () => new Promise((resolve) => setImmediate(resolve, value))

/** Takes what a contender makes for nothing, so that the compiler cannot leave it out. */
export const sink: { value: unknown } = { value: undefined }

export const failsWithNewError: AsyncFunction = async () => {
  throw new Error('down')
}

export const failsWithSameError: AsyncFunction = async () => {
  throw failure
}

/** Succeeds on every tenth call. */
export function failsNineInTen(): AsyncFunction {
  let calls = 0
  return async () => {
    if (++calls % 10 !== 0) throw failure
    return value
  }
}

/** Fails on every tenth call. */
export function failsOneInTen(): AsyncFunction {
  let calls = 0
  return async () => {
    if (++calls % 10 === 0) throw failure
    return value
  }
}

/** Fails twice, then succeeds, and so on. */
export function succeedsAtThirdTry(): AsyncFunction {
  let calls = 0
  return async () => {
    if (++calls % 3 !== 0) throw failure
    return value
  }
}

/** Functions with nothing in common but the result, each compiled on its own. */
export function differentFunctions(): readonly AsyncFunction[] {
  return Array.from(
    { length: 16 },
    (_, index) => new Function('value', `return async () => value // ${index}`)(value) as AsyncFunction,
  )
}

export async function returnsTheValue(execute: Execute): Promise<void> {
  assert.equal(await execute(succeeds), value)
}

/** Every value and every error of the function comes through: the breaker is closed, and stays so. */
export function passesOutcomesOn(make: () => AsyncFunction): (execute: Execute) => Promise<void> {
  return async (execute) => {
    const expected = await outcomes((fn) => fn(), make())
    assert.deepEqual(await outcomes(execute, make()), expected)
  }
}

async function outcomes(execute: Execute, fn: AsyncFunction): Promise<unknown[]> {
  const seen: unknown[] = []
  for (let i = 0; i < 20; i++) seen.push(await execute(fn).catch((error: unknown) => error))
  return seen
}

export async function rejectsWithoutCalling(execute: Execute): Promise<void> {
  let called = false
  const outcome = execute(async () => {
    called = true
    return value
  })
  await assert.rejects(outcome, Error)
  assert.equal(called, false)
}

export async function triesThreeTimes(execute: Execute): Promise<void> {
  let calls = 0
  const result = await execute(async () => {
    if (++calls < 3) throw failure
    return value
  })
  assert.deepEqual({ calls, result }, { calls: 3, result: value })
}
