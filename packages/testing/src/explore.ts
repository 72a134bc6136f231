/**
 * Bounded exhaustive exploration: all states of a machine that a set of inputs can lead to, breadth first.
 *
 * Random histories of ten inputs see nothing of a machine whose interesting states lie thirty inputs deep, and
 * this visits every one. What it says is exact for the inputs and sizes it was given. Since the search is breadth
 * first, the first path to a broken rule is also the shortest.
 *
 * Source: the technique of explicit-state model checking, as in C. Baier, J.-P. Katoen, "Principles of Model
 * Checking", chapter 3.3 (invariants) and 6.4 (reachability by backward search).
 */
import { systemClock } from '@seaworthy/core'

/** One step of the machine: `to` is what `input` makes of `from`. */
export interface Step<State, Input> {
  readonly from: State
  readonly input: Input
  readonly to: State
}

/** A set of states that must never get out of reach. */
export interface Goal<State, Input> {
  /** Whether a state belongs to it. */
  reached(state: State): boolean
  /** The states it must be reachable from. @defaultValue all */
  from?(state: State): boolean
  /** The inputs that may be used on the way. @defaultValue all */
  using?(input: Input): boolean
}

/** The machine, and what must be true of it. */
export interface Exploration<State, Input> {
  readonly initial: State
  /** The inputs to try in a state. */
  inputs(state: State): Iterable<Input>
  /**
   * The state that follows. Must leave the given state as it is. An error it throws is a broken rule and is
   * reported with the path, so models and implementations can be compared in here with any assertion library.
   */
  next(state: State, input: Input): State
  /**
   * Names a state. States with the same name are taken to have the same future, so leave out what has no
   * influence on it (absolute times, counters of the past), or the search will not end.
   */
  key(state: State): string
  /** Must be true after every step, by name. One that throws is broken, too. */
  readonly invariants?: Readonly<Record<string, (step: Step<State, Input>) => boolean>>
  /** Must stay reachable, by name; for example "closed again". */
  readonly goals?: Readonly<Record<string, Goal<State, Input>>>
  /** Must be true of some step at least, by name: proof that the exploration got to the interesting parts. */
  readonly sometimes?: Readonly<Record<string, (step: Step<State, Input>) => boolean>>
  /** Names the transition that a step is; the names are collected in {@link Explored.transitions}. */
  transition?(step: Step<State, Input>): string | undefined
  /** The most states to visit. @defaultValue 1,000,000 */
  readonly limit?: number
  /** Writes an input for people. @defaultValue texts as they are, others as JSON */
  show?(input: Input): string
}

/** What was seen. */
export interface Explored {
  /** Different states, the initial one included. */
  readonly states: number
  /** Steps taken: inputs tried over all states. */
  readonly edges: number
  /** Inputs on the way to the farthest state. */
  readonly depth: number
  /** The names of the transitions, sorted. */
  readonly transitions: readonly string[]
  /** Milliseconds of real time. */
  readonly elapsed: number
}

/** A rule does not hold. Its message shows the shortest way there. */
export class Counterexample<Input = unknown> extends Error {
  override name = 'Counterexample'
  /** The rule that does not hold. */
  readonly rule: string
  /** The inputs that lead there from the initial state, as few as possible. */
  readonly path: readonly Input[]

  constructor(rule: string, path: readonly Input[], shown: readonly string[], cause?: unknown) {
    const way = shown.length === 0 ? 'in the initial state' : `after: ${shown.join(' → ')}`
    super(`${rule}\n${way}`, cause === undefined ? {} : { cause })
    this.rule = rule
    this.path = path
  }
}

/**
 * Visits every reachable state of a machine and checks its rules on every step.
 *
 * @throws {@link Counterexample} when a rule does not hold.
 * @throws Error when there are more states than `limit`, or something in `sometimes` never happened.
 *
 * @example
 * ```ts
 * import { explore } from '@seaworthy/testing'
 *
 * // A door with a lock: it must never be locked while it stands open.
 * const seen = explore({
 *   initial: { open: false, locked: false },
 *   inputs: () => ['push', 'turn key'],
 *   next: (door, input) =>
 *     input === 'push'
 *       ? { ...door, open: door.locked ? door.open : !door.open }
 *       : { ...door, locked: door.open ? false : !door.locked },
 *   key: (door) => JSON.stringify(door),
 *   invariants: { 'never locked while open': ({ to }) => !(to.open && to.locked) },
 *   goals: { 'open again': { reached: (door) => door.open } },
 * })
 * console.log(seen.states, seen.edges) // 3 6
 * ```
 */
export function explore<State, Input>(machine: Exploration<State, Input>): Explored {
  const start = systemClock.now()
  const graph = new Graph(machine)
  graph.search()
  graph.checkGoals()
  graph.checkSometimes()
  const { states, edges, depth, transitions } = graph
  return { states, edges, depth, transitions, elapsed: systemClock.now() - start }
}

