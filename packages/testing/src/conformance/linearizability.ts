/**
 * Decides whether what concurrent clients saw can be explained by one object that did their operations one after the other, each
 * at some instant between its call and its return.
 *
 * Source: J. Wing, C. Gong, "Testing and Verifying Concurrent Objects" (1993); the memory of visited states is from G. Lowe, "Testing for
 * Linearizability" (2017).
 */

/** One operation of one client. */
export interface Operation<Input, Output> {
  readonly call: number
  /** Undefined if the client never heard: then it may have been done at any time after the call, or not at all. */
  readonly return: number | undefined
  readonly input: Input
  /** Undefined exactly if `return` is. */
  readonly output: Output | undefined
}

/** What the object should do. */
export interface Model<State, Input, Output> {
  readonly initial: State
  /**
   * @param output - What the client saw; undefined if that is not known.
   * @returns The state afterwards; undefined if the object cannot have answered so.
   */
  next(state: State, input: Input, output: Output | undefined): State | undefined
  /** States with equal keys are equal. */
  key(state: State): string
}

/** `unknown`: the budget was used up before there was an answer. */
export interface Verdict<Input, Output> {
  readonly verdict: 'linearizable' | 'violation' | 'unknown'
  /** Steps of the search. */
  readonly steps: number
  /** The longest explanation that was found. */
  readonly longest: readonly Operation<Input, Output>[]
  /** Of a violation: an operation that had returned and that nothing explains after `longest`. */
  readonly stuck: Operation<Input, Output> | undefined
}

interface Choice<State> {
  readonly state: State
  readonly done: bigint
  /** Indices that may come next, in reverse. */
  readonly candidates: number[]
}

/**
 * @param operations - Of one object. Must not be many hundreds, nor by many more than ten clients at once.
 * @param budget - The most steps.
 */
export function checkLinearizability<State, Input, Output>(
  operations: readonly Operation<Input, Output>[],
  model: Model<State, Input, Output>,
  budget = 200_000,
): Verdict<Input, Output> {
  const ordered = [...operations].sort((a, b) => a.call - b.call)
  const visited = new Set<string>()
  const path: number[] = []
  let longest: readonly number[] = []
  let steps = 0

  const isDone = (done: bigint, index: number): boolean => ((done >> BigInt(index)) & 1n) === 1n
  const explained = (done: bigint): boolean =>
    ordered.every((operation, index) => operation.return === undefined || isDone(done, index))
  /** Those that were called before the first of the others returned. */
  const candidates = (done: bigint): number[] => {
    let firstReturn = Number.POSITIVE_INFINITY
    const found: number[] = []
    for (const [index, operation] of ordered.entries()) {
      if (operation.call > firstReturn) break
      if (isDone(done, index)) continue
      found.push(index)
      firstReturn = Math.min(firstReturn, operation.return ?? Number.POSITIVE_INFINITY)
    }
    // Whoever returned first is likely to have been done first; the lost come last.
    const end = (index: number): number => ordered[index]?.return ?? Number.POSITIVE_INFINITY
    return found.filter((index) => (ordered[index]?.call ?? 0) <= firstReturn).sort((a, b) => end(b) - end(a))
  }
  const answer = (verdict: Verdict<Input, Output>['verdict']): Verdict<Input, Output> => {
    const order = longest.map((index) => ordered[index] as Operation<Input, Output>)
    const rest = ordered.filter((operation) => !order.includes(operation) && operation.return !== undefined)
    const stuck = rest.sort((a, b) => (a.return as number) - (b.return as number))[0]
    return { verdict, steps, longest: order, stuck: verdict === 'violation' ? stuck : undefined }
  }

  const stack: Choice<State>[] = [{ state: model.initial, done: 0n, candidates: candidates(0n) }]
  while (stack.length > 0) {
    const { state, done, candidates: left } = stack.at(-1) as Choice<State>
    if (explained(done)) {
      longest = [...path]
      return answer('linearizable')
    }
    const index = left.pop()
    if (index === undefined) {
      stack.pop()
      path.pop()
      continue
    }
    if (++steps > budget) return answer('unknown')
    const operation = ordered[index] as Operation<Input, Output>
    const next = model.next(state, operation.input, operation.output)
    if (next === undefined) continue
    const doneNext = done | (1n << BigInt(index))
    const place = `${doneNext.toString(36)} ${model.key(next)}`
    if (visited.has(place)) continue
    visited.add(place)
    path.push(index)
    if (path.length > longest.length) longest = [...path]
    stack.push({ state: next, done: doneNext, candidates: candidates(doneNext) })
  }
  return answer('violation')
}
