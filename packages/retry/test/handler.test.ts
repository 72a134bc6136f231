import { Hub, pipeline } from '@seaworthy/core'
import { AbortError, retryable, retryHandler } from '@seaworthy/retry'
import { VirtualClock } from '@seaworthy/testing'
import * as pRetry from 'p-retry'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { failing, listen, reset } from './toys.ts'

describe('retryHandler', () => {
  const setup = () => {
    const clock = new VirtualClock()
    return { clock, handler: retryHandler({ clock, attempts: 3, delay: 100, jitter: 'none' }) }
  }

  it('counts every call, also those that succeed at once', async () => {
    const { clock, handler } = setup()
    await handler.execute(() => 'done')
    await clock.runUntilSettled(handler.execute(failing(clock, reset())))
    await clock.runUntilSettled(handler.settle(failing(clock, reset(), reset(), reset())))
    await handler.settle(failing(clock, new TypeError('bug')))
    expect(handler.statistics()).toEqual({
      calls: 4,
      attempts: 1 + 2 + 3 + 1,
      succeeded: 2,
      failed: 2,
      retrying: 0,
      retries: 3,
      recovered: 1,
      gaveUp: { attempts: 1, class: 1 },
      totalDelay: 300,
    })
  })

  it('wraps functions with their parameters and `this`', async () => {
    const { clock, handler } = setup()
    let calls = 0
    const greet = handler.wrap(async function greet(this: { title: string }, name: string) {
      if (++calls === 1) throw reset()
      return `${this.title} ${name}`
    })
    expectTypeOf(greet).returns.resolves.toEqualTypeOf<string>()
    expect(greet.name).toBe('greet')
    expect(await clock.runUntilSettled(greet.call({ title: 'Captain' }, 'Ada'))).toBe('Captain Ada')
    expect(handler.statistics()).toMatchObject({ calls: 1, attempts: 2, succeeded: 1 })
  })

  it('is a policy like any other: events, pipelines, description, hub', async () => {
    const hub = new Hub()
    const clock = new VirtualClock()
    const handler = retryHandler({ name: 'stock', hub, clock, delay: 100 })
    expect(hub.component('retry', 'stock')?.snapshot()).toMatchObject({ retries: 0 })
    const told = listen(handler)
    await clock.runUntilSettled(pipeline(handler).execute(failing(clock, reset())))
    expect(told.map(({ type }) => type)).toEqual(['attemptFailed', 'retryScheduled', 'succeeded'])
    expect(handler.statistics()).toMatchObject({ calls: 1, recovered: 1 })
    expect(handler.describe()).toMatchObject([{ kind: 'retry', name: 'stock', attempts: 5 }])
    expect(handler.debugStats()).toEqual({ listeners: 5, retrying: 0 })
    handler.dispose()
    expect(hub.components()).toEqual([])
    expect(handler.debugStats()).toEqual({ listeners: 0, retrying: 0 })
  })

  it('counts with retrying switched off, too', async () => {
    const handler = retryHandler({ attempts: 1 })
    await handler.settle(() => Promise.reject(reset()))
    expect(handler.statistics()).toMatchObject({ calls: 1, attempts: 1, failed: 1 })
  })
})

describe('@retryable', () => {
  const clock = new VirtualClock()

  class Inventory {
    calls = 0

    @retryable({ clock, attempts: 3, delay: 100, jitter: 'none' })
    async stock(item: string, factor = 1): Promise<number> {
      if (++this.calls < 3) throw reset()
      return item.length * factor
    }

    @retryable({ clock, attempts: 2, delay: 100 })
    static async count(): Promise<number> {
      throw reset()
    }
  }

  it('retries methods, static ones as well, with their parameters and `this`', async () => {
    const inventory = new Inventory()
    expect(await clock.runUntilSettled(inventory.stock('lamp', 10))).toBe(40)
    expect(inventory.calls).toBe(3)
    expectTypeOf(inventory.stock).toEqualTypeOf<(item: string, factor?: number) => Promise<number>>()
    await expect(clock.runUntilSettled(Inventory.count())).rejects.toThrow('connection reset')
  })

  it('keeps the name of the method', () => {
    expect(Inventory.prototype.stock.name).toBe('stock')
  })

  it('refuses options that make no sense when the class is defined', () => {
    expect(() => {
      class Broken {
        @retryable({ attempts: 0 })
        async run(): Promise<void> {}
      }
      return Broken
    }).toThrow('attempts must be')
  })
})

it('AbortError is that of p-retry', () => {
  expect(AbortError).toBe(pRetry.AbortError)
})
