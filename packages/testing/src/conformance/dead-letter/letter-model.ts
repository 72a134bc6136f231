/** A letter as an object to be checked: the letter machine, with fences as the store made them. */
import type { LetterState, letterMachine, SettleOutcome } from '@seaworthy/dead-letter'
import type { Model } from '../linearizability.ts'

export type LetterMachine = typeof letterMachine

/** What a client asked for. */
export type LetterInput =
  /** For letters of one type. What it took away is seen in the histories of those letters. */
  | { readonly type: 'claim'; readonly owner: string; readonly of: string }
  | { readonly type: 'retry'; readonly owner: string; readonly oneStep: boolean }
  | { readonly type: 'discard' }
  | { readonly type: 'renew'; readonly fence: number }
  | {
      readonly type: 'settle'
      readonly fence: number
      readonly outcome: SettleOutcome
      readonly oneStep: boolean
    }

/** What it was told. */
export interface LetterOutput {
  /** In the words of the store; `done` and `stale` for renewals. */
  readonly outcome: string
  readonly fence?: number
  /** Of a claim, each letter it got. */
  readonly letters?: readonly { readonly id: string; readonly state: LetterState }[]
  /** Of one letter that was claimed. */
  readonly state?: LetterState
}

/** A letter, and the greatest fence that anybody was told. */
export interface KnownLetter {
  readonly condition: letterMachine.Condition
  readonly floor: number
}

/** Leases are long, so time does not matter. */
const now = 0
const lasting = 1

/** A fence that nobody was told. */
const untold = Number.NaN

/** The machine as a model of one letter. */
export function letterModel(machine: LetterMachine): Model<KnownLetter, LetterInput, LetterOutput> {
  return {
    initial: { condition: machine.newlyDead(undefined), floor: 0 },
    key: ({ condition, floor }) => JSON.stringify([condition, floor]),
    next(known, input, output) {
      const { condition, floor } = known
      const fence = output?.fence ?? untold
      const step = machine.next(condition, machineInput(input, fence), now)
      if (output === undefined) return { condition: step.condition, floor }
      // A store may forget letters that are settled.
      if (output.outcome === 'missing') return machine.isSettled(condition.state) ? known : undefined
      if (output.outcome !== expected(input, step)) return undefined
      if (output.state !== undefined && output.state !== step.condition.state) return undefined
      if (output.fence === undefined) return { condition: step.condition, floor }
      return output.fence > floor ? { condition: step.condition, floor: output.fence } : undefined
    },
  }
}

function machineInput(input: LetterInput, fence: number): letterMachine.Input {
  const until = lasting
  switch (input.type) {
    case 'claim':
      return { type: 'claim', lease: { owner: input.owner, fence, until } }
    case 'retry':
      return { type: 'retry', oneStep: input.oneStep, lease: { owner: input.owner, fence, until } }
    case 'discard':
      return input
    case 'renew':
      return { type: 'renew', fence: input.fence, until }
    case 'settle':
      return input
  }
}

/** The word for what the machine did. */
function expected(input: LetterInput, { answer, condition }: letterMachine.Step): string {
  if (answer !== 'done') return answer
  if (input.type === 'retry') return condition.state
  return input.type === 'discard' ? 'discarded' : 'done'
}
