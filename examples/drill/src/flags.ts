/** What can be said on the command line. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

/** The command line, read. */
export interface Flags {
  readonly help: boolean
  /** How often each scenario is tried. */
  readonly rounds: number
  /** What chance comes from. */
  readonly seed: string
  /** Where the report goes. */
  readonly report: string
}

/** The two pairs of this seed: Redis is killed while a worker is frozen; the worker is killed while connections to Redis break. */
const standardSeed = '16'

export const help = `
  Breaks an order service while customers order, and checks that it recovers and that no order is lost or done twice.
  It runs a Redis, an API and two workers of its own; a redis-server has to be installed.

    npm run example:drill                      every scenario once, then two at once; 90 seconds
    npm run example:drill -- --rounds 3        three times, each time something else is hit
    npm run example:drill -- --report ./here   where report.html and report.json go

  --rounds NUMBER   how often each of the ten scenarios is tried, each time on another target (default 1)
  --seed TEXT       what the order of the scenarios and the load come from (default 16)
  --report FOLDER   where the report goes (default: a folder for temporary files)
  --help            this text

  Exit code: 0 passed, 1 failed, 2 not everything could be judged, 3 not well before anything was broken,
  4 something could not be taken back, 64 usage, 70 the drill itself failed, 130 and 143 interrupted.
`

/** @throws Error that says what is wrong, for people. */
export function readFlags(args: readonly string[]): Flags {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      rounds: { type: 'string', default: '1' },
      seed: { type: 'string', default: standardSeed },
      report: { type: 'string', default: join(tmpdir(), 'seaworthy-drill') },
    },
  })
  const rounds = Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 20)
    throw new Error('--rounds: a number from 1 to 20')
  return { help: values.help, rounds, seed: values.seed, report: values.report }
}
