/**
 * Makes real time and real chance throw within a simulation, where one hidden use of them would make runs differ.
 *
 * What runs beside the simulation in the same process is not touched: who is inside is known from the asynchronous context.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { RealTimeError } from './errors.ts'

/** What a simulation keeps of the first misuse: code that catches all errors must not hide it. */
interface Guard {
  first: RealTimeError | undefined
}

const inside = new AsyncLocalStorage<Guard>()
let guarded = 0
let restore: (() => void)[] = []

/**
 * Runs something that must not use real time or chance. The globals are what they were as soon as nothing runs so any more, also after a
 * failure.
 *
 * @throws RealTimeError at the place of the misuse, and again at the end.
 */
export async function withoutRealTime<T>(run: () => Promise<T>): Promise<T> {
  const guard: Guard = { first: undefined }
  if (guarded++ === 0) restore = arm()
  try {
    const value = await inside.run(guard, run)
    if (guard.first !== undefined) throw guard.first
    return value
  } catch (error) {
    throw guard.first ?? error
  } finally {
    if (--guarded === 0) for (const undo of restore.splice(0).reverse()) undo()
  }
}

/** Runs something that belongs to the world around the simulation, such as a progress bar. */
export function outsideSimulation<T>(run: () => T): T {
  return inside.exit(run)
}

type Callable = (...args: unknown[]) => unknown

/** By name, since the linter rightly refuses these globals anywhere else. */
const ambient = globalThis as unknown as Readonly<Record<string, Record<string, unknown>>>

const watched = [
  ['performance', 'now'],
  ['Math', 'random'],
  ['AbortSignal', 'timeout'],
  ['crypto', 'randomUUID'],
  ['crypto', 'getRandomValues'],
  ['', 'setTimeout'],
  ['', 'setInterval'],
  ['', 'setImmediate'],
] as const

function arm(): (() => void)[] {
  const undo = watched.flatMap(([owner, name]) => {
    const holder = owner === '' ? (globalThis as unknown as Record<string, unknown>) : ambient[owner]
    return holder === undefined ? [] : [replace(holder, owner === '' ? name : `${owner}.${name}`, name)]
  })
  return [...undo, replaceDate()]
}

function replace(holder: Record<string, unknown>, label: string, name: string): () => void {
  const before = Object.getOwnPropertyDescriptor(holder, name)
  const real = holder[name] as Callable
  const guardedCall = function (this: unknown, ...args: unknown[]): unknown {
    trip(label, guardedCall)
    return real.apply(this, args)
  }
  // What belongs to the function, such as the promise form of `setTimeout`, stays reachable.
  Object.defineProperties(guardedCall, Object.getOwnPropertyDescriptors(real))
  Object.defineProperty(holder, name, { value: guardedCall, configurable: true, writable: true })
  return () => {
    if (before === undefined) delete holder[name]
    else Object.defineProperty(holder, name, before)
  }
}

/** `new Date(0)` is plain data; only what reads the time is refused. */
function replaceDate(): () => void {
  const holder = globalThis as unknown as Record<string, unknown>
  const before = Object.getOwnPropertyDescriptor(holder, 'Date') as PropertyDescriptor
  const real = before.value as DateConstructor
  const guardedDate: DateConstructor = new Proxy(real, {
    get: (target, key, receiver) => {
      if (key === 'now') trip('Date.now', guardedDate)
      return Reflect.get(target, key, receiver)
    },
    apply: (target, self, args) => {
      trip('Date()', guardedDate)
      return Reflect.apply(target, self, args)
    },
    construct: (target, args, newTarget) => {
      if (args.length === 0) trip('new Date()', guardedDate)
      return Reflect.construct(target, args, newTarget)
    },
  })
  Object.defineProperty(holder, 'Date', { ...before, value: guardedDate })
  return () => Object.defineProperty(holder, 'Date', before)
}

/** The loop below `retry` reads a clock for a time limit that it was not given, and uses nothing of what it reads. */
const harmless = /\bpRetry\b|\bcalculateRemainingTime\b|[\\/]p-retry[\\/]/

function trip(used: string, from: object): void {
  const guard = inside.getStore()
  if (guard === undefined) return
  const at: { stack?: string } = {}
  // The types of V8's own function want the callee; a proxy counts as one.
  Error.captureStackTrace(at, from as Callable)
  const caller = at.stack?.split('\n').find((line) => /^\s+at (?!Object\.(get|apply|construct) )/.test(line))
  if (caller !== undefined && harmless.test(caller)) return
  const error = new RealTimeError(used, caller?.trim() ?? '')
  guard.first ??= error
  throw error
}
