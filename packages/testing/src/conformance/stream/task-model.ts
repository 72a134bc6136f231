/** A task as an object to be checked: the entry machine, with receipts as the stream made them. */
import type { Delivery, entryMachine, TaskCounts } from '@seaworthy/worker'
import type { Model } from '../linearizability.ts'

export type EntryMachine = typeof entryMachine

/** What the holder of a task can ask for. */
export type HolderStep = 'beat' | 'start' | 'acknowledge' | 'bury' | 'fail' | 'handBack'

/** What a client asked for. */
export type TaskInput =
  | { readonly type: 'enqueue' }
  /** Whatever there is. What it got is seen in the histories of those tasks. */
  | { readonly type: 'fetch' | 'reap'; readonly owner: string }
  | { readonly type: HolderStep; readonly owner: string; readonly receipt: string }

/** A hand-out, as far as it matters. */
export interface HandOut extends TaskCounts, Pick<Delivery, 'task' | 'receipt' | 'previousOwner'> {}

/** What it was told. */
export interface TaskOutput {
  readonly outcome: 'done' | 'lost' | 'full'
  /** Of a fetch or a reap, all of them; of one task, one. */
  readonly handOuts?: readonly HandOut[]
}

/** A task, if it was enqueued, and the receipt of its last hand-out. */
export interface KnownTask {
  readonly entry: entryMachine.Entry | undefined
  readonly receipt: string | undefined
}

/** Nothing is due later, and everybody counts as silent: time does not matter. */
const now = 0
const always = { delay: 0, minIdle: 0 }

/** The machine as a model of one task. */
export function taskModel(machine: EntryMachine): Model<KnownTask, TaskInput, TaskOutput> {
  return {
    initial: { entry: undefined, receipt: undefined },
    key: (known) => JSON.stringify(known),
    next(known, input, output) {
      const { entry } = known
      if (input.type === 'enqueue') {
        if (output?.outcome === 'full') return known
        return entry === undefined ? { entry: machine.enqueued(0, now), receipt: undefined } : undefined
      }
      if (entry === undefined) return undefined
      if (!('receipt' in input)) return handedOut(machine, entry, input, output)
      const { type, owner, receipt } = input
      const handOut = receipt === known.receipt ? entry.handOuts : -1
      const step = machine.next(entry, { type, by: { owner, handOut }, ...always }, now)
      if (output !== undefined && output.outcome !== step.outcome) return undefined
      return { entry: step.entry, receipt: known.receipt }
    },
  }
}

function handedOut(
  machine: EntryMachine,
  entry: entryMachine.Entry,
  { type, owner }: Extract<TaskInput, { readonly type: 'fetch' | 'reap' }>,
  output: TaskOutput | undefined,
): KnownTask | undefined {
  const input =
    type === 'fetch' ? ({ type: 'deliver', owner } as const) : ({ type: 'claim', owner, minIdle: 0 } as const)
  const step = machine.next(entry, input, now)
  if (step.outcome !== 'done') return undefined
  const [seen] = output?.handOuts ?? []
  // Nobody knows the receipt, so nobody can use it.
  if (seen === undefined) return { entry: step.entry, receipt: undefined }
  const previousOwner = entry.name === 'pending' ? entry.owner : undefined
  const { deliveries, starts, failures } = step.entry
  const asExpected =
    seen.deliveries === deliveries &&
    seen.starts === starts &&
    seen.failures === failures &&
    seen.previousOwner === previousOwner
  return asExpected ? { entry: step.entry, receipt: seen.receipt } : undefined
}
