/** What a handler of undici controls: a signal of the platform only for those who need one. */
import { getEventListeners } from 'node:events'
import { type Layer, onAbort, PolicyBase, pipeline } from '@seaworthy/core'
import { resilientDispatcher } from '@seaworthy/http/undici'
import { retry } from '@seaworthy/retry'
import { Agent, request } from 'undici'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { CallerController } from '../src/undici-controller.ts'
import { scriptedServer } from './local-servers.ts'

const genuine = globalThis.AbortController

/** Counts the signals that are made from now on. */
function countControllers(): () => number {
  let made = 0
  vi.stubGlobal(
    'AbortController',
    class extends genuine {
      constructor() {
        super()
        made++
      }
    },
  )
  return () => made
}

/** A policy that keeps the signals of the calls. */
class Watching extends PolicyBase {
  private readonly signals: AbortSignal[]

  constructor(signals: AbortSignal[]) {
    super('watching', undefined, undefined)
    this.signals = signals
  }

  override describe(): [] {
    return []
  }

  override layers(): readonly Layer[] {
    const around: Layer['around'] = (context, inner) => {
      this.signals.push(context.signal)
      return inner.run(context.child())
    }
    return [{ kind: 'watching', around }]
  }
}

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('requests of a dispatcher', () => {
  it('make no signal, also when they are sent again', async () => {
    await using server = await scriptedServer([{ status: 503 }])
    const agent = new Agent()
    const dispatcher = agent.compose(resilientDispatcher({ retry: { attempts: 3, delay: 1 } }))
    const made = countControllers()
    const { statusCode, body } = await request(server.url, { dispatcher })
    expect([statusCode, await body.text(), server.received.length]).toEqual([200, 'ok', 2])
    expect(made()).toBe(0)
    await agent.destroy()
  })

  it('give policies of the user a signal of the platform, which aborts with them', async () => {
    await using server = await scriptedServer([], 'hang')
    const signals: AbortSignal[] = []
    const policy = pipeline(retry({ attempts: 2, delay: 1 }), new Watching(signals))
    const agent = new Agent()
    const dispatcher = agent.compose(resilientDispatcher(policy))
    const controller = new AbortController()
    const failing = request(server.url, { dispatcher, signal: controller.signal }).catch((error) => error)
    await vi.waitFor(() => expect(server.received.length).toBe(1), 5000)
    const reason = new Error('enough')
    controller.abort(reason)
    expect(await failing).toBe(reason)
    const [signal] = signals
    expect(signal).toBeInstanceOf(AbortSignal)
    expect([signal?.aborted, signal?.reason]).toEqual([true, reason])
    expect(getEventListeners(signal as AbortSignal, 'abort')).toEqual([])
    await agent.destroy()
  })
})

describe('the controller', () => {
  it('tells everybody once, in order, and nobody who left', () => {
    const controller = new CallerController()
    const told: unknown[] = []
    const leave = controller.onAbort(() => told.push('left'))
    controller.onAbort((reason) => told.push(reason))
    onAbort(controller, (reason) => told.push(reason))
    const gone = (): void => void told.push('removed')
    controller.addEventListener('abort', gone)
    controller.removeEventListener('abort', gone)
    controller.addEventListener('abort', { handleEvent: ({ type }) => told.push(type) })
    leave()
    const reason = new Error('enough')
    controller.abort(reason)
    controller.abort(new Error('too late'))
    expect(told).toEqual([reason, reason, 'abort'])
    expect([controller.aborted, controller.reason]).toEqual([true, reason])
  })

  it('hears a listener once that was added twice', () => {
    const controller = new CallerController()
    const listener = vi.fn()
    controller.addEventListener('abort', listener)
    controller.addEventListener('abort', listener)
    controller.abort(new Error('enough'))
    expect(listener).toHaveBeenCalledTimes(1)
  })

  it('makes a signal that aborts with it, before or after it was asked for', () => {
    const early = new CallerController()
    const late = new CallerController()
    const reason = new Error('enough')
    const { platform } = early
    expect([early.platform === platform, platform.aborted]).toEqual([true, false])
    early.abort(reason)
    late.abort(reason)
    for (const signal of [platform, late.platform])
      expect([signal.aborted, signal.reason]).toEqual([true, reason])
  })

  it('has a reason also when it was aborted without one', () => {
    const controller = new CallerController()
    controller.abort(undefined as never) // What plain JavaScript may do.
    expect(controller.reason).toMatchObject({ name: 'AbortError' })
  })
})
