/** `seaworthy drill replay`: runs a reported drill again, or looks at one of its events. */
import {
  type DrillEvent,
  type DrillOptions,
  type DrillReport,
  drill,
  type ProfileName,
  profiles,
  sampleService,
} from '@seaworthy/drill'
import type { Command } from '../command.ts'
import { drillSettings } from '../drill-settings.ts'
import { exitCodes } from '../exit-codes.ts'
import { Progress } from '../progress.ts'
import { readReport, virtualEvents } from '../report-file.ts'
import { print, printJson, type Session } from '../session.ts'
import { table, time } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'

/** So many events are shown on either side of the one that was asked for. */
const around = 5

/** `drill replay` */
export const drillReplay: Command = {
  words: 'drill replay',
  operands: { show: 'REPORT.json', least: 1, most: 1 },
  summary: 'Runs a reported drill again from its seed, or shows one of its events',
  about: [
    'What happens in virtual time follows from the seed, so it happens again: the hash over all events must be the same. If it is ' +
      'not, something takes time or chance from elsewhere, or the code has changed; the first event that differs is shown.',
    'Only virtual time can be run again. A drill of your own service needs the same --config as before.',
  ],
  options: [
    {
      name: 'event',
      value: 'N',
      kind: 'count',
      help: 'Runs nothing: shows event N of the log and what was around it.',
    },
    { name: 'config', value: 'FILE', help: 'The file that the drill was run with, if there was one.' },
    { name: 'json', help: 'Prints JSON.' },
    { name: 'quiet', help: 'Says nothing about how it goes.' },
  ],
  examples: [
    ['seaworthy drill replay drill-report/report.json', 'does the same happen again?'],
    ['seaworthy drill replay drill-report/report.json --event 1200', 'what happened there, and just before?'],
  ],
  exitCodes: {
    0: 'the same happened',
    1: 'something else happened',
    2: 'there was nothing that could be compared',
  },
  async run(given, session) {
    const path = given.operands[0] as string
    const report = await readReport(session, path)
    const number = given.count('event')
    if (number !== undefined) return showEvent(path, report, number, given.flag('json'), session)
    const options = await optionsOf(report, given.text('config'), session)
    if (virtualEvents(report.events).length === 0) {
      print(session, '? nothing in this report happened in virtual time')
      return exitCodes.partial
    }
    const progress = given.flag('quiet') ? undefined : new Progress(session)
    const again = await drill({
      ...options,
      signal: session.interruption.signal,
      onEvent: (event) => progress?.hear(event),
    })
    progress?.close()
    return compared(report, again, given.flag('json'), session)
  },
}

/** What the drill was run with, as far as a report tells it. */
async function optionsOf(
  report: DrillReport,
  config: string | undefined,
  session: Session,
): Promise<DrillOptions> {
  const { real: _real, memory: _memory, ...file } = await drillSettings(session, config)
  const profile = typeof file.profile === 'object' ? file.profile : profiles[report.profile as ProfileName]
  if (profile === undefined)
    throw new UsageError(`profile ${report.profile}`, [
      'is none that comes with it: give the --config that has it',
    ])
  const ended = report.events.filter((event) => event.type === 'phase.ended')
  const without = ended.filter(({ reason }) => reason === 'left out').map(({ phase }) => phase)
  const soak = ended.find(({ phase }) => phase === 'MEMORY_SOAK_TESTING')
  const simulated = report.events.some((event) => event.type === 'run.started' && event.on === 'virtual')
  return {
    ...file,
    // Memory is real. Without a time for it the phase is not left out, only its real part is.
    profile: soak?.outcome === 'completed' ? { ...profile, memoryFor: 0 } : profile,
    seed: report.seed === '' ? 1 : report.seed,
    without,
    simulated: simulated ? (file.simulated ?? sampleService()) : false,
    real: false,
  }
}

function compared(report: DrillReport, again: DrillReport, json: boolean, session: Session): number {
  const interruption = report.events.find((event) => event.type === 'run.interrupted')
  // What comes after an interruption depends on when it came.
  const before = virtualEvents(report.events).filter(
    ({ sequence }) => interruption === undefined || sequence < interruption.sequence,
  )
  const anew = virtualEvents(again.events).slice(0, interruption === undefined ? undefined : before.length)
  const index = Math.max(before.length, anew.length)
  const first = Array.from({ length: index }, (_, at) => at).find(
    (at) => lineOf(before[at]) !== lineOf(anew[at]),
  )
  const same = first === undefined && (interruption !== undefined || report.event_hash === again.event_hash)
  const difference = first === undefined ? undefined : { before: before[first], again: anew[first] }
  if (json)
    printJson(session, {
      same,
      compared: before.length,
      event_hash: { report: report.event_hash, replay: again.event_hash },
      ...(difference && { first_difference: difference }),
    })
  else {
    print(
      session,
      `${same ? '✔ the same' : '✘ not the same'}: ${before.length} events in virtual time, seed ${report.seed}`,
    )
    if (interruption === undefined)
      print(session, `  hash then ${report.event_hash}\n  hash now  ${again.event_hash}`)
    else print(session, '  only what happened before the interruption was compared')
    if (difference !== undefined)
      print(
        session,
        `first difference\n  then ${shown(difference.before)}\n  now  ${shown(difference.again)}`,
      )
  }
  if (again.interrupted) return exitCodes.partial
  return same ? exitCodes.passed : exitCodes.failed
}

/** Numbers of events count those in real time as well, and say nothing. */
function lineOf(event: DrillEvent | undefined): string {
  if (event === undefined) return ''
  const { sequence: _sequence, ...rest } = event
  return JSON.stringify(rest)
}

function shown(event: DrillEvent | undefined): string {
  const text = event === undefined ? 'nothing' : JSON.stringify(event)
  return text.length > 400 ? `${text.slice(0, 400)}…` : text
}

function showEvent(
  path: string,
  { events }: DrillReport,
  number: number,
  json: boolean,
  session: Session,
): number {
  const index = events.findIndex(({ sequence }) => sequence === number)
  const event = events[index]
  if (event === undefined)
    throw new UsageError(path, [`has events 1 to ${events.length}; there is no ${number}`])
  const near = events.slice(Math.max(0, index - around), index + around + 1)
  if (json) printJson(session, { event, around: near })
  else {
    const rows = near.map(({ sequence, at, on, phase, type, ...fact }) => {
      const text = JSON.stringify(fact)
      return [
        sequence === number ? '>' : ' ',
        String(sequence),
        `${on} ${time(at)}`,
        phase,
        type,
        text.length > 90 ? `${text.slice(0, 87)}...` : text,
      ]
    })
    print(session, table(rows))
    print(session, `\n${JSON.stringify(event, undefined, 2)}`)
  }
  return exitCodes.passed
}
