import {
  type Call,
  type Context,
  count,
  type Duration,
  duration,
  type ExecuteOptions,
  knownOptions,
  type Layer,
  optionalFunction,
  type Policy,
  type Refusal,
} from '@seaworthy/core'
import { BreakerBase, type BreakerControls } from './breaker-base.ts'
import { isDormant } from './calls.ts'
import { Circuit } from './circuit.ts'
import type { CircuitControls, Isolation } from './controls.ts'
import type { CircuitBreakerEvents } from './events.ts'
import { type CircuitBreakerOptions, noOptions } from './options.ts'
import { everywhereActions } from './sharing.ts'
import { type CircuitSnapshot, readSnapshot } from './snapshot.ts'
import type { Token } from './state.ts'

/** Which circuits a {@link breakerPerKey} keeps. */
export interface PerKeyOptions {
  /** The circuit a call belongs to. If it throws or says nothing, the call belongs to key `''`. @defaultValue `context.key` */
  readonly key?: (context: Context) => string | undefined
  /**
   * How many circuits are kept. Beyond that, the one not used for longest is forgotten, approximately; circuits whose
   * wait or trials are not over stay even if there are more. @defaultValue 1000
   */
  readonly max?: number
  /** A circuit that nobody used for so long, up to twice that, is forgotten when a new key comes. @defaultValue `'1h'` */
  readonly idle?: Duration
}

/** One circuit for each key. Made by {@link breakerPerKey}. */
export interface BreakerPerKey extends Policy<never, CircuitBreakerEvents>, BreakerControls {
  /** How many circuits there are. */
  readonly size: number
  /** The keys of all circuits. */
  keys(): string[]
  /** The circuit of a key, new if there is none. Ask again each time: circuits that nobody uses are forgotten. */
  circuit(key: string): CircuitControls
  /** All circuits by key, for {@link restore}. */
  snapshot(): Record<string, CircuitSnapshot>
  /**
   * Continues where a snapshot was taken; circuits it does not mention stay as they are.
   *
   * @throws SeaworthyError `ERR_INVALID_SNAPSHOT` when one of them is none; nothing has changed then.
   */
  restore(snapshot: Readonly<Record<string, unknown>>): void
}

/**
 * A {@link circuitBreaker} for each host, tenant or whatever the key of a call says, so that one that is down does not
 * take the others with it. The circuits share rules, listeners and one place on the hub; events say their key.
 *
 * Circuits are forgotten by the second-chance rule; *source:* F. J. Corbató, "A Paging Experiment with the Multics System",
 * 1968. The next call for a circuit that was forgotten is let in, as it would have been.
 *
 * @param options - For every circuit.
 * @throws {@link @seaworthy/core!InvalidOptionError} when an option makes no sense.
 *
 * @example
 * ```ts
 * import { breakerPerKey } from '@seaworthy/circuit-breaker'
 *
 * const breakers = breakerPerKey({ failureThreshold: 1 })
 * await breakers.settle(() => Promise.reject(new Error('down')), { key: 'a.example' })
 * console.log(breakers.circuit('a.example').state, breakers.circuit('b.example').state) // open closed
 * ```
 */
export function breakerPerKey(
  options: CircuitBreakerOptions = noOptions,
  perKey: PerKeyOptions = {},
): BreakerPerKey {
  knownOptions('breakerPerKey', perKey, ['key', 'max', 'idle'])
  return new BreakerPerKeyPolicy(options, perKey)
}

class KeyedCircuit extends Circuit {
  /** Whether a call came since somebody last looked for circuits to forget. */
  used = true
  private visit: Visit = { circuit: this, token: undefined }

  /** One visit for all calls that come while the token stays the same. */
  visitWith(token: unknown): Visit {
    if (this.visit.token !== token) this.visit = { circuit: this, token }
    return this.visit
  }

  /** Whether it could be forgotten: the next call would be let in if it were new, and is as it is. */
  get isDormant(): boolean {
    return isDormant(this.current, this.now(), this.owner.rules)
  }
}

/** What a call remembers: its circuit, which may be forgotten meanwhile, and its token there. */
interface Visit {
  readonly circuit: KeyedCircuit
  readonly token: unknown
}

const keyOfContext = (context: Context): string | undefined => context.key

class BreakerPerKeyPolicy extends BreakerBase implements BreakerPerKey, Layer {
  private readonly key: (context: Context) => string | undefined
  private readonly max: number
  private readonly idle: number
  private readonly kept = new Map<string, KeyedCircuit>()
  private sweptAt: number
  private disposed = false

