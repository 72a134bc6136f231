/** The program of the processes that `processes.ts` starts: does one task, prints what it found, ends. */
import { countCollections, measureBytes } from './garbage.ts'
import { measure } from './harness.ts'
import { countTimers, measureIdle, measureTraffic } from './memory.ts'
import { subject } from './subjects/index.ts'

const tasks = {
  speed: (name: string, slices: number) => measure(subject(name), { slices }),
  bytes: measureBytes,
  collections: countCollections,
  idle: measureIdle,
  traffic: measureTraffic,
  timers: countTimers,
}

/** What can be asked of a process. */
export type Task = keyof typeof tasks

const [task, parameters] = process.argv.slice(2) as [Task, string]
const answer = await (tasks[task] as (...parameters: unknown[]) => unknown)(...JSON.parse(parameters))
// Some libraries leave timers behind; the process need not wait for them.
process.stdout.write(JSON.stringify(answer), () => process.exit())
