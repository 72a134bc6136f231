/** What `explain` takes and what it gives. */
import type { PolicyDescription } from './describe.ts'
import type { Duration } from './duration.ts'
import type { CompositionWarning } from './explain-warning.ts'

/** Anything that says what it does: every policy and every pipeline. */
export interface Describable {
  describe(): PolicyDescription[]
}

/** Options of {@link explain}. */
export interface ExplainOptions {
  /**
   * The longest that the function takes when nothing limits it. What waits for a network can hang, so a policy is
   * judged by the worst unless you know better. @defaultValue `Infinity`
   */
  readonly functionDuration?: Duration | undefined
  /** What you want to hold; a warning says what does not. */
  readonly target?: ExplainTarget | undefined
  /**
   * In a graph: by how much the time limit of a caller must exceed what the called node may take, for the answer to
   * come back in time. @defaultValue `'100ms'`
   */
  readonly margin?: Duration | undefined
}

/** What a composition should hold. */
export interface ExplainTarget {
  /** The longest that a caller may wait for an answer. */
  readonly duration?: Duration | undefined
  /** The longest from the moment a dependency works again until calls reach it. */
  readonly recovery?: Duration | undefined
}

/** {@link ExplainOptions} in milliseconds; Infinity where nothing was asked for. */
export interface Assumptions {
  readonly functionDuration: number
  readonly duration: number
  readonly recovery: number
  readonly margin: number
}

/** What {@link explain} finds out about a policy or pipeline. `String(explanation)` is its text. */
export interface Explanation {
  /** What each policy says about itself, outermost first. */
  readonly layers: readonly PolicyDescription[]
  /** The policies in one line, outermost first. */
  readonly order: string
  /** How often the function may run for one call, one run after the other. */
  readonly attempts: number
  /** How often it may run side by side for one call. */
  readonly copies: number
  /** How often it may run for one call in all. */
  readonly amplification: number
  /** Milliseconds until the caller has an answer, at the longest; Infinity if nothing limits it. */
  readonly worstCase: number
  /** The traps it falls into, the worst first. */
  readonly warnings: readonly CompositionWarning[]
  /** All of this for people. */
  readonly text: string
}

/** Services, or parts of one, and who calls whom. */
export interface ServiceGraph {
  /** The nodes by name. */
  readonly nodes: Readonly<Record<string, ServiceNode>>
}

/** A service, a database, a function: something that is called. */
export interface ServiceNode {
  /** What every call of this node goes through. Its function is the node's own work and the calls it makes. */
  readonly policy?: Describable | undefined
  /** Whom it calls to answer one call, one after the other. */
  readonly calls?: ReadonlyArray<string | ServiceCall> | undefined
  /**
   * The longest that its own work takes, without its calls.
   * @defaultValue 0 for a node that calls others, `functionDuration` for one that does not
   */
  readonly duration?: Duration | undefined
}

/** One node calls another. */
export interface ServiceCall {
  /** The name of the called node. */
  readonly to: string
  /** Whether the caller fails when this call does. @defaultValue `true` */
  readonly critical?: boolean | undefined
  /** What this caller puts around the call, outside the policy of the called node. */
  readonly policy?: Describable | undefined
  /** How often the caller makes it to answer one call, one after the other. @defaultValue 1 */
  readonly times?: number | undefined
}

/** What {@link explain} finds out about a graph. `String(explanation)` is its text. */
export interface GraphExplanation {
  /** The nodes that nobody calls: where requests come in. */
  readonly roots: readonly string[]
  /** The names of the nodes in one line, callers before those they call. */
  readonly order: string
  /** The nodes, callers before those they call. */
  readonly nodes: readonly NodeExplanation[]
  /** The greatest amplification of a node. */
  readonly amplification: number
  /** Milliseconds until a caller of a root has an answer, at the longest; Infinity if nothing limits it. */
  readonly worstCase: number
  /** The traps it falls into, the worst first. */
  readonly warnings: readonly CompositionWarning[]
  /** All of this for people. */
  readonly text: string
}

/** One node of a {@link GraphExplanation}. Counts are for one request to a root, the one for which they are greatest. */
export interface NodeExplanation {
  readonly name: string
  /** Milliseconds until a caller of this node has an answer, at the longest. */
  readonly worstCase: number
  /** How often its work may run. */
  readonly calls: number
  /** How often it runs when nothing fails. */
  readonly fanOut: number
  /** `calls` by `fanOut`: how many times its load an outage may bring. */
  readonly amplification: number
  /** The nodes that fail when this one does: nothing answers in its place on the way to them. */
  readonly takesDown: readonly string[]
}
