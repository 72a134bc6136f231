/**
 * Small layers, each twice: as hooks for the engine, and as a plain function around a function. The second form is the
 * definition of what a pipeline means; the engine has to agree with it.
 */
import {
  type CallContext,
  type Clock,
  DeadlineList,
  type Layer,
  PolicyBase,
  type PolicyDescription,
} from '@seaworthy/core'

/** The rest of a pipeline, in the nested form. */
export type Next = (context: ToyContext) => Promise<unknown>

/** What the nested form knows of a call. */
export interface ToyContext {
  readonly attempt: number
  readonly signal: AbortSignal
}

/** Writes down what a layer saw, in the log of the call that runs. */
export interface Log {
  (line: string): void
  /** The log of the call that runs now, for later use outside of it. */
  here(): (line: string) => void
}

/** One layer in both forms. `log` gets what the layer saw, with the time. */
export interface Toy {
  readonly label: string
  layer(log: Log): Layer
  nested(log: Log): (next: Next) => Next
}

export const text = (value: unknown): string => (value instanceof Error ? value.message : String(value))

/** Sees a call come and go. */
export function observer(clock: Clock): Toy {
  return {
    label: 'observer',
    layer: (log) => ({
      kind: 'observer',
      steady: true,
      enter: () => {
        log(`enter @${clock.now()}`)
        return undefined
      },
      passFor: () => true,
      passed: () => log(`enter @${clock.now()}`),
      success: (_call, _slot, value) => void log(`success ${text(value)} @${clock.now()}`),
      failure: (_call, _slot, error) => void log(`failure ${text(error)} @${clock.now()}`),
    }),
    nested: (log) => (next) => async (context) => {
      log(`enter @${clock.now()}`)
      try {
        const value = await next(context)
        log(`success ${text(value)} @${clock.now()}`)
        return value
      } catch (error) {
        log(`failure ${text(error)} @${clock.now()}`)
        throw error
      }
    },
  }
}

/** Gives calls of one period the same token, and lets them pass without asking in every other one. */
export function passer(clock: Clock): Toy {
  const token = (): string => `period ${Math.floor(clock.now() / 10)}`
  return {
    label: 'passer',
    layer: (log) => ({
      kind: 'passer',
      steady: true,
      get pass() {
        return Math.floor(clock.now() / 10) % 2 === 0 ? token() : undefined
      },
      enter: ({ tokens }, slot) => {
        tokens[slot] = token()
        return undefined
      },
      passFor: () => (Math.floor(clock.now() / 10) % 3 === 0 ? undefined : token()),
      success: ({ tokens }, slot) => void log(`success since ${tokens[slot]} @${clock.now()}`),
      failure: ({ tokens }, slot) => void log(`failure since ${tokens[slot]} @${clock.now()}`),
    }),
    nested: (log) => (next) => async (context) => {
      const entered = token()
      try {
        const value = await next(context)
        log(`success since ${entered} @${clock.now()}`)
        return value
      } catch (error) {
        log(`failure since ${entered} @${clock.now()}`)
        throw error
      }
    },
  }
}

/** Turns every call away, by `refuse` or by a throw. */
export function refuser(clock: Clock, by: 'refuse' | 'throw'): Toy {
  return {
    label: `refuser(${by})`,
    layer: (log) => ({
      kind: 'refuser',
      steady: true,
      enter: (call) => {
        log(`refused @${clock.now()}`)
        if (by === 'throw') throw new Error('refused')
        return call.refuse(new Error('refused'))
      },
    }),
    nested: (log) => () => async () => {
      log(`refused @${clock.now()}`)
      throw new Error('refused')
    },
  }
}

/** Makes every call wait; gives up when the call is aborted. */
export function waiter(clock: Clock, delay: number): Toy {
  return {
    label: `waiter(${delay})`,
    layer: (log) => ({
      kind: 'waiter',
      enter: (call) => clock.sleep(delay, call.context.signal),
      success: (_call, _slot, value) => void log(`success ${text(value)} @${clock.now()}`),
      failure: (_call, _slot, error) => void log(`failure ${text(error)} @${clock.now()}`),
    }),
    nested: (log) => (next) => async (context) => {
      await clock.sleep(delay, context.signal)
      try {
        context.signal.throwIfAborted()
        const value = await next(context)
        log(`success ${text(value)} @${clock.now()}`)
        return value
      } catch (error) {
        log(`failure ${text(error)} @${clock.now()}`)
        throw error
      }
    },
  }
}

/** Tries again at once, up to `attempts` times in all, unless the call was aborted. */
export function repeater(attempts: number): Toy {
  return {
    label: `repeater(${attempts})`,
    layer: () => ({
      kind: 'repeater',
      recover: ({ context }, _slot, first, inner) => {
        const again = async (attempt: number, error: unknown): Promise<unknown> => {
          if (attempt > attempts || context.aborted) throw error
          return inner.run(context.child(attempt)).catch((next) => again(attempt + 1, next))
        }
        return again(2, first)
      },
    }),
    nested: () => (next) => (context) => {
      const again = async (attempt: number): Promise<unknown> => {
        try {
          // Until it repeats, a repeater leaves the number of the one outside.
          return await next({ attempt: attempt === 1 ? context.attempt : attempt, signal: context.signal })
        } catch (error) {
          if (attempt === attempts || context.signal.aborted) throw error
          return again(attempt + 1)
        }
      }
      return again(1)
    },
  }
}

