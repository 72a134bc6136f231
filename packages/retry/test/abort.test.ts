import { type Context, pipeline } from '@seaworthy/core'
import { retry, retryInfo } from '@seaworthy/retry'
import { abortListeners, VirtualClock } from '@seaworthy/testing'
import { describe, expect, it } from 'vitest'
import { failing, reset, setup, timeoutToy } from './toys.ts'

const reasons = [new Error('enough'), 'the user left', { code: 7 }, null, 0]

describe('an abort by the caller (verify 21)', () => {
  it.each([0, 1, 2, 3])(
    'ends wait %d at once with the reason itself, and nothing runs after it',
    async (wait) => {
      for (const reason of reasons) {
        const { clock, policy, events, clean } = setup({ delay: 100, jitter: 'none' })
        const controller = new AbortController()
        const run = failing(clock, reset(), reset(), reset(), reset())
        const settled = policy.settle(run, { signal: controller.signal })
        await clock.advance(100 * wait + 50)
        expect(abortListeners(controller.signal)).toBe(1)
        controller.abort(reason)
        await clock.settle()
        expect(clock.pendingTimers).toBe(0)
        expect(await settled).toEqual({ status: 'rejected', reason })
        expect(clock.now()).toBe(100 * wait + 50)
        await clock.advance('1h')
        expect(run.runs).toHaveLength(wait + 1)
        expect(events.at(-1)).toMatchObject({
          type: 'gaveUp',
          reason: 'aborted',
          attempts: wait + 1,
          totalDelay: 100 * wait,
        })
        expect(retryInfo(reason)).toBeUndefined()
        clean(controller.signal)
      }
    },
  )

  it.each([1, 2, 5])(
    'that comes during failing attempt %d ends the call when that fails',
    async (attempt) => {
      for (const reason of reasons) {
        const { clock, policy, events, clean } = setup({ delay: 100 })
        const controller = new AbortController()
        const run = async (context: Context): Promise<never> => {
          if (context.attempt === attempt) controller.abort(reason)
          throw reset()
        }
        const settled = policy.settle(run, { signal: controller.signal })
        expect(await clock.runUntilSettled(settled)).toEqual({ status: 'rejected', reason })
        expect(events.at(-1)).toMatchObject({ type: 'gaveUp', reason: 'aborted', attempts: attempt })
        expect(clock.pendingTimers).toBe(0)
        clean(controller.signal)
      }
    },
  )

  it('writes nothing on the reason, even when the function throws it', async () => {
    const { clock, policy } = setup({ delay: 100 })
    const controller = new AbortController()
    const reason = new Error('enough')
    const run = ({ signal }: Context): Promise<void> => clock.sleep(5000, signal)
    const settled = policy.settle(run, { signal: controller.signal })
    await clock.advance(50)
    controller.abort(reason)
    expect(await settled).toEqual({ status: 'rejected', reason })
    expect(Object.getOwnPropertyNames(reason).sort()).toEqual(['message', 'stack'])
  })

  it('that came before the call lets nothing run', async () => {
    const { clock, policy, events } = setup()
    const run = failing(clock)
    await expect(policy.execute(run, { signal: AbortSignal.abort('before') })).rejects.toBe('before')
    expect(run.runs).toEqual([])
    expect(events).toEqual([])
  })

  it('does not undo a success that comes after it', async () => {
    for (const attempt of [1, 3]) {
      const { clock, policy, clean } = setup({ delay: 100 })
      const controller = new AbortController()
      const run = async (context: Context): Promise<string> => {
        if (context.attempt < attempt) throw reset()
        controller.abort('enough')
        await clock.sleep(10)
        return 'late'
      }
      expect(await clock.runUntilSettled(policy.execute(run, { signal: controller.signal }))).toBe('late')
      clean(controller.signal)
    }
  })

  it('in the very moment in which a wait ends lets nothing run', async () => {
    const outcomes = new Set<number>()
    // The wait has resolved, and the promises between it and the next attempt are still on their way.
    for (let turns = 0; turns < 20; turns++) {
      const { clock, policy, clean } = setup({ delay: 100, jitter: 'none' })
      const controller = new AbortController()
      const log: string[] = []
      const run = async (): Promise<never> => {
        log.push('run')
        throw reset()
      }
      const sleep = clock.sleep.bind(clock)
      clock.sleep = (delay, signal) => {
        const slept = sleep(delay, signal)
        const abort = async (): Promise<void> => {
          for (let turn = 0; turn < turns; turn++) await undefined
          log.push('abort')
          controller.abort('just now')
        }
        slept.then(abort, () => {})
        return slept
      }
      const settled = policy.settle(run, { signal: controller.signal })
      await clock.advance(100)
      expect(await settled).toEqual({ status: 'rejected', reason: 'just now' })
      expect(log.at(-1)).toBe('abort')
      outcomes.add(log.length)
      clean(controller.signal)
    }
    expect(outcomes).toEqual(new Set([2, 3])) // Before the second attempt, and after it.
  })

  it('reaches the function of every attempt through its signal', async () => {
    const { clock, policy, clean } = setup({ delay: 100, jitter: 'none' })
    const controller = new AbortController()
    const run = ({ attempt, signal }: Context): Promise<void> =>
      attempt < 3 ? Promise.reject(reset()) : clock.sleep(5000, signal)
    const settled = policy.settle(run, { signal: controller.signal })
    await clock.advance(250)
    controller.abort('stop')
    expect(await settled).toEqual({ status: 'rejected', reason: 'stop' })
    await clock.settle()
    clean(controller.signal)
  })

  it('leaves no listener behind when nothing was aborted', async () => {
    const { clock, policy, clean } = setup({ delay: 100 })
    const controller = new AbortController()
    const read = async ({ attempt, signal }: Context): Promise<boolean> => {
      if (attempt < 4) throw reset()
      return signal.aborted
    }
    await clock.runUntilSettled(policy.execute(read, { signal: controller.signal }))
    clean(controller.signal)
  })
})

