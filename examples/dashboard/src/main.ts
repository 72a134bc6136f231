/**
 * The dashboard of a shop on a bad day: `npm run dashboard` at the root of the repository, or with `--help` to see what can be changed.
 */
import { check } from './check.ts'
import { claims } from './claims.ts'
import { type Flags, help, readFlags } from './flags.ts'
import { run } from './run.ts'

const flags = flagsOrExit()
if (flags.help) console.log(help)
else if (flags.check) process.exitCode = await checkClaims(flags)
else await show(flags)

async function show({ day, port }: Flags): Promise<void> {
  const { url, token, close } = await run(day, port)
  console.log(`
  The dashboard   ${url}
  The token       ${token}

  A day takes ${day / 1000} seconds. Payments slow down at 15 % of it and fail at 20 %, stock hangs at 25 %, search fails at 50 %.
  Ctrl+C ends it.
`)
  const end = (): void => {
    void close()
  }
  process.once('SIGINT', end)
  process.once('SIGTERM', end)
}

async function checkClaims({ day }: Flags): Promise<number> {
  console.log(`  A day of ${day / 1000} seconds …`)
  const checked = claims(await check(day))
  for (const { says, holds, shows } of checked) console.log(`  ${holds ? '✔' : '✘'} ${says}\n      ${shows}`)
  // Nothing should keep this process alive now. If something does, that is a leak: say what, and fail.
  setTimeout(() => {
    console.error(`Still alive because of: ${process.getActiveResourcesInfo().join(', ')}`)
    process.exit(1)
  }, 2000).unref()
  return checked.every(({ holds }) => holds) ? 0 : 1
}

function flagsOrExit(): Flags {
  try {
    return readFlags(process.argv.slice(2))
  } catch (error) {
    console.error(`${(error as Error).message}\nTry --help.`)
    process.exit(2)
  }
}
