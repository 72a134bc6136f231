/**
 * Measures what a library adds to a call.
 *
 * All contenders of a subject run in one process, slice by slice of about two milliseconds in turn, so that whatever
 * the machine does meanwhile meets all of them. The slices of a contender count by their 10th percentile: the cost
 * when nobody disturbs. It is compared with the same percentile of the baseline in the same process.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { percentile } from './statistics.ts'

/** A function as users have it. */
export type AsyncFunction = () => Promise<unknown>

/** Runs a function the way one library does. */
export type Execute = (fn: AsyncFunction) => Promise<unknown>

/** A library in one configuration. */
export interface Contender {
  /** `library: configuration`. */
  readonly name: string
  /** Makes a fresh instance. */
  readonly build: () => Execute | Promise<Execute>
  /** A hand-written lower bound. It does none of the work. */
  readonly floor?: true
}

/** One thing that is measured. */
export interface Subject {
  readonly name: string
  readonly title: string
  /** The first is the baseline. */
  readonly contenders: readonly Contender[]
  /** Makes what is called: one function, or a power of two of different ones, called in turn. */
  readonly functions: () => readonly AsyncFunction[]
  /** Throws unless the contender does what the title says. Runs after the measurement, on the same instance. */
  readonly verify: (execute: Execute) => Promise<void>
  /** Whether calls reject. @defaultValue `false` */
  readonly rejects?: boolean
  /** How many calls are in flight at any time. @defaultValue 1 */
  readonly inFlight?: number
  /** Calls come in groups of so many, for functions that behave differently from call to call. @defaultValue 1 */
  readonly period?: number
}

export interface Settings {
  /** How many slices each contender runs, unless it is so slow that its time is up before. */
  readonly slices: number
}

/** What one process found out about one contender. */
export interface Measurement {
  readonly contender: string
  /** Nanoseconds per call in a quiet slice. */
  readonly nanoseconds: number
  /** The same as a multiple of the baseline. */
  readonly ratio: number
}

/** The call itself. Everything else is compared with it. */
export const bare: Contender = { name: 'bare await fn()', build: () => (fn) => fn(), floor: true }

const sliceMilliseconds = 2
const warmUpMilliseconds = 20
const warmUpRounds = 3
/** A contender that has taken this many times its share stops early, after `fewestSlices` at least. */
const patience = 3
const fewestSlices = 5

type Loop = (calls: number) => Promise<void>

interface Runner {
  readonly name: string
  readonly floor: boolean
  readonly execute: Execute
  readonly run: Loop
  /** Calls per slice. */
  calls: number
  /** Milliseconds, all slices together. */
  spent: number
  readonly slices: number[]
}

/** Measures all contenders of a subject in this process. */
export async function measure(subject: Subject, { slices }: Settings): Promise<Measurement[]> {
  const runners: Runner[] = []
  for (const contender of subject.contenders) runners.push(await prepare(subject, contender))

  const step = callsPerStep(subject)
  for (let round = 0; round < warmUpRounds; round++) {
    for (const runner of runners) runner.calls = await callsFor(warmUpMilliseconds, runner, step)
  }
  for (const runner of runners) runner.calls = await callsFor(sliceMilliseconds, runner, step)

  const allowance = slices * sliceMilliseconds * patience
  for (let round = 0; round < slices; round++) {
    // A slice pays for some of the garbage of the one before, so nobody always follows the same.
    for (const runner of shuffled(runners)) {
      if (runner.spent > allowance && runner.slices.length >= fewestSlices) continue
      await nextTurn()
      const nanoseconds = await slice(runner, runner.calls)
      runner.slices.push(nanoseconds)
      runner.spent += (nanoseconds * runner.calls) / 1e6
    }
  }

  for (const { name, execute, floor } of runners) {
    if (floor) continue
    await subject.verify(execute).catch((error) => {
      throw new Error(`${subject.name}: ${name} does not do its job`, { cause: error })
    })
  }
  const base = quiet(runners[0] as Runner)
  return runners.map((runner) => ({
    contender: runner.name,
    nanoseconds: quiet(runner),
    ratio: quiet(runner) / base,
  }))
}

const quiet = ({ slices }: Runner): number => percentile(slices, 0.1)

async function prepare(subject: Subject, contender: Contender): Promise<Runner> {
  const execute = await contender.build()
  const run = loopOf(subject, contender, execute)
  const { name, floor = false } = contender
  return { name, floor, execute, run, calls: 1, spent: 0, slices: [] }
}

/** Nanoseconds per call. */
async function slice(runner: Runner, calls: number): Promise<number> {
  const began = performance.now()
  await runner.run(calls)
  return ((performance.now() - began) * 1e6) / calls
}

/** As many calls as take so long, found by doubling; this runs them, too. */
async function callsFor(milliseconds: number, runner: Runner, step: number): Promise<number> {
  await nextTurn()
  for (let calls = step; ; calls *= 2) {
    const took = ((await slice(runner, calls)) * calls) / 1e6
    if (took < milliseconds / 2) continue
    return Math.max(step, Math.round((calls * milliseconds) / took / step) * step)
  }
}

function shuffled<T>(values: readonly T[]): T[] {
  return values
    .map((value) => ({ value, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ value }) => value)
}

/** Calls are counted in multiples of this. */
function callsPerStep({ inFlight = 1, period = 1 }: Subject): number {
  return inFlight * period
}

/**
 * The loop around the calls, compiled anew for every contender. V8 keeps what it learned about a call with the place
 * in the source: a loop that all shared would be slow for all of them, and most of all for the fastest.
 */
export function loopOf(subject: Subject, contender: Contender, execute: Execute): Loop {
  const { inFlight = 1 } = subject
  const functions = subject.functions()
  const fn = functions.length === 1 ? 'fn' : `functions[i & ${functions.length - 1}]`
  const call = contender === bare ? `${fn}()` : `execute(${fn})`
  const statement = subject.rejects ? `try { await ${call} } catch {}` : `await ${call}`
  const lane = new Function(
    'execute',
    'functions',
    `'use strict' // ${subject.name}, ${contender.name}
    const [fn] = functions
    return async (calls) => { for (let i = 0; i < calls; i++) ${statement} }`,
  )(execute, functions) as Loop
  if (inFlight === 1) return lane
  return async (calls) => {
    await Promise.all(Array.from({ length: inFlight }, () => lane(calls / inFlight)))
  }
}