  constructor(options: CircuitBreakerOptions, { key, max = 1000, idle = '1h' }: PerKeyOptions) {
    super('circuit-breaker-per-key', options)
    this.key = optionalFunction('key', key) ?? keyOfContext
    this.max = count('max', max)
    this.idle = duration('idle', idle, 1)
    this.sweptAt = this.clock.now()
    const held = new Map<string, Isolation>()
    this.register(() => this.statuses(), {
      reset: (name: string) => this.circuit(name).reset(),
      trip: (name: string, openFor?: Duration) => this.circuit(name).trip(openFor),
      isolate: (name: string, reason = 'by an operator') => {
        if (!held.has(name)) held.set(name, this.circuit(name).isolate(reason))
      },
      release: (name: string) => {
        held.get(name)?.release()
        held.delete(name)
      },
      ...everywhereActions(options, (name: string) => this.circuit(name).everywhere),
    })
    this.join()
  }

  get size(): number {
    return this.kept.size
  }

  keys(): string[] {
    return [...this.kept.keys()]
  }

  circuit(key: string): KeyedCircuit {
    const known = this.kept.get(key)
    if (known !== undefined) {
      known.used = true
      return known
    }
    this.makeRoom()
    const circuit = new KeyedCircuit(this, key)
    if (this.disposed) circuit.dispose()
    else this.kept.set(key, circuit)
    return circuit
  }

  snapshot(): Record<string, CircuitSnapshot> {
    return Object.fromEntries([...this.kept].map(([key, circuit]) => [key, circuit.snapshot()]))
  }

  restore(snapshot: Readonly<Record<string, unknown>>): void {
    const entries = Object.entries(snapshot)
    for (const [, each] of entries) readSnapshot(each)
    for (const [key, each] of entries) this.circuit(key).restore(each)
  }

  enter(call: Call, slot: number): undefined | Refusal | Promise<unknown> {
    const circuit = this.circuit(this.keyOf(call.context))
    const refusal = circuit.enter(call, slot)
    call.tokens[slot] = circuit.visitWith(call.tokens[slot])
    return refusal
  }

  passFor({ key }: ExecuteOptions): Visit | undefined {
    if (this.key !== keyOfContext) return undefined
    const circuit = this.kept.get(key ?? '')
    const token = circuit?.pass
    if (circuit === undefined || token === undefined) return undefined
    circuit.used = true
    return circuit.visitWith(token)
  }

  success(call: Call, slot: number, value: unknown): void {
    const { circuit, token } = call.tokens[slot] as Visit
    circuit.succeeded(call, token as Token, value)
  }

  failure(call: Call, slot: number, error: unknown): void {
    const { circuit, token } = call.tokens[slot] as Visit
    circuit.failed(call, slot, token as Token, error)
  }

  private keyOf(context: Context): string {
    try {
      return String(this.key(context) ?? '')
    } catch {
      return ''
    }
  }

  override layers(): readonly Layer[] {
    return [this]
  }

  protected override circuits(): Iterable<Circuit> {
    return this.kept.values()
  }

  override debugStats(): Record<string, number> {
    return { ...super.debugStats(), circuits: this.size }
  }

  override dispose(): void {
    this.disposed = true
    super.dispose()
    this.kept.clear()
  }

  private statuses(): object {
    return { circuits: Object.fromEntries([...this.kept].map(([key, circuit]) => [key, circuit.status])) }
  }

  /** For a new circuit: forgets the idle ones when it is time, and more where there are too many. */
  private makeRoom(): void {
    const now = this.clock.now()
    if (now - this.sweptAt >= this.idle) {
      this.sweptAt = now
      for (const [key, circuit] of this.kept) {
        if (!circuit.used && circuit.isDormant) this.kept.delete(key)
        circuit.used = false
      }
    }
    const isClosed = (circuit: KeyedCircuit): boolean => circuit.state === 'closed'
    const isDormant = (circuit: KeyedCircuit): boolean => circuit.isDormant
    let forgot = true
    while (forgot && this.kept.size >= this.max)
      forgot = this.forgetOne(isClosed) || this.forgetOne(isDormant)
  }

  /** Goes around once, and a second time for those that were used and have lost their first chance. */
  private forgetOne(mayGo: (circuit: KeyedCircuit) => boolean): boolean {
    let rounds = 2 * this.kept.size
    for (const [key, circuit] of this.kept) {
      if (!circuit.used && mayGo(circuit)) return this.kept.delete(key)
      circuit.used = false
      this.kept.delete(key)
      this.kept.set(key, circuit)
      if (--rounds === 0) return false
    }
    return false
  }
}
