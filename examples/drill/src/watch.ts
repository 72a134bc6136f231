/** How the service does, asked from outside. */
import type { Clock } from '@seaworthy/core'
import type { Status } from '@seaworthy/example-order-service/status'
import type { System } from './system.ts'
import { workerNames } from './system.ts'

/** What is known of the parts. */
export interface View {
  /** Undefined for a part that does not answer. */
  readonly api: Status | undefined
  readonly workers: Readonly<Record<string, Status | undefined>>
}

/** A part that takes longer to say how it is than this, in milliseconds, is not well. */
const patience = 500

/** How often all parts are asked, in milliseconds. */
const every = 250

/** Asks all parts over and over, so that who wants to know need not wait for the one that does not answer. */
export class Watch {
  /** What was found last. */
  view: View
  readonly #ended = new AbortController()
  readonly #asking: Promise<void>

  private constructor(system: Pick<System, 'api' | 'workers'>, clock: Clock, first: View) {
    this.view = first
    this.#asking = this.#ask(system, clock)
  }

  static async start(system: Pick<System, 'api' | 'workers'>, clock: Clock): Promise<Watch> {
    return new Watch(system, clock, await look(system))
  }

  stop(): Promise<void> {
    this.#ended.abort()
    return this.#asking
  }

  async #ask(system: Pick<System, 'api' | 'workers'>, clock: Clock): Promise<void> {
    const { signal } = this.#ended
    while (!signal.aborted) {
      await clock.sleep(every, signal).catch(() => {})
      this.view = await look(system)
    }
  }
}

/** Asks all parts at once. */
async function look({ api, workers }: Pick<System, 'api' | 'workers'>): Promise<View> {
  const [ofApi, ...ofWorkers] = await Promise.all([
    statusOf(api.url),
    ...workerNames.map((name) => statusOf(workers.get(name)?.url)),
  ])
  return {
    api: ofApi,
    workers: Object.fromEntries(workerNames.map((name, index) => [name, ofWorkers[index]])),
  }
}

/** All circuits there are. Those of a process that does not answer are unknown; {@link levelOf} tells of that. */
export function circuitsOf({ api, workers }: View): Record<string, string> {
  return Object.assign({}, api?.circuits, ...Object.values(workers).map((worker) => worker?.circuits))
}

/** What the service does without: 4 everything, 3 its store, 2 a worker, 0 nothing. */
export function levelOf({ api, workers }: View): number {
  if (api === undefined) return 4
  if (Object.values(api.stores).includes('down')) return 3
  return Object.values(workers).includes(undefined) ? 2 : 0
}

async function statusOf(url: string | undefined): Promise<Status | undefined> {
  if (url === undefined) return undefined
  try {
    const response = await fetch(`${url}/status`, { signal: AbortSignal.timeout(patience) })
    return (await response.json()) as Status
  } catch {
    return undefined
  }
}
