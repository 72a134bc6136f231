/** What can be said on the command line. */
import { parseArgs } from 'node:util'
import { type Duration, duration } from 'seaworthy'
import { standardDuration } from './script.ts'

/** The command line, read. Durations are milliseconds. */
export interface Flags {
  readonly help: boolean
  readonly seed: number
  readonly duration: number
  readonly port: number
  readonly report: boolean
  /** Where to write the result as JSON. */
  readonly json: string | undefined
}

/** Shorter days leave no room for a timeout inside a hang, longer ones show nothing new. */
const shortest = 6000
const longest = 120_000

export const help = `
  Shows real HTTP traffic in an outage, with and without Seaworthy.

    npm run demo                        half a minute, seed 1
    npm run demo -- --duration 60s      the same day, stretched
    npm run demo -- --seed 42           other arrivals and other products

  Two upstream servers start as processes of their own and play the same script: they work, fail, hang,
  throttle, reset connections and come back slowly. The same requests go to one through plain fetch with
  retries, to the other through a pipeline of Seaworthy policies. At the end a list of claims is checked.

  --seed NUMBER       what the traffic is made from (default 1)
  --duration TIME     how long the day is, from 6s to 2m (default 30s)
  --port NUMBER       use this port and the next one (default: any two that are free)
  --no-report         write no HTML page
  --json FILE         write everything that was measured to FILE
  --help              this text

  Exit code: 0 if every claim holds, 1 if one does not, 2 if the command line makes no sense.
  NO_COLOR=1 turns colours off. Without a terminal the live picture becomes a line a second.
`

/** @throws Error that says what is wrong, for people. */
export function readFlags(args: readonly string[]): Flags {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      seed: { type: 'string', default: '1' },
      duration: { type: 'string', default: `${standardDuration}ms` },
      port: { type: 'string', default: '0' },
      'no-report': { type: 'boolean', default: false },
      json: { type: 'string' },
    },
  })
  return {
    help: values.help,
    seed: whole('--seed', values.seed, Number.MAX_SAFE_INTEGER),
    duration: within('--duration', duration('--duration', values.duration as Duration), shortest, longest),
    port: whole('--port', values.port, 65_534),
    report: !values['no-report'],
    json: values.json,
  }
}

function whole(flag: string, text: string, most: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (number <= most) return number
  throw new Error(`${flag} must be a whole number from 0 to ${most}; got ${text}`)
}

function within(flag: string, value: number, least: number, most: number): number {
  if (value >= least && value <= most) return value
  throw new Error(`${flag} must be between ${least / 1000}s and ${most / 1000}s; got ${value / 1000}s`)
}