describe('a timeout of ours', () => {
  it('outside ends a wait with its own error', async () => {
    for (const mode of ['settles', 'signals'] as const) {
      const { clock, policy, events, clean } = setup({ delay: 1000, jitter: 'none' })
      const limited = pipeline(timeoutToy(clock, 1500, mode), policy)
      const run = failing(clock, reset(), reset(), reset())
      const settled = limited.settle(run)
      await clock.advance(1500)
      expect(await settled).toMatchObject({ status: 'rejected', reason: { code: 'ERR_TIMEOUT' } })
      await clock.advance('1h')
      expect(run.runs).toEqual([0, 1000])
      expect(events.at(-1)).toMatchObject({ type: 'gaveUp', reason: 'aborted', attempts: 2 })
      clean()
    }
  })

  it('outside, when an attempt fails after it, is what the call rejects with', async () => {
    const { clock, policy, clean } = setup({ delay: 1000 })
    const limited = pipeline(timeoutToy(clock, 50, 'signals'), policy)
    const run = async (): Promise<never> => {
      await clock.sleep(100)
      throw reset()
    }
    const settled = await clock.runUntilSettled(limited.settle(run))
    expect(settled).toMatchObject({ status: 'rejected', reason: { code: 'ERR_TIMEOUT' } })
    clean()
  })

  it('outside, with a caller that aborts first, is not mistaken for the caller', async () => {
    const { clock, policy, clean } = setup({ delay: 1000, jitter: 'none' })
    const limited = pipeline(timeoutToy(clock, 5000, 'settles'), policy)
    const controller = new AbortController()
    const run = async ({ attempt, signal }: Context): Promise<number> => {
      if (attempt === 1 && !signal.aborted) throw reset()
      return attempt
    }
    const settled = limited.settle(run, { signal: controller.signal })
    await clock.advance(500)
    controller.abort('mine')
    await clock.settle()
    expect(await settled).toEqual({ status: 'rejected', reason: 'mine' })
    clean(controller.signal)
  })

  it('inside ends an attempt, and the next one has a fresh signal', async () => {
    for (const mode of ['settles', 'signals'] as const) {
      const { clock, policy, clean } = setup({ delay: 100, jitter: 'none' })
      const limited = pipeline(policy, timeoutToy(clock, 50, mode))
      const controller = new AbortController()
      const aborted: boolean[] = []
      const run = ({ attempt, signal }: Context): Promise<string> => {
        aborted.push(signal.aborted)
        if (attempt === 3) return Promise.resolve('in time')
        return clock.sleep(1000, signal).then(() => 'too late')
      }
      const answer = limited.execute(run, { signal: controller.signal })
      expect(await clock.runUntilSettled(answer)).toBe('in time')
      expect(aborted).toEqual([false, false, false])
      expect(clock.now()).toBe(300)
      clean(controller.signal)
    }
  })
})

