/**
 * A drill of the order service: `npm run example:drill` at the root of the repository, or with `--help` to see what can be changed.
 *
 * Exits with the code of the report, or with 1 if a claim about the orders does not hold.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { drill, formatReport, reportPage } from '@seaworthy/drill'
import { type Flags, help, readFlags } from './flags.ts'
import { drilledOrderService } from './order-service.ts'
import { profile } from './profile.ts'
import { lineFor } from './progress.ts'

const flags = flagsOrExit()
if (flags.help) console.log(help)
else process.exitCode = await run(flags)

async function run({ rounds, seed, report: directory }: Flags): Promise<number> {
  const interrupted = new AbortController()
  let signalled = 0
  const interrupt = (signal: NodeJS.Signals): void => {
    const code = signal === 'SIGINT' ? 130 : 143
    // Who asks twice does not want to wait. What this process has started ends with it.
    if (signalled !== 0) process.exit(code)
    signalled = code
    console.log(`  ${signal}: everything is taken back; once more ends it at once`)
    interrupted.abort(signal)
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)

  const service = drilledOrderService((line) => console.log(`  ${line}`))
  const report = await drill({
    profile: profile(rounds),
    seed,
    simulated: false,
    real: service,
    // These need no service: `npx seaworthy drill run` has them.
    without: ['CIRCUIT_BREAKER_TESTING', 'CASCADING_FAILURE_TESTING', 'MEMORY_SOAK_TESTING'],
    limits: { rounds },
    signal: interrupted.signal,
    onEvent: (event) => {
      const line = lineFor(event)
      if (line !== undefined) console.log(`  ${line}`)
    },
  })
  console.log(`\n${formatReport(report)}\n`)
  for (const { holds, text, detail } of service.claims)
    console.log(`${holds ? '✔' : '✘'} ${text}\n    ${detail}`)

  await mkdir(directory, { recursive: true })
  await writeFile(join(directory, 'report.json'), JSON.stringify(report))
  await writeFile(join(directory, 'report.html'), reportPage(report))
  console.log(`\nThe report: ${join(directory, 'report.html')}, and as data: report.json beside it`)

  process.off('SIGINT', interrupt)
  process.off('SIGTERM', interrupt)
  const { exit_code: code } = report
  if (code !== 0 && code !== 2) return code
  if (service.claims.some(({ holds }) => !holds)) return 1
  return signalled === 0 ? code : signalled
}

function flagsOrExit(): Flags {
  try {
    return readFlags(process.argv.slice(2))
  } catch (error) {
    console.error(`${(error as Error).message}\nTry --help.`)
    process.exit(64)
  }
}
