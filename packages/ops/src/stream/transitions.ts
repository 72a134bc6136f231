/** What is rare and important, for the log of a dashboard: kept in a ring, and limited should it not be rare. */
import type { Clock, Hub, HubEvent, WallClock } from '@seaworthy/core'
import { redactText } from '../redact.ts'
import type { TransitionEvent } from '../wire.ts'

const kept = 500
/** So many of one kind, name and type within a second are told one by one. */
const mostAlike = 5
/** So many different ones are told apart; beyond that, all of a second count as alike. */
const mostKinds = 1000

/** Never `*`: some events are made at every call, but only if somebody listens. */
const types = [
  'stateChange',
  'changed',
  'overallChanged',
  'draining',
  'overrideSet',
  'overrideExpired',
  'overrideCleared',
  'featureChanged',
  'ruleFailed',
  'wouldOpen',
  'down',
  'up',
  'degraded',
  'limited',
  'misconfigured',
  'excluded',
  'included',
  'budgetExhausted',
  'added',
  'replayed',
  'replayFailed',
  'discarded',
  'refused',
  'dropped',
  'deadLettered',
  'lost',
  'claimed',
  'storeError',
  'storeRecovered',
  'storeFailed',
  'leaseLost',
  'outcomeNotRecorded',
  'adminAction',
  'ran',
]

/** Those of one kind, name and type in the second that runs. */
interface Alike {
  readonly since: number
  told: number
  /** How many were left out, and the last of them. */
  left: number
  last: { readonly event: HubEvent; readonly time: number } | undefined
}

export class Transitions {
  readonly #clock: Clock
  readonly #wallClock: WallClock
  readonly #tell: (transition: TransitionEvent) => void
  readonly #ring: TransitionEvent[] = []
  readonly #leave: (() => void)[]
  /** How many alike there were in the second that runs, and how many were left out in it. */
  readonly #alike = new Map<string, Alike>()
  #seq = 0

  /** @param tell - Told of each. Must not throw. */
  constructor(hub: Hub, clock: Clock, wallClock: WallClock, tell: (transition: TransitionEvent) => void) {
    this.#clock = clock
    this.#wallClock = wallClock
    this.#tell = tell
    this.#leave = types.map((type) => hub.on(type, (event) => this.#take(event)))
  }

  /** The number of the last one. */
  get seq(): number {
    return this.#seq
  }

  /** The last ones, oldest first. */
  latest(most: number): TransitionEvent[] {
    return this.#ring.slice(-most)
  }

  /** Those after number `seq`; undefined when some of them are no longer here. */
  after(seq: number): TransitionEvent[] | undefined {
    const first = this.#ring[0]?.seq ?? this.#seq + 1
    if (seq > this.#seq || seq < first - 1) return undefined
    return this.#ring.filter((each) => each.seq > seq)
  }

  close(): void {
    for (const leave of this.#leave) leave()
  }

  /** A second is over: of those that were left out the last is told after all, since it says how things are now. */
  second(): void {
    const now = this.#clock.now()
    for (const alike of this.#alike.values()) {
      if (alike.last === undefined || now - alike.since < 1000) continue
      const { event, time } = alike.last
      const suppressed = alike.left - 1
      alike.last = undefined
      alike.left = 0
      this.#add(event, time, suppressed)
    }
  }

  #take(event: HubEvent): void {
    const time = Math.round(this.#wallClock())
    const suppressed = this.#admit(event, time)
    if (suppressed !== undefined) this.#add(event, time, suppressed)
  }

  #add({ kind, name, type, payload }: HubEvent, time: number, suppressed: number): void {
    const transition: TransitionEvent = {
      seq: ++this.#seq,
      time,
      kind,
      name,
      type,
      facts: factsOf(payload),
      ...(suppressed > 0 && { suppressed }),
    }
    this.#ring.push(transition)
    if (this.#ring.length > kept) this.#ring.shift()
    this.#tell(transition)
  }

  /** How many like it were left out before; undefined if it is left out itself, for now. */
  #admit(event: HubEvent, time: number): number | undefined {
    const what = `${event.kind}\u0000${event.name}\u0000${event.type}`
    const now = this.#clock.now()
    const known = this.#alike.get(what)
    if (known === undefined || now - known.since >= 1000) {
      if (known === undefined && this.#alike.size >= mostKinds) this.#alike.clear()
      this.#alike.set(what, { since: now, told: 1, left: 0, last: undefined })
      return known?.left ?? 0
    }
    if (known.told < mostAlike) {
      known.told++
      return 0
    }
    known.left++
    known.last = { event, time }
    return undefined
  }
}

/** The plain values of an event. */
function factsOf(payload: object): TransitionEvent['facts'] {
  const facts: Record<string, string | number | boolean> = {}
  for (const [field, value] of Object.entries(payload) as [string, unknown][]) {
    if (typeof value === 'string') facts[field] = ids.has(field) ? value.slice(0, 200) : redactText(value)
    else if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value)))
      facts[field] = value
    else if (Array.isArray(value)) facts[field] = redactText(value.filter(isWord).join(', '))
  }
  return facts
}

/** Long runs of digits are keys elsewhere, but not in these. */
const ids: ReadonlySet<string> = new Set(['id', 'replayId', 'task', 'letter', 'name', 'target'])

const isWord = (value: unknown): boolean => typeof value === 'string'
