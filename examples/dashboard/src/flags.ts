/** What can be said on the command line. */
import { parseArgs } from 'node:util'
import { type Duration, duration } from '@seaworthy/core'

/** The command line, read. Durations are milliseconds. */
export interface Flags {
  readonly help: boolean
  readonly check: boolean
  readonly day: number
  readonly port: number
}

/** On shorter days circuits have no time to close. */
const shortest = 10_000
const longest = 3_600_000

export const help = `
  Shows the dashboard of a shop on a bad day, over and over until Ctrl+C.

    npm run dashboard                   a day takes two minutes
    npm run dashboard -- --day 10m      time to look around
    npm run dashboard -- --check        one short day; nobody looks, but a list of claims is checked

  --day TIME      how long a day is, from 10s to 1h (default 2m; with --check 15s)
  --port NUMBER   where it listens (default: any port that is free)
  --check         exit code 0 if every claim holds, else 1
  --help          this text
`

/** @throws Error that says what is wrong, for people. */
export function readFlags(args: readonly string[]): Flags {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      check: { type: 'boolean', default: false },
      day: { type: 'string' },
      port: { type: 'string', default: '0' },
    },
  })
  const { help: helps, check, day = check ? '15s' : '2m' } = values
  const port = Number(values.port)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error('--port: a number from 0 to 65535')
  const length = duration('--day', day as Duration)
  if (length < shortest || length > longest) throw new Error('--day: from 10s to 1h')
  return { help: helps, check, day: length, port }
}
