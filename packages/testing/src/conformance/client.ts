/** The program of a client process; see `processes.ts` for what it is asked. */
import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setImmediate } from 'node:timers'
import { systemClock } from '@seaworthy/core'
import type { DeadLetterStore } from '@seaworthy/dead-letter'
import type { IdempotencyStore } from '@seaworthy/idempotency'
import type { TaskStream } from '@seaworthy/worker'
import { letterScenario } from './dead-letter/scenario.ts'
import type { Line } from './history.ts'
import { recordScenario } from './idempotency/scenario.ts'
import type { StoreKind } from './kit.ts'
import type { Said, Step } from './processes.ts'
import { type Client, newClient, roundsInTurn, type Scenario } from './scenario.ts'
import { taskScenario } from './stream/scenario.ts'

/** A store that a client process has connected with. */
export interface ConnectedStore<Store> {
  readonly store: Store
  /** Ends its connections, so that the process can end. */
  close?(): Promise<void>
}

/** How a client process connects, by the kind of store. `argument` is what {@link SharedPlace.argument} said. */
export interface ClientStores {
  readonly idempotency?: (argument: never) => Promise<ConnectedStore<IdempotencyStore>>
  readonly deadLetters?: (argument: never) => Promise<ConnectedStore<DeadLetterStore>>
  readonly taskStream?: (argument: never) => Promise<ConnectedStore<TaskStream>>
}

/**
 * All of the program that level L3 starts: it connects, and then does what the kit asks it to do on its standard input, until
 * that ends. Nothing else may print to standard output.
 *
 * A client must not send again by itself what was not answered: the history knows of one call.
 *
 * @example
 * ```ts
 * import { memoryIdempotencyStore } from '@seaworthy/idempotency'
 * import { conformanceClient } from '@seaworthy/testing/conformance'
 *
 * // A real one connects with the server that `argument` names, of course.
 * await conformanceClient({ idempotency: async (_argument) => ({ store: memoryIdempotencyStore() }) })
 * ```
 */
export async function conformanceClient(stores: ClientStores): Promise<void> {
  let player: Player | undefined
  for await (const text of createInterface({ input: process.stdin })) {
    const step = JSON.parse(text) as Step
    if (step.step === 'connect') player = await connect(stores, step)
    else if (step.step === 'prepare') say({ done: true, value: await player?.prepare(step.turns) })
    else if (step.step === 'play') await player?.play(step)
    else say({ done: true, value: await player?.finish(step.prepared) })
    if (step.step === 'connect' || step.step === 'play') say({ done: true })
  }
  await player?.close()
}

/** How many things one process does at once. With three processes that is what a history can bear. */
const lanesInProcess = 3
/** So long do the clients of all processes use the same objects, in nanoseconds. */
const turnTime = 40e6

// The scenarios have nothing in common but their shape.
// biome-ignore lint/suspicious/noExplicitAny: see above
type AnyScenario = Scenario<any, any, any, any, any>

interface Player {
  prepare(turns: number): Promise<unknown>
  play(step: Step & { readonly step: 'play' }): Promise<void>
  finish(prepared: unknown): Promise<unknown>
  close(): Promise<void>
}

const kinds: Record<StoreKind, [name: keyof ClientStores, scenario: AnyScenario]> = {
  'idempotency-store': ['idempotency', recordScenario],
  'dead-letter-store': ['deadLetters', letterScenario],
  'task-stream': ['taskStream', taskScenario],
}

async function connect(
  stores: ClientStores,
  { kind, name, seed, argument }: Step & { readonly step: 'connect' },
): Promise<Player> {
  const [option, scenario] = kinds[kind]
  const create = stores[option]
  if (create === undefined) throw new Error(`conformanceClient needs '${option}'`)
  const { store, close } = await create(argument as never)
  let dieAt: number | undefined
  let operations = 0
  const write = (line: Line<unknown, unknown>): void => {
    say({ line })
    // So it dies when the request has been sent, and before there can be an answer.
    if ('call' in line && ++operations === dieAt) dieSoon()
  }
  const client = (lane: string): Client<unknown, unknown, unknown> =>
    newClient(store, `${name}${lane}`, seed, write)
  return {
    prepare: (turns) => scenario.prepare(store, turns),
    async play({ begin, turns, prepared, dieAt: last }) {
      dieAt = last
      const lanes = Array.from({ length: lanesInProcess }, (_, lane) => client(`/${lane}`))
      await Promise.all(lanes.map((lane) => playLane(scenario, lane, begin, turns, prepared)))
      if (dieAt === undefined || operations >= dieAt) return
      // A machine too slow for so many operations in that time kills nobody else's test: the next one is the last.
      operations = dieAt - 1
      await scenario.round(client('/last'), turns - 1, prepared)
    },
    finish: (prepared) => scenario.finish(client(''), prepared),
    close: async () => close?.(),
  }
}

async function playLane(
  scenario: AnyScenario,
  client: Client<unknown, unknown, unknown>,
  begin: number,
  turns: number,
  prepared: unknown,
): Promise<void> {
  const elapsed = (): number => Number(process.hrtime.bigint()) - begin
  for (let turn = Math.floor(elapsed() / turnTime); turn < turns; turn = Math.floor(elapsed() / turnTime)) {
    for (let i = 0; i < roundsInTurn; i++) await scenario.round(client, turn, prepared)
    await systemClock.sleep(Math.max(1, ((turn + 1) * turnTime - elapsed()) / 1e6))
  }
}

function dieSoon(): void {
  setImmediate(() => process.kill(process.pid, 'SIGKILL'))
}

/** At once, since it may be the last thing that the process does. */
function say(said: Said): void {
  writeSync(1, `${JSON.stringify(said)}\n`)
}
