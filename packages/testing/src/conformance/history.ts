/** What clients have asked and were told, object by object, with times that all processes of a machine share. */
import { expect } from 'expect'
import { checkLinearizability, type Model, type Operation } from './linearizability.ts'

/** The beginning of an operation, or its end. Plain data, so it can come from another process. */
export type Line<Input, Output> =
  | { readonly id: string; readonly key: string; readonly call: number; readonly input: Input }
  | { readonly id: string; readonly return: number; readonly output: Output }
  /** It was never sent, so it never happened. */
  | { readonly id: string; readonly unsent: true }

/** Monotonic, and the same clock in all processes of a machine. */
const nanoseconds = (): number => Number(process.hrtime.bigint())

/** Writes lines before an operation is sent and after it was answered. */
export class Recorder<Input, Output> {
  readonly #client: string
  readonly #write: (line: Line<Input, Output>) => void
  #operations = 0

  /** @param client - A name that no other recorder of the history has. */
  constructor(client: string, write: (line: Line<Input, Output>) => void) {
    this.#client = client
    this.#write = write
  }

  /** How many operations have begun. */
  get operations(): number {
    return this.#operations
  }

  /**
   * Asks, and writes both. What rejects may have been carried out, now or later, so it stays open.
   *
   * @param after - What the store may do by itself, at any time after the call, when it rejects.
   * @returns The answer, or undefined if there was none.
   */
  async observe<Answer extends Output>(
    key: string,
    input: Input,
    ask: () => Promise<Answer>,
    after?: Input,
  ): Promise<Answer | undefined> {
    const id = `${this.#client}.${++this.#operations}`
    const call = nanoseconds()
    this.#write({ id, key, call, input })
    try {
      const output = await ask()
      this.#write({ id, return: nanoseconds(), output })
      return output
    } catch (error) {
      const { reason } = error as { readonly reason?: unknown }
      if (reason === 'disconnected') this.#write({ id, unsent: true })
      else if (after !== undefined) this.#write({ id: `${id}.after`, key, call, input: after })
      return undefined
    }
  }
}

/** The operations of each key. */
function histories<Input, Output>(
  lines: readonly Line<Input, Output>[],
): ReadonlyMap<string, readonly Operation<Input, Output>[]> {
  const ends = new Map<string, Line<Input, Output>>()
  for (const line of lines) if (!('call' in line)) ends.set(line.id, line)
  const byKey = new Map<string, Operation<Input, Output>[]>()
  for (const line of lines) {
    if (!('call' in line)) continue
    const { id, key, call, input } = line
    const end = ends.get(id)
    if (end !== undefined && 'unsent' in end) continue
    const told = end !== undefined && 'return' in end ? end : undefined
    const operation = { call, input, return: told?.return, output: told?.output }
    byKey.set(key, [...(byKey.get(key) ?? []), operation])
  }
  return byKey
}

/**
 * That every history can be explained by the model.
 *
 * @throws Error with the operation that cannot, and what happened before it.
 */
export function expectLinearizable<State, Input, Output>(
  lines: readonly Line<Input, Output>[],
  model: Model<State, Input, Output>,
): void {
  for (const [key, operations] of histories(lines)) {
    const { verdict, longest, stuck } = checkLinearizability(operations, model)
    if (verdict === 'linearizable') continue
    if (verdict === 'unknown') throw new Error(`The history of ${key} is too long to be explained or refuted`)
    const before = longest.slice(-8).map(sentence)
    throw new Error(
      [
        `The history of ${key} is not linearizable. After`,
        ...before,
        'nothing explains',
        sentence(stuck),
      ].join('\n  '),
    )
  }
}

/** That a history has all that makes it worth looking at. */
export function expectToHaveSeen(outputs: Iterable<string>, wanted: readonly string[]): void {
  expect([...new Set(outputs)]).toEqual(expect.arrayContaining([...wanted]))
}

function sentence(operation: Operation<unknown, unknown> | undefined): string {
  const { input, output } = operation ?? {}
  return `${JSON.stringify(input)} → ${output === undefined ? 'no answer' : JSON.stringify(output)}`
}
