/** Plays a scenario with clients that are processes of their own, some of which are killed in the middle of an operation. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import type { Line } from './history.ts'
import type { SharedPlace, StoreKind } from './kit.ts'
import { type Scenario, turns } from './scenario.ts'

/** What a client is asked to do, one after the other. A line of JSON each, on its standard input. */
export type Step =
  | {
      readonly step: 'connect'
      readonly kind: StoreKind
      readonly name: string
      readonly seed: number
      readonly argument: unknown
    }
  | { readonly step: 'prepare'; readonly turns: number }
  /** `begin` is a time that all processes share, in nanoseconds. */
  | {
      readonly step: 'play'
      readonly begin: number
      readonly turns: number
      readonly prepared: unknown
      /** At which operation it kills itself. */
      readonly dieAt: number | undefined
    }
  | { readonly step: 'finish'; readonly prepared: unknown }

/** What it prints: a line of a history, or that a step is done. */
export type Said =
  | { readonly line: Line<unknown, unknown> }
  | { readonly done: true; readonly value?: unknown }

/** Each of them has several lanes; see `client.ts`. Those with a number kill themselves at that operation. */
const players: readonly (number | undefined)[] = [20, 60, undefined]

/** @throws Error when the history cannot be explained, or a client fails. */
export async function playInProcesses<Store, Input, Output, Prepared, Finished>(
  kind: StoreKind,
  scenario: Scenario<Store, Input, Output, Prepared, Finished>,
  place: SharedPlace,
  seed: number,
): Promise<void> {
  const names = ['keeper', ...players.map((_, player) => `process${player}`)]
  const clients = names.map((name) => new ClientProcess(place, name))
  try {
    const { argument } = place
    await Promise.all(
      clients.map((client, i) =>
        client.ask({ step: 'connect', kind, name: names[i] as string, seed, argument }),
      ),
    )
    const [keeper, ...others] = clients as [ClientProcess, ...ClientProcess[]]
    const prepared = (await keeper.ask({ step: 'prepare', turns })) as Prepared
    const begin = Number(process.hrtime.bigint())
    const played = others.map((client, player) => {
      const dieAt = players[player]
      const asked = client.ask({ step: 'play', begin, turns, prepared, dieAt })
      return dieAt === undefined ? asked : client.killed(asked)
    })
    await Promise.all(played)
    const finished = (await keeper.ask({ step: 'finish', prepared })) as Finished
    await scenario.verify(
      clients.flatMap(({ lines }) => lines as Line<Input, Output>[]),
      prepared,
      finished,
    )
  } finally {
    await Promise.all(clients.map((client) => client.end()))
  }
}

class ClientProcess {
  readonly lines: Line<unknown, unknown>[] = []
  readonly #name: string
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #ended: Promise<unknown>
  #answer: ((value: unknown) => void) | undefined

  constructor({ program, execArgv = [] }: SharedPlace, name: string) {
    this.#name = name
    this.#child = spawn(process.execPath, [...execArgv, program], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child.stdin.on('error', () => {}) // it may be dead
    const reader = createInterface({ input: this.#child.stdout })
    reader.on('line', (text) => this.#hear(text))
    this.#ended = once(reader, 'close')
  }

  /** @returns What it answers. @throws Error when it ends before. */
  async ask(step: Step): Promise<unknown> {
    const answer = new Promise<unknown>((resolve) => {
      this.#answer = resolve
    })
    this.#child.stdin.write(`${JSON.stringify(step)}\n`)
    const failed = this.#ended.then(() => {
      throw new Error(`The client '${this.#name}' ended during '${step.step}'; see its standard error`)
    })
    return Promise.race([answer, failed])
  }

  /** Waits for the end of one that kills itself. @throws Error when it ended in another way. */
  async killed(asked: Promise<unknown>): Promise<void> {
    await Promise.allSettled([asked])
    this.#child.stdin.end()
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit')
    if (this.#child.signalCode !== 'SIGKILL')
      throw new Error(`The client '${this.#name}' was done before it could be killed`)
  }

  /** Ends it if it still runs, and waits for that. */
  async end(): Promise<void> {
    this.#child.stdin.end()
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGKILL')
      await once(this.#child, 'exit')
    }
    await this.#ended
  }

  #hear(text: string): void {
    const said = JSON.parse(text) as Said
    if ('line' in said) this.lines.push(said.line)
    else this.#answer?.(said.value)
  }
}
