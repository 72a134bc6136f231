/** Many clients that do the same things to the same few objects at the same time, in one process. */
import { seededRandom } from '@seaworthy/testing'
import { type Line, Recorder } from './history.ts'

/** One of the clients. */
export interface Client<Store, Input, Output> {
  readonly store: Store
  readonly recorder: Recorder<Input, Output>
  readonly random: () => number
  /** A name that nobody has used yet. */
  newOwner(): string
}

/** What clients do, and what has to be true of what they saw. */
export interface Scenario<Store, Input, Output, Prepared, Finished> {
  /** Before the clients begin. What it returns is told to each of them, and has to be JSON. */
  prepare(store: Store, turns: number): Promise<Prepared>
  /** A few operations on the objects of one turn: histories have to stay short, so each turn has objects of its own. */
  round(client: Client<Store, Input, Output>, turn: number, prepared: Prepared): Promise<void>
  /** When all clients are done or dead. */
  finish(client: Client<Store, Input, Output>, prepared: Prepared): Promise<Finished>
  /** @throws Error that says what cannot be true. */
  verify(lines: readonly Line<Input, Output>[], prepared: Prepared, finished: Finished): Promise<void>
}

/** How many operations at once one history may have; see {@link checkLinearizability}. */
const lanes = 8
export const turns = 40
export const roundsInTurn = 2

/** Makes a client. @param name - Of no other client. */
export function newClient<Store, Input, Output>(
  store: Store,
  name: string,
  seed: number,
  write: (line: Line<Input, Output>) => void,
): Client<Store, Input, Output> {
  let owners = 0
  return {
    store,
    recorder: new Recorder(name, write),
    random: seededRandom(`${seed} ${name}`),
    newOwner: () => `${name}.${++owners}`,
  }
}

/**
 * Plays a scenario in this process, and verifies it.
 *
 * @param during - Runs beside each turn, so that something happens meanwhile.
 */
export async function playAtOnce<Store, Input, Output, Prepared, Finished>(
  scenario: Scenario<Store, Input, Output, Prepared, Finished>,
  store: Store,
  seed: number,
  during: (turn: number) => unknown = () => {},
): Promise<readonly Line<Input, Output>[]> {
  const lines: Line<Input, Output>[] = []
  const write = (line: Line<Input, Output>): void => void lines.push(line)
  const clients = Array.from({ length: lanes }, (_, lane) => newClient(store, `lane${lane}`, seed, write))
  const prepared = await scenario.prepare(store, turns)
  for (let turn = 0; turn < turns; turn++) {
    const work = clients.map(async (client) => {
      for (let i = 0; i < roundsInTurn; i++) await scenario.round(client, turn, prepared)
    })
    await Promise.all([during(turn), ...work])
  }
  const finished = await scenario.finish(newClient(store, 'keeper', seed, write), prepared)
  await scenario.verify(lines, prepared, finished)
  return lines
}