describe('deadlines (verify 20)', () => {
  it('starts no wait that would end after the deadline of the call', async () => {
    for (const [deadline, runs] of [
      [350, [0, 100, 300]],
      [301, [0, 100, 300]],
      [300, [0, 100]],
      [100, [0]],
      [0, [0]],
    ] as const) {
      const { clock, policy, events } = setup({ delay: ({ retry }) => 100 * retry, jitter: 'none' })
      const run = failing(clock, reset(), reset(), reset(), reset())
      const error = clock.runUntilSettled(policy.execute(run, { deadline }))
      await expect(error).rejects.toThrow('connection reset')
      expect(run.runs).toEqual(runs)
      expect(clock.now()).toBe(runs.at(-1))
      expect(events.at(-1)).toMatchObject({ type: 'gaveUp', reason: 'deadline', attempts: runs.length })
    }
  })

  it('starts no wait that would end after maxElapsed, counted from the start of the first attempt', async () => {
    const { clock, policy, events } = setup({ delay: 100, jitter: 'none', maxElapsed: 400 })
    const run = async (): Promise<never> => {
      await clock.sleep(90)
      throw reset()
    }
    await clock.runUntilSettled(policy.settle(run))
    // 90, 190 to 280, 380 is the end of the second wait; after the third failure at 470 there is none.
    expect(clock.now()).toBe(280 + 100 + 90)
    expect(events.at(-1)).toMatchObject({ type: 'gaveUp', reason: 'elapsed', attempts: 3 })
  })

  it('a server that asks for more time than there is ends the call at once', async () => {
    const { clock, policy, events } = setup()
    const asked = Object.assign(new Error('later'), { status: 503, retryAfter: 20_000 })
    const run = failing(clock, asked)
    await expect(policy.execute(run, { deadline: 10_000 })).rejects.toBe(asked)
    expect(clock.pendingTimers).toBe(0)
    expect(events.at(-1)).toMatchObject({ type: 'gaveUp', reason: 'deadline', retryAfter: 20_000 })
  })

  it('holds in an inner pipeline that got the context', async () => {
    const { clock, policy } = setup({ delay: 100, jitter: 'none' })
    const run = failing(clock, reset(), reset(), reset())
    const outer = pipeline()
    const answer = outer.execute((context) => policy.execute(run, context), { deadline: 250 })
    await expect(clock.runUntilSettled(answer)).rejects.toThrow('connection reset')
    expect(run.runs).toEqual([0, 100, 200])
  })
})

it('a clock that fails ends the call with its error', async () => {
  const clock = new VirtualClock()
  const broken = new Error('no timers left')
  clock.sleep = () => Promise.reject(broken)
  const policy = retry({ clock, delay: 10 })
  await expect(policy.execute(failing(clock, reset()))).rejects.toBe(broken)
  expect(policy.debugStats()).toEqual({ listeners: 0, retrying: 0 })
})
