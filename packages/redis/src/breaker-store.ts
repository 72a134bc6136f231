/** Circuits that instances share, on Redis: the store behind {@link redisBreakers}. */
import type {
  BreakerStore,
  FleetExchange,
  SharedCircuitView,
  SharedCommand,
} from '@seaworthy/circuit-breaker'
import type { RedisConnection } from './connection.ts'
import { KeyListener } from './key-listener.ts'
import { taggedKey } from './key-options.ts'
import command from './lua/breaker-command.lua'
import common from './lua/breaker-common.lua'
import endTrial from './lua/breaker-end-trial.lua'
import exchange from './lua/breaker-exchange.lua'
import leave from './lua/breaker-leave.lua'
import startTrial from './lua/breaker-start-trial.lua'
import { type Argument, Script } from './script.ts'

/** The scripts, by the methods of the store. */
export type BreakerScripts = Readonly<
  Record<'exchange' | 'startTrial' | 'endTrial' | 'command' | 'leave', Script>
>

/** What they write is small, and a full server is one of the outages that circuits are for. */
const evenWhenFull = '#!lua flags=allow-oom'

export const breakerScripts: BreakerScripts = {
  exchange: new Script(evenWhenFull, common, exchange),
  startTrial: new Script(evenWhenFull, common, startTrial),
  endTrial: new Script(evenWhenFull, common, endTrial),
  command: new Script(evenWhenFull, common, command),
  leave: new Script(evenWhenFull, common, leave),
}

/** How long the connection that listens for hints stays open when nobody watches, in milliseconds. */
const listenerIdle = 10_000

/** The options of `redisBreakers` that matter to the store, checked. */
export interface BreakerStoreSettings {
  readonly connection: RedisConnection
  readonly prefix: string
  readonly hints: boolean
}

export class RedisBreakerStore implements BreakerStore {
  readonly watch?: (breaker: string, callback: () => void) => () => void
  readonly #settings: BreakerStoreSettings
  readonly #scripts: BreakerScripts
  readonly #listener: KeyListener

  /** @param scripts - Others than its own only in tests. */
  constructor(settings: BreakerStoreSettings, scripts: BreakerScripts = breakerScripts) {
    const { connection, hints, prefix } = settings
    this.#settings = settings
    this.#scripts = scripts
    this.#listener = new KeyListener(connection.client, connection.clock, listenerIdle)
    if (hints) this.watch = (breaker, callback) => this.#listener.watch(taggedKey(prefix, breaker), callback)
  }

  async exchange(breaker: string, request: Parameters<BreakerStore['exchange']>[1]): Promise<FleetExchange> {
    const { instance, sequence, ttl, reports } = request
    const said = reports.flatMap(({ key, epoch, openFor = '' }) => [key, epoch, openFor])
    return exchangeOf(await this.#run('exchange', breaker, [instance, sequence, ttl, this.#hints, ...said]))
  }

  async startTrial(
    breaker: string,
    { key, id, lease, limit }: Parameters<BreakerStore['startTrial']>[1],
  ): ReturnType<BreakerStore['startTrial']> {
    const [granted, epoch] = (await this.#run('startTrial', breaker, [key, id, lease, limit])) as [
      number,
      number,
    ]
    return { granted: granted === 1, epoch }
  }

  async endTrial(
    breaker: string,
    { key, id, epoch, outcome, needed }: Parameters<BreakerStore['endTrial']>[1],
  ): Promise<number> {
    return (await this.#run('endTrial', breaker, [key, id, epoch, outcome, needed, this.#hints])) as number
  }

  async command(breaker: string, key: string, said: SharedCommand): Promise<number> {
    const argument = said.kind === 'trip' ? said.openFor : said.kind === 'isolate' ? said.reason : ''
    return (await this.#run('command', breaker, [key, said.kind, argument, this.#hints])) as number
  }

  async leave(breaker: string, instance: string): Promise<void> {
    await this.#run('leave', breaker, [instance, this.#hints])
  }

  close(): void {
    this.#listener.close()
  }

  debugStats(): Record<string, number> {
    return this.#listener.debugStats()
  }

  get #hints(): 0 | 1 {
    return this.#settings.hints ? 1 : 0
  }

  #run(operation: keyof BreakerScripts, breaker: string, args: readonly Argument[]): Promise<unknown> {
    const { connection, prefix } = this.#settings
    return connection.run(
      `breakers.${operation}`,
      this.#scripts[operation],
      [taggedKey(prefix, breaker)],
      args,
    )
  }
}

type ViewFields = readonly [
  key: string,
  epoch: number,
  departed: number,
  kind: SharedCommand['kind'] | '',
  argument: string,
  ...reports: string[],
]

/** Reads what `breaker-exchange.lua` answers. */
function exchangeOf(answer: unknown): FleetExchange {
  const [others, ...views] = answer as readonly [number, ...ViewFields[]]
  const circuits = views.map(([key, epoch, departed, kind, argument, ...reports]): SharedCircuitView => {
    return { key, epoch, departed, command: commandOf(kind, argument), reports: reports.map(Number) }
  })
  return { others, circuits }
}

function commandOf(kind: SharedCommand['kind'] | '', argument: string): SharedCommand | undefined {
  if (kind === '') return undefined
  if (kind === 'trip') return { kind, openFor: Number(argument) }
  return kind === 'isolate' ? { kind, reason: argument } : { kind }
}
