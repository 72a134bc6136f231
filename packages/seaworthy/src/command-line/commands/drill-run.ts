/** `seaworthy drill run`: nine phases, one report. */
import { access, constants, mkdir, writeFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import {
  type DrillOptions,
  type DrillReport,
  formatReport,
  reportPage,
  sampleConnection,
  sampleService,
} from '@seaworthy/drill'
import { allMeant } from '../arguments.ts'
import type { Command } from '../command.ts'
import { drillSettings, phasesToLeaveOut, profileNames } from '../drill-settings.ts'
import type { Given } from '../given.ts'
import { type Ended, interruptibleDrill } from '../interruptible-drill.ts'
import { KillSwitch } from '../kill-switch.ts'
import { Progress } from '../progress.ts'
import { print, type Session } from '../session.ts'
import { colours, painted } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'

/** `drill run` */
export const drillRun: Command = {
  words: 'drill run',
  summary: 'Breaks a service in nine phases and says whether it recovers',
  about: [
    'Puts a service under load, breaks what it depends on in ten ways, tests its circuit breaker, spreads failures through a graph of ' +
      'services, watches memory, and looks whether all is well afterwards. Most of it happens in virtual time, where the same seed makes ' +
      'the same run; connections, processes and memory are real.',
    'Without --config it drills samples that come with it, which says something about the library. With a file it drills your ' +
      'service: its address, what it depends on, its processes. docs/command-line.md has the file.',
    'Ctrl-C ends it in order: faults are taken back, and the report says that it was interrupted. Ctrl-C once more ends it at once, ' +
      'faults taken back all the same.',
  ],
  options: [
    {
      name: 'profile',
      value: 'NAME',
      choices: profileNames,
      help: 'How long, and what for.',
      standard: 'ci, about a minute',
    },
    { name: 'seed', value: 'SEED', help: 'What virtual time and all decisions come from.', standard: '1' },
    { name: 'config', value: 'FILE', help: 'JSON, or a module that exports options of drill().' },
    { name: 'sim', help: 'Only what happens in virtual time.' },
    {
      name: 'real',
      help: 'Only the service in real time; breaker tests and cascades are virtual all the same.',
    },
    {
      name: 'without',
      value: 'PHASE,…',
      kind: 'list',
      help: `Leaves phases out of the run and the verdict: ${phasesToLeaveOut.join(', ')}, or how they begin.`,
    },
    {
      name: 'report',
      value: 'DIR',
      help: 'Where report.json and report.html are written.',
      standard: './drill-report',
    },
    {
      name: 'max-wall',
      value: 'TIME',
      kind: 'duration',
      help: 'Interrupts it after so long, for example 60s.',
    },
    { name: 'json', help: 'Prints the report as JSON in place of the summary.' },
    { name: 'quiet', help: 'Says nothing about how it goes.' },
  ],
  examples: [
    ['seaworthy drill run', 'a minute, with samples: what a drill looks like'],
    ['seaworthy drill run --sim --without memory --seed 7', 'nothing real, in seconds, and other chances'],
    [
      'seaworthy drill run --config shop.json --real --profile soak-30m',
      'half an hour for a service of your own',
    ],
  ],
  exitCodes: {
    0: 'every criterion was met',
    1: 'a criterion was not met',
    2: 'not everything could be judged: a phase was skipped, too little was seen, or it was interrupted',
    3: 'the service was not well before anything was broken',
    4: 'something could not be taken back or closed',
    64: 'options or the file make no sense',
    70: 'the drill itself failed',
    130: 'interrupted by Ctrl-C (143: by SIGTERM), everything taken back',
  },
  async run(given, session) {
    const guard = new KillSwitch(session.interruption)
    const options = await optionsOf(given, guard, session)
    const folder = await prepared(resolve(session.directory, given.text('report') ?? 'drill-report'))
    const { report, abandoned } = await performed(given, options, guard, session)
    const files = await written(folder, report)
    if (given.flag('json')) print(session, JSON.stringify(report))
    else print(session, painted(formatReport(report), colours(session.stdout, session)))
    const shown = files.map((file) => relative(session.directory, file) || file)
    if (!given.flag('json')) print(session, `report: ${shown.join(', ')}`)
    if (abandoned) session.interruption.leave(session.interruption.code ?? report.exit_code)
    return report.exit_code
  },
}

/** What a file says, and what was typed, which wins. */
async function optionsOf(given: Given, guard: KillSwitch, session: Session): Promise<DrillOptions> {
  if (given.flag('sim') && given.flag('real')) throw new UsageError('--sim and --real', ['only one of them'])
  const { simulated, real, ...file } = await drillSettings(session, given.text('config'))
  const without = allMeant('without', given.list('without'), phasesToLeaveOut)
  const [profile, seed] = [given.text('profile'), given.text('seed')]
  const { programs } = session
  const memory = programs && { program: programs.soak, execArgv: programs.execArgv }
  return {
    ...(memory && { memory }),
    ...file,
    ...(profile !== undefined && { profile: profile as NonNullable<DrillOptions['profile']> & string }),
    ...(seed !== undefined && { seed }),
    without: [...new Set([...(file.without ?? []), ...(without as NonNullable<DrillOptions['without']>)])],
    simulated: given.flag('real') ? false : simulated === undefined ? sampleService() : simulated,
    real:
      given.flag('sim') || real === false
        ? false
        : guard.guardService(real === undefined ? sampleConnection() : real),
  }
}

async function performed(
  given: Given,
  options: DrillOptions,
  guard: KillSwitch,
  session: Session,
): Promise<Ended> {
  const { interruption, clock } = session
  const progress = given.flag('quiet') ? undefined : new Progress(session)
  const stop = (): void => interruption.stop(`--max-wall ${given.text('max-wall')} is over`)
  const longest = given.duration('max-wall')
  const limit = longest === undefined ? undefined : clock.setTimer(stop, longest, false)
  const onEvent: DrillOptions['onEvent'] = (event) => {
    progress?.hear(event)
    options.onEvent?.(event)
  }
  try {
    return await interruptibleDrill({ ...options, onEvent }, guard, session)
  } finally {
    limit?.cancel()
    progress?.close()
  }
}

/** Before the drill: nobody wants to hear after half an hour that there is no place for the report. */
async function prepared(folder: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true })
    await access(folder, constants.W_OK)
    return folder
  } catch (error) {
    throw new UsageError(`--report ${folder}`, [
      `cannot be written: ${(error as NodeJS.ErrnoException).code}`,
    ])
  }
}

async function written(folder: string, report: DrillReport): Promise<readonly string[]> {
  const files = [join(folder, 'report.json'), join(folder, 'report.html')] as const
  await writeFile(files[0], JSON.stringify(report))
  await writeFile(files[1], reportPage(report))
  return files
}
