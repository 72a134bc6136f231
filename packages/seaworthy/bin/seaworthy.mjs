#!/usr/bin/env node
/** The command line. All of it is in `seaworthy/command-line`; this hands over the process. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { run } from 'seaworthy/command-line'

const beside = (name) => fileURLToPath(new URL(name, import.meta.url))

// Not process.exit: what was printed into a pipe may still be on its way.
process.exitCode = await run(process.argv.slice(2), {
  signals: process,
  version: JSON.parse(readFileSync(beside('../package.json'), 'utf8')).version,
  programs: {
    soak: beside('soak-sample.mjs'),
    serveMemory: beside('serve-memory.mjs'),
    execArgv: process.execArgv,
  },
})
