/** Things that tests of workers share. */
import { type Clock, Hub, type HubEvent } from '@seaworthy/core'
import { seededRandom, VirtualClock } from '@seaworthy/testing'
import {
  type DeadLetterSink,
  type MemoryStream,
  memoryStream,
  type TaskMessage,
  type TaskStream,
  type Worker,
  type WorkerOptions,
  worker,
} from '@seaworthy/worker'

/** A letter as the toy queue keeps it. */
interface ToyLetter {
  readonly id: string
  readonly message: TaskMessage
  readonly error: unknown
  readonly options: Parameters<DeadLetterSink['add']>[2]
}

/** A dead letter queue that knows its dedupe keys, and can be out of order. */
function toyDeadLetters() {
  const letters: ToyLetter[] = []
  const state = { failing: false, calls: 0 }
  const sink: DeadLetterSink = {
    async add(message, error, options) {
      state.calls++
      if (state.failing) throw new Error('the store is down')
      const known = letters.find((letter) => letter.options?.dedupeKey === options?.dedupeKey)
      if (known !== undefined) return known.id
      const id = `letter-${letters.length + 1}`
      letters.push({ id, message, error, options })
      return id
    },
  }
  return { ...sink, letters, state }
}

/** Between a worker and its stream: may drop what is sent, or the answer, or hang for ever. */
export interface Wire {
  readonly stream: TaskStream
  /** Called before each call: what to do with it. */
  fate: (method: string) => 'ok' | 'fail' | 'loseAnswer' | 'hang'
  /** How often each method was called. */
  readonly calls: Record<string, number>
  /**
   * From now on nothing gets through in either direction: the process at this end is dead, for all the others know.
   */
  cut(): void
}

type Method = (...args: unknown[]) => Promise<unknown>

export function wire(stream: TaskStream): Wire {
  const calls: Record<string, number> = {}
  const through = async (method: string, send: () => Promise<unknown>): Promise<unknown> => {
    calls[method] = (calls[method] ?? 0) + 1
    const fate = line.fate(method)
    if (fate === 'hang') return hang()
    if (fate === 'fail') throw Object.assign(new Error('connection reset'), { code: 'ECONNRESET' })
    const answer = await send()
    if (line.fate('answer') === 'hang') return hang()
    if (fate === 'loseAnswer') throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })
    return answer
  }
  const call = (method: string, args: unknown[]): Promise<unknown> =>
    through(method, () => (stream[method as keyof TaskStream] as unknown as Method).apply(stream, args))
  /** What ends a task and its letter in one step goes over the wire as `buryLetter`. */
  const burials: TaskStream['burials'] = (store) => {
    const burial = stream.burials(store)
    if (burial === undefined) return undefined
    return {
      bury: (...args) => through('buryLetter', () => burial.bury(...args)) as ReturnType<typeof burial.bury>,
    }
  }
  const line: Wire = {
    fate: () => 'ok',
    calls,
    cut: () => {
      line.fate = () => 'hang'
    },
    stream: new Proxy(stream, {
      get: (target, property) => {
        const value = Reflect.get(target, property, target) as unknown
        if (property === 'burials') return burials
        if (typeof value !== 'function' || property === 'commits') return value
        return (...args: unknown[]) => call(String(property), args)
      },
    }),
  }
  return line
}

const hang = (): Promise<never> => new Promise(() => {})

/** A stream, a dead letter queue, a hub that remembers everything, and workers on one virtual clock. */
export function scene(seed = 1, options: { capacity?: number } = {}) {
  const clock = new VirtualClock()
  const random = seededRandom(seed)
  const stream: MemoryStream = memoryStream({ clock, random, auditLimit: 100_000, ...options })
  const deadLetters = toyDeadLetters()
  const hub = new Hub()
  const events: HubEvent[] = []
  hub.on('*', (event) => events.push(event))
  let made = 0
  const make = <T = unknown>(own: Partial<WorkerOptions<T>> & Pick<WorkerOptions<T>, 'handler'>): Worker =>
    worker<T>({ stream, deadLetters, clock: clock as Clock, random, hub, name: `w${++made}`, ...own })
  const add = (...ids: string[]): Promise<readonly string[]> =>
    stream.enqueueMany(ids.map((id) => ({ id, payload: JSON.stringify(id) })))
  /** Closes workers, and lets as much time pass as that takes. */
  const close = (...workers: Worker[]): Promise<unknown> =>
    clock.runUntilSettled(Promise.all(workers.map((each) => each.close())))
  const said = (type: string): Record<string, unknown>[] =>
    events.filter((event) => event.type === type).map(({ payload }) => payload as Record<string, unknown>)
  return { clock, random, stream, deadLetters, hub, events, make, add, close, said }
}
