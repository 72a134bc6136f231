/**
 * An outage to watch: `npm run demo` at the root of the repository, or with `--help` to see what can be changed.
 */
import { writeFile } from 'node:fs/promises'
import { claims } from './claims.ts'
import { type Flags, help, readFlags } from './flags.ts'
import { writeReport } from './report.ts'
import type { Live, Result } from './result.ts'
import { run } from './run.ts'
import { painter, Screen } from './screen.ts'
import { badDay } from './script.ts'
import { closing, opening } from './summary.ts'
import { leastSize, render, renderPlain } from './view.ts'

const { stdout } = process
const paint = painter(stdout)

// Whatever must be undone is undone on 'exit'; these make sure that there is one.
process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))
process.once('SIGHUP', () => process.exit(129))

const flags = flagsOrExit()
if (flags.help) console.log(help)
else {
  try {
    process.exitCode = await main(flags)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exit(1)
  }
}
exitInTime()

async function main({ duration, seed, port, json, report }: Flags): Promise<number> {
  const day = badDay(duration)
  console.log(opening(day, seed, paint).join('\n'))
  const result = await watch((onTick, tickEvery) => run({ day, seed, port, onTick, tickEvery }))

  const checked = claims(result)
  console.log(closing(result, checked, paint).join('\n'))
  if (json !== undefined) await writeFile(json, JSON.stringify({ claims: checked, result }, undefined, 2))
  if (report) console.log(` The whole day on a page: ${await writeReport(result, checked)}\n`)
  return checked.every(({ holds }) => holds) ? 0 : 1
}

/** Shows the day while it is played: as a picture on a terminal that has room for it, else as a line a second. */
async function watch(
  play: (onTick: (live: Live) => void, tickEvery: number) => Promise<Result>,
): Promise<Result> {
  const { isTTY, columns, rows } = stdout
  if (!isTTY || process.env['TERM'] === 'dumb' || columns < leastSize.columns || rows < leastSize.rows)
    return play((live) => console.log(renderPlain(live)), 1000)

  const screen = new Screen(stdout)
  let last: Live | undefined
  try {
    return await play((live) => {
      last = live
      screen.show(render(live, stdout.columns, paint))
    }, 100)
  } finally {
    screen.close()
    // The second screen is gone; what it showed in the end stays above the closing table.
    if (last !== undefined) console.log(render(last, stdout.columns, paint).join('\n'))
  }
}

function flagsOrExit(): Flags {
  try {
    return readFlags(process.argv.slice(2))
  } catch (error) {
    console.error(`${(error as Error).message}\nTry --help.`)
    process.exit(2)
  }
}

/** Nothing should keep this process alive now. If something does, that is a leak: say what, and fail. */
function exitInTime(): void {
  setTimeout(() => {
    console.error(`Still alive because of: ${process.getActiveResourcesInfo().join(', ')}`)
    process.exit(1)
  }, 2000).unref()
}
