/** `seaworthy drill report`: shows a report and checks it against its own log. */
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { formatReport, reportPage } from '@seaworthy/drill'
import type { Command } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { differences, readReport, rederived } from '../report-file.ts'
import { print, printJson } from '../session.ts'
import { colours, painted } from '../terminal.ts'

/** `drill report` */
export const drillReport: Command = {
  words: 'drill report',
  operands: { show: 'REPORT.json', least: 1, most: 1 },
  summary: 'Shows a report, and checks every number in it against its log',
  about: [
    'A report has its whole log in it. This computes everything else anew from the log, the hash included, shows it, and says ' +
      'where the file says something else. So a report that somebody sends you need not be believed.',
  ],
  options: [
    { name: 'html', value: 'FILE', help: 'Writes the page for people, made from the log.' },
    { name: 'json', help: 'Prints the report as the log has it, as JSON.' },
  ],
  examples: [
    ['seaworthy drill report drill-report/report.json --html report.html', 'look at it in a browser'],
  ],
  exitCodes: { 0: 'all numbers follow from the log, whether or not the drill passed', 1: 'some do not' },
  async run(given, session) {
    const report = await readReport(session, given.operands[0] as string)
    const again = rederived(report)
    const wrong = differences(report, again)
    const page = given.text('html')
    if (page !== undefined) await writeFile(resolve(session.directory, page), reportPage(again))
    if (given.flag('json')) printJson(session, again)
    else print(session, painted(formatReport(again), colours(session.stdout, session)))
    const says =
      wrong.length === 0
        ? `✔ every number follows from the log of ${again.events.length} events`
        : ['✘ the file says something else than its log:', ...wrong.map((each) => `  ${each}`)].join('\n')
    // Standard output is the report alone where programs read it.
    const to = given.flag('json') ? session.stderr : session.stdout
    to.write(`${painted(says, colours(to, session))}\n`)
    return wrong.length === 0 ? exitCodes.passed : exitCodes.failed
  },
}
