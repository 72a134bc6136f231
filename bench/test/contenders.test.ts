/** Before anybody is fast, everybody must do the job. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import type { AsyncFunction, Contender, Execute } from '../src/harness.ts'
import { countingBreakers, otherBreakers } from '../src/subjects/breaker.ts'
import { answer, fallbacks } from '../src/subjects/fallback.ts'
import {
  failsWithSameError,
  rejectsWithoutCalling,
  triesThreeTimes,
  value,
} from '../src/subjects/functions.ts'
import { subjects } from '../src/subjects/index.ts'
import { bulkheads, rateLimits } from '../src/subjects/limits.ts'
import { concurrency, fiveLayers, threeLayers } from '../src/subjects/pipeline.ts'
import { retries } from '../src/subjects/retry.ts'
import { timeouts } from '../src/subjects/timeout.ts'

const libraries = (contenders: readonly Contender[]): readonly Contender[] =>
  contenders.filter(({ floor }) => !floor)

describe.each(subjects)('$name', ({ contenders, verify }) => {
  it('names every contender once', () => {
    const names = contenders.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
  })

  it.each(libraries(contenders))('$name does what the title says', { timeout: 30_000 }, async ({ build }) => {
    await verify(await build())
  })
})

/** More failures than any contender needs to open. */
async function fail(execute: Execute, calls = 200): Promise<void> {
  for (let i = 0; i < calls; i++) await execute(failsWithSameError).catch(() => {})
}

describe('breakers', () => {
  it.each([...countingBreakers, ...otherBreakers])('$name opens when calls fail', async ({ build }) => {
    const execute = await build()
    await fail(execute)
    await rejectsWithoutCalling(execute)
  })
})

describe('retries', () => {
  it.each(retries)('$name gives up after four tries', async ({ build }) => {
    const execute = await build()
    const fn = vi.fn(failsWithSameError)
    await expect(execute(fn)).rejects.toThrow('down')
    expect(fn).toHaveBeenCalledTimes(4)
  })
})

describe('timeouts', () => {
  it.each(timeouts(20))('$name settles a call that hangs', async ({ build }) => {
    const execute = await build()
    await expect(execute(() => new Promise(() => {}))).rejects.toThrow()
  })
})

/** Functions that hang until they are released, and how many of them ran at once. */
function gate(): { started: number; fn: AsyncFunction; release: () => void } {
  let release = (): void => {}
  const opened = new Promise<void>((resolve) => {
    release = resolve
  })
  const held = {
    started: 0,
    release,
    fn: async () => {
      held.started++
      await opened
      return value
    },
  }
  return held
}

/** How many of so many calls get through before the first one ends. */
async function admitted(execute: Execute, calls: number, expected: number): Promise<number> {
  const held = gate()
  for (let call = 0; call < calls; call++) execute(held.fn).catch(() => {})
  await vi.waitFor(() => expect(held.started).toBeGreaterThanOrEqual(expected))
  await sleep(20) // time to admit too many
  const { started } = held
  held.release()
  return started
}

describe('bulkheads', () => {
  it.each(bulkheads(2))('$name runs two calls at once, not three', async ({ build }) => {
    expect(await admitted(await build(), 5, 2)).toBe(2)
  })
})

describe('rate limits', () => {
  it.each(rateLimits(3))('$name lets three calls through, not four', async ({ build }) => {
    expect(await admitted(await build(), 5, 3)).toBe(3)
  })
})

describe('fallbacks', () => {
  it.each(fallbacks)('$name answers for a function that fails', async ({ build }) => {
    const execute = await build()
    expect(await execute(failsWithSameError)).toBe(answer)
  })
})

describe('pipelines', () => {
  it.each([...threeLayers, ...fiveLayers])('$name tries again', async ({ build }) => {
    await triesThreeTimes(await build())
  })

  it.each(threeLayers)('$name of three layers stops calling what is down', async ({ build }) => {
    const execute = await build()
    await fail(execute)
    await rejectsWithoutCalling(execute)
  })

  it.each(fiveLayers)(
    '$name of five layers stops calling what is down, and answers',
    async ({ name, build }) => {
      const execute = await build()
      await fail(execute)
      const fn = vi.fn(failsWithSameError)
      const outcome = execute(fn)
      if (name.startsWith('mollitia')) await expect(outcome).rejects.toBe(answer)
      else expect(await outcome).toBe(answer)
      expect(fn).not.toHaveBeenCalled()
    },
  )

  it.each(fiveLayers)('$name of five layers limits how many calls run at once', async ({ build }) => {
    expect(await admitted(await build(), concurrency + 150, concurrency)).toBe(concurrency)
  })
})