/** Answers in place of an error. */
export function answerer(): Toy {
  return {
    label: 'answerer',
    layer: () => ({
      kind: 'answerer',
      recover: ({ context }, _slot, error) =>
        context.aborted ? undefined : Promise.resolve(`instead of ${text(error)}`),
    }),
    nested: () => (next) => async (context) => {
      try {
        return await next(context)
      } catch (error) {
        if (context.signal.aborted) throw error
        return `instead of ${text(error)}`
      }
    },
  }
}

/** Takes certain values for failures, unless nobody waits for them any more. */
export function critic(): Toy {
  return {
    label: 'critic',
    layer: () => ({
      kind: 'critic',
      revise: ({ context }, _slot, value) =>
        value === 'value 1' && !context.aborted ? Promise.reject(new Error('not good enough')) : undefined,
    }),
    nested: () => (next) => async (context) => {
      const value = await next(context)
      if (value === 'value 1' && !context.signal.aborted) throw new Error('not good enough')
      return value
    },
  }
}

/** Answers in place of certain values, and says beforehand which, unless nobody waits for them any more. */
export function reader(): Toy {
  const judged = (value: unknown): boolean => value === 'value 1' || value === 'value 2'
  return {
    label: 'reader',
    layer: () => ({
      kind: 'reader',
      revises: judged,
      revise: ({ context }, _slot, value) =>
        context.aborted ? undefined : Promise.resolve(`read ${text(value)}`),
    }),
    nested: () => (next) => async (context) => {
      const value = await next(context)
      return judged(value) && !context.signal.aborted ? `read ${text(value)}` : value
    },
  }
}

/** Settles the call after a time, whatever the inner part does, and aborts it. */
export function limiter(clock: Clock, limit: number): Toy {
  return {
    label: `limiter(${limit})`,
    layer: (log) => {
      const list = new DeadlineList(clock, limit)
      return {
        kind: 'limiter',
        deadline: 'settles',
        enter: (call, slot) => {
          call.tokens[slot] = log.here()
          list.add(call)
          return undefined
        },
        success: (call) => list.remove(call),
        failure: (call) => list.remove(call),
        expire: (call, slot) => {
          ;(call.tokens[slot] as (line: string) => void)(`expired @${clock.now()}`)
          call.giveUp(new Error(`over ${limit}`))
        },
      }
    },
    nested: (log) => (next) => (context) =>
      new Promise((resolve, reject) => {
        const here = log.here()
        const controller = new AbortController()
        const forward = (): void => controller.abort(context.signal.reason)
        context.signal.addEventListener('abort', forward)
        const timer = clock.setTimer(() => {
          here(`expired @${clock.now()}`)
          const error = new Error(`over ${limit}`)
          reject(error)
          controller.abort(error)
        }, limit)
        next({ attempt: context.attempt, signal: controller.signal })
          .finally(() => {
            timer.cancel()
            context.signal.removeEventListener('abort', forward)
          })
          .then(resolve, reject)
      }),
  }
}

/** The general form, which does nothing but count. */
export function surrounder(clock: Clock): Toy {
  return {
    label: 'surrounder',
    layer: (log) => ({
      kind: 'surrounder',
      around: (context, inner) => {
        log(`around @${clock.now()}`)
        return inner.run(context.child())
      },
    }),
    nested: (log) => (next) => (context) => {
      log(`around @${clock.now()}`)
      return next(context)
    },
  }
}

/** A policy of one layer. */
export class ToyPolicy extends PolicyBase {
  readonly #layer: Layer

  constructor(layer: Layer) {
    super(layer.kind, undefined)
    this.#layer = layer
  }

  layers(): readonly Layer[] {
    return [this.#layer]
  }

  describe(): PolicyDescription[] {
    return []
  }
}

/** What a function does on one attempt. */
export interface Step {
  readonly after: number | 'now'
  readonly ends: 'value' | 'error' | 'throw'
  readonly obeys: boolean
}

/** A function that follows a script, one step an attempt, over and over. */
export function scripted(
  clock: Clock,
  steps: readonly Step[],
  log: Log,
): (context: ToyContext | CallContext) => unknown {
  let runs = 0
  return (context) => {
    const run = ++runs
    const { after, ends, obeys } = steps[(run - 1) % steps.length] as Step
    log(`run ${run} as attempt ${context.attempt} @${clock.now()}`)
    if (ends === 'throw') throw new Error(`error ${run}`)
    if (after === 'now') return ends === 'value' ? `value ${run}` : Promise.reject(new Error(`error ${run}`))
    return clock.sleep(after, obeys ? context.signal : undefined).then(() => {
      if (ends === 'error') throw new Error(`error ${run}`)
      return `value ${run}`
    })
  }
}