/** States are numbers in the order they were found; what is known about each is in parallel lists. */
class Graph<State, Input> {
  readonly #machine: Exploration<State, Input>
  readonly #numbers = new Map<string, number>()
  readonly #states: State[] = []
  /** The state each was first reached from, and the input that did it. */
  readonly #parents: number[] = []
  readonly #arrivals: (Input | undefined)[] = []
  readonly #depths: number[] = []
  /** Edges, for the backward search; kept only when there are goals. */
  readonly #sources: number[] = []
  readonly #targets: number[] = []
  readonly #inputs: Input[] = []
  readonly #transitions = new Set<string>()
  readonly #missing: Map<string, (step: Step<State, Input>) => boolean>
  readonly #limit: number
  edges = 0

  constructor(machine: Exploration<State, Input>) {
    this.#machine = machine
    this.#limit = machine.limit ?? 1_000_000
    this.#missing = new Map(Object.entries(machine.sometimes ?? {}))
  }

  get states(): number {
    return this.#states.length
  }

  get depth(): number {
    return this.#depths.at(-1) ?? 0
  }

  get transitions(): string[] {
    return [...this.#transitions].sort()
  }

  search(): void {
    this.#visit(this.#machine.initial, -1, undefined)
    // New states are appended while the list is walked: that is what makes it breadth first.
    for (let from = 0; from < this.#states.length; from++) {
      for (const input of this.#machine.inputs(this.#states[from] as State)) this.#take(from, input)
    }
  }

  #take(from: number, input: Input): void {
    this.edges++
    const step = this.#step(from, input)
    for (const [name, happens] of this.#missing) {
      if (happens(step)) this.#missing.delete(name)
    }
    const transition = this.#machine.transition?.(step)
    if (transition !== undefined) this.#transitions.add(transition)
    const to = this.#visit(step.to, from, input)
    if (this.#machine.goals === undefined) return
    this.#sources.push(from)
    this.#targets.push(to)
    this.#inputs.push(input)
  }

  /** Whatever is thrown on the way, by the machine or by a rule, is a broken rule. */
  #step(number: number, input: Input): Step<State, Input> {
    const from = this.#states[number] as State
    try {
      const step = { from, input, to: this.#machine.next(from, input) }
      for (const [name, holds] of Object.entries(this.#machine.invariants ?? {})) {
        if (!holds(step)) throw new Error(`'${name}' does not hold`)
      }
      return step
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      throw this.#counterexample(message, number, [input], error)
    }
  }

  #visit(state: State, from: number, input: Input | undefined): number {
    const key = this.#machine.key(state)
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    const number = this.#states.length
    if (number >= this.#limit) throw new Error(this.#tooMany())
    this.#numbers.set(key, number)
    this.#states.push(state)
    this.#parents.push(from)
    this.#arrivals.push(input)
    this.#depths.push(from < 0 ? 0 : (this.#depths[from] as number) + 1)
    return number
  }

  /** Walks backward from the states of each goal; whatever is not met cannot get there. */
  checkGoals(): void {
    for (const [name, goal] of Object.entries(this.#machine.goals ?? {})) {
      const met = this.#ancestors(goal)
      for (let state = 0; state < this.#states.length; state++) {
        if (met[state] === 1 || goal.from?.(this.#states[state] as State) === false) continue
        throw this.#counterexample(`'${name}' is out of reach`, state)
      }
    }
  }

  #ancestors(goal: Goal<State, Input>): Uint8Array {
    const into: number[][] = this.#states.map(() => [])
    this.#targets.forEach((to, edge) => {
      if (goal.using?.(this.#inputs[edge] as Input) !== false) into[to]?.push(this.#sources[edge] as number)
    })
    const met = new Uint8Array(this.#states.length)
    const open: number[] = []
    const meet = (state: number): void => {
      if (met[state] === 1) return
      met[state] = 1
      open.push(state)
    }
    this.#states.forEach((state, number) => {
      if (goal.reached(state)) meet(number)
    })
    for (let state = open.pop(); state !== undefined; state = open.pop()) into[state]?.forEach(meet)
    return met
  }

  checkSometimes(): void {
    if (this.#missing.size === 0) return
    throw new Error(`Never happened in ${this.states} states: ${[...this.#missing.keys()].join(', ')}`)
  }

  /** The way to a state, and the last step if it is the broken one. */
  #counterexample(rule: string, state: number, last: Input[] = [], cause?: unknown): Counterexample<Input> {
    const path = [...last]
    for (let at = state; at > 0; at = this.#parents[at] as number) path.unshift(this.#arrivals[at] as Input)
    const shown = path.map((input) => this.#machine.show?.(input) ?? showInput(input))
    return new Counterexample(rule, path, shown, cause)
  }

  #tooMany(): string {
    const limit = this.#limit.toLocaleString('en')
    return `More than ${limit} states. Does key() leave out what has no influence on the future? Otherwise raise limit.`
  }
}

const showInput = (input: unknown): string => (typeof input === 'string' ? input : JSON.stringify(input))
