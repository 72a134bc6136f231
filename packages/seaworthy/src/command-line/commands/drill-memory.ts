/** `seaworthy drill memory`: does a process leak? */
import { resolve } from 'node:path'
import {
  type MemoryReport,
  type MemorySource,
  memoryMonitor,
  otherProcess,
  type SoakReport,
  soakChild,
} from '@seaworthy/drill'
import type { Command } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { print, printJson, type Session } from '../session.ts'
import { colours, figure, painted, table, time } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import { type WatchedCommand, watchedCommand } from '../watched-command.ts'

/** So many readings are made over the whole time, unless that were more than ten a second. */
const readings = 400

/** `drill memory` */
export const drillMemory: Command = {
  words: 'drill memory',
  summary: 'Watches the memory of a process and says whether it leaks',
  about: [
    'Three ways, the sharpest last. --pid looks at a process from outside: only its resident memory can be seen, so that says little in ' +
      'less than ten minutes, and needs Linux. --cmd starts a command; a Node program reads its own heap, with garbage collections ' +
      'forced, so half a minute is enough if it works meanwhile. --program starts a program that calls soakProgram() of ' +
      '@seaworthy/drill: it is put under constant load, and what each operation leaves behind is counted.',
    'Too little to judge is called inconclusive, never good. How the verdict comes about: docs/memory-verdict.md.',
  ],
  options: [
    { name: 'pid', value: 'N', kind: 'count', help: 'A process that runs.' },
    {
      name: 'cmd',
      value: '"COMMAND"',
      help: 'A command to start, and to end afterwards: the program itself, not npm.',
    },
    { name: 'program', value: 'FILE', help: 'A module that calls soakProgram().' },
    { name: 'for', value: 'TIME', kind: 'duration', help: 'How long.', standard: '20s' },
    {
      name: 'rate',
      value: 'N',
      kind: 'count',
      help: 'With --program: operations a second.',
      standard: '200',
    },
    {
      name: 'growth',
      value: 'PERCENT',
      kind: 'count',
      help: 'Growth in four hours that fails.',
      standard: '10',
    },
    { name: 'json', help: 'Prints JSON.' },
    { name: 'quiet', help: 'Says nothing about how it goes.' },
  ],
  examples: [
    ['seaworthy drill memory --cmd "node server.js" --for 30s', 'starts a server, watches its heap, ends it'],
    ['seaworthy drill memory --pid 4711 --for 1h', 'a process that runs anyway'],
    [
      'seaworthy drill memory --program soak.js',
      'the sharpest: three lines of yours, see the README of @seaworthy/drill',
    ],
  ],
  exitCodes: { 0: 'what is held does not grow', 1: 'it leaks', 2: 'too little was seen' },
  async run(given, session) {
    const [pid, command, program] = [given.count('pid'), given.text('cmd'), given.text('program')]
    const ways = [pid, command, program].filter((each) => each !== undefined)
    if (ways.length !== 1)
      throw new UsageError('--pid, --cmd, --program', ['exactly one of them must be given'])
    const settings: Settings = {
      length: given.duration('for') ?? 20_000,
      growth: given.count('growth') ?? 10,
      quiet: given.flag('quiet'),
    }
    const report = await watched({ pid, command, program, rate: given.count('rate') }, settings, session)
    if (given.flag('json')) printJson(session, report)
    else print(session, painted(textOf(report), colours(session.stdout, session)))
    const { outcome } = report.verdict
    if (('leaks' in report && report.leaks) || outcome === 'fail') return exitCodes.failed
    return outcome === 'inconclusive' || report.failure !== undefined ? exitCodes.partial : exitCodes.passed
  },
}

interface Settings {
  readonly length: number
  readonly growth: number
  readonly quiet: boolean
}

interface Subject {
  readonly pid: number | undefined
  readonly command: string | undefined
  readonly program: string | undefined
  readonly rate: number | undefined
}

async function watched(
  { pid, command, program, rate }: Subject,
  settings: Settings,
  session: Session,
): Promise<MemoryReport | SoakReport> {
  const { directory, programs } = session
  if (program !== undefined)
    return soakChild({
      program: resolve(directory, program),
      execArgv: programs?.execArgv ?? [],
      duration: Math.max(1000, settings.length),
      growthThresholdPercent: settings.growth,
      ...(rate !== undefined && { rate }),
    })
  if (pid !== undefined) return watch(otherProcess(pid), false, settings, session)
  const child: WatchedCommand = await watchedCommand(command as string, session)
  try {
    return await watch(child.source, child.fromInside, settings, session)
  } finally {
    await child.end()
  }
}

async function watch(
  source: MemorySource,
  collect: boolean,
  { length, growth, quiet }: Settings,
  session: Session,
): Promise<MemoryReport> {
  const { interruption, stderr, clock } = session
  const moving = stderr.isTTY === true && !quiet
  const began = clock.now()
  const monitor = memoryMonitor({
    source,
    collect,
    // It is there to be watched, so it may spend more on it than a service at work.
    ...(collect && { collectShare: 0.5, warmUp: Math.min(60_000, 0.15 * length) }),
    duration: length,
    interval: Math.max(100, length / readings),
    growthThresholdPercent: growth,
    keepAlive: true,
    onSample: ({ rss }) => {
      if (moving) stderr.write(`\r${time(clock.now() - began)} of ${time(length)}  ${megabytes(rss)}\u001b[K`)
    },
  })
  const stop = (): void => void monitor.stop()
  interruption.signal.addEventListener('abort', stop, { once: true })
  monitor.start()
  const report = await monitor.finished
  interruption.signal.removeEventListener('abort', stop)
  if (moving) stderr.write('\r\u001b[K')
  return report
}

const marks = { pass: '✔', warn: '?', fail: '✘', inconclusive: '?' } as const

function textOf(report: MemoryReport | SoakReport): string {
  const { verdict, points, peakRss, overhead, failure } = report
  const floors = points.flatMap(({ heapFloor }) => heapFloor ?? [])
  const rows = [
    ['  readings', figure(points.reduce((sum, { samples }) => sum + samples, 0))],
    ['  most resident memory', megabytes(peakRss)],
    ...(floors.length > 0
      ? [
          [
            '  heap after collections',
            `${megabytes(floors[0] as number)} to ${megabytes(floors.at(-1) as number)}`,
          ],
        ]
      : []),
    ['  cost of watching', `${figure(overhead.percent)} % of its time`],
  ]
  const soak = 'leaks' in report ? report : undefined
  return [
    `${soak?.leaks ? '✘' : marks[verdict.outcome]} ${verdict.verdict}: ${verdict.reason}`,
    ...(soak?.gaugesLeft ?? []).map(({ name, before, after }) => `✘ ${name}: ${after} instead of ${before}`),
    ...(soak?.objects.accumulating ?? []).map(
      ({ name, perOperation }) => `✘ ${name}: ${figure(perOperation)} more with each operation`,
    ),
    ...(failure === undefined ? [] : [`? it ended before its time: ${failure}`]),
    table(rows),
  ].join('\n')
}

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`
