/** Soaks a program in a process of its own, so that its memory and nobody else's is judged. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  type Clock,
  count,
  type Duration,
  duration,
  knownOptions,
  number,
  systemClock,
} from '@seaworthy/core'
import { type ChildConversation, childProcess, converse } from './child-process.ts'
import { type CountChange, changedCounts } from './gauges.ts'
import { type MemoryReport, memoryMonitor } from './monitor.ts'
import type { ObjectAccounts } from './object-accounting.ts'
import type { SoakLoad, SoakQuestions } from './soak-program.ts'

/** Options of {@link soakChild}. Those that are left out are the profile for continuous integration: some 25 seconds. */
export interface SoakOptions {
  /** The path of a module that calls {@link soakProgram}. */
  readonly program: string
  /** Options of Node for it, a loader for instance. @defaultValue none */
  readonly execArgv?: readonly string[]
  /** Arguments of the program. @defaultValue none */
  readonly args?: readonly string[]
  /** Operations started in a second. @defaultValue 200 */
  readonly rate?: number
  /** Load before the first reading. @defaultValue `'3s'` */
  readonly warmUp?: Duration
  /** Load under readings. On a machine that is too busy it takes up to six times as long. @defaultValue `'20s'` */
  readonly duration?: Duration
  /** How many readings, each right after forced collections. At least 24 are needed for a verdict. @defaultValue 40 */
  readonly readings?: number
  /** For how long a service has to keep within its growth; a leak is projected to it. @defaultValue `'4h'` */
  readonly contract?: Duration
  /** @defaultValue 10 */
  readonly growthThresholdPercent?: number
  /**
   * The largest share of time for forced collections. The child is there for nothing else, so it is larger than that of a monitor; fewer readings are
   * made where it is not enough. @defaultValue 0.5
   */
  readonly collectShare?: number
  /** Megabytes of a semi-space of the young generation. Fixed, so that it does not grow under the readings. @defaultValue 1 */
  readonly semiSpace?: number
  /** Whether to count live objects of the classes that the program names. @defaultValue false */
  readonly objectTracking?: boolean
  /** Ends the child and the soak: it rejects with the signal's reason. @defaultValue none */
  readonly signal?: AbortSignal
  /** @defaultValue the clock of the machine */
  readonly clock?: Clock
}

/** What a soak has found. */
export interface SoakReport extends MemoryReport {
  readonly operations: number
  readonly failures: number
  /** Operations that had not ended five seconds after the load. */
  readonly unfinished: number
  /** Gauges that are not exactly what they were before the load. Empty is good. */
  readonly gaugesLeft: readonly CountChange[]
  /** What each operation leaves behind. */
  readonly objects: ObjectAccounts
  /** Whether the verdict is `leak` or `native-or-fragmentation`, a gauge has changed, or something accumulates. */
  readonly leaks: boolean
}

const optionNames: readonly string[] = [
  'program',
  'execArgv',
  'args',
  'rate',
  'warmUp',
  'duration',
  'readings',
  'contract',
  'growthThresholdPercent',
  'collectShare',
  'semiSpace',
  'objectTracking',
  'signal',
  'clock',
]

/**
 * Runs a program under constant load in a child process, forces garbage collections at every reading, and judges what stays: by counting objects, by comparing
 * gauges, and by the floor of its memory. The child is gone afterwards, whatever happens.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 * @throws Error when the child ends before its time.
 *
 * @example
 * ```ts no-run
 * import { soakChild } from '@seaworthy/drill'
 *
 * const { leaks, verdict, objects } = await soakChild({ program: './soak.js' }) // it calls soakProgram({ operation })
 * console.log(leaks, verdict.reason, objects.accumulating)
 * ```
 */
export async function soakChild(options: SoakOptions): Promise<SoakReport> {
  knownOptions('soakChild', options, optionNames)
  const { program, execArgv = [], args = [], objectTracking = false, clock = systemClock } = options
  const rate = number('rate', options.rate ?? 200, 1)
  const warmUp = duration('warmUp', options.warmUp ?? '3s')
  const length = duration('duration', options.duration ?? '20s', 1000)
  const readings = count('readings', options.readings ?? 40, 24)
  const semiSpace = count('semiSpace', options.semiSpace ?? 1)

  const quiet = objectTracking ? ['--disable-warning=ExperimentalWarning'] : [] // of counting objects
  const flags = [...execArgv, ...quiet, '--expose-gc', `--max-semi-space-size=${semiSpace}`]
  const child = spawn(process.execPath, [...flags, program, ...args], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  try {
    await once(child, 'spawn')
    const conversation = converse(child)
    const load = { rate } satisfies SoakQuestions['load']
    await conversation.ask('load', load)
    await clock.sleep(warmUp, options.signal)
    // Caches may be full now; from here on, what is not in flight has to stay as it is.
    const { counts: before } = await conversation.ask<SoakLoad>('finish')
    await conversation.ask('load', load)
    const report = await watch(conversation, options, length, readings, clock)
    const { counts, ...done } = await conversation.ask<SoakLoad>('finish')
    const gaugesLeft = changedCounts(before, counts)
    const objects = await conversation.ask<ObjectAccounts>('account', {
      classes: objectTracking,
    } satisfies SoakQuestions['account'])
    conversation.close()
    const growing = report.verdict.verdict === 'leak' || report.verdict.verdict === 'native-or-fragmentation'
    const leaks = growing || gaugesLeft.length > 0 || objects.accumulating.length > 0
    return { ...report, ...done, gaugesLeft, objects, leaks }
  } finally {
    await end(child)
  }
}

async function watch(
  conversation: ChildConversation,
  { contract = '4h', growthThresholdPercent = 10, collectShare = 0.5, signal }: SoakOptions,
  length: number,
  readings: number,
  clock: Clock,
): Promise<MemoryReport> {
  const { read } = childProcess(conversation)
  let taken = 0
  const monitor = memoryMonitor({
    source: { read, close: () => {} }, // the conversation goes on after it
    contract,
    growthThresholdPercent,
    collectShare,
    interval: length / readings,
    duration: 6 * length,
    onSample: () => {
      if (++taken === readings) void monitor.stop()
    },
    collect: true,
    // The load has warmed it up already.
    warmUp: 0,
    clock,
  })
  monitor.start()
  const stop = (): void => void monitor.stop()
  signal?.addEventListener('abort', stop)
  const report = await monitor.finished.finally(() => signal?.removeEventListener('abort', stop))
  signal?.throwIfAborted()
  if (report.failure !== undefined) throw new Error(report.failure)
  return report
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
