/** `seaworthy drill experiment`: one claim about a service, put to the test. */
import {
  type Experiment,
  type ExperimentJournal,
  experimentExitCodes,
  type ProbeResult,
  parseExperiment,
  runExperiment,
} from '@seaworthy/chaos'
import { Hub } from '@seaworthy/core'
import { type DrillService, sampleConnection, sampleService, simulate, type World } from '@seaworthy/drill'
import { seededRandom } from '@seaworthy/testing'
import type { Command } from '../command.ts'
import { drillSettings } from '../drill-settings.ts'
import { exitCodes } from '../exit-codes.ts'
import { ExperimentLoad } from '../experiment-load.ts'
import { readJson } from '../files.ts'
import type { Given } from '../given.ts'
import { KillSwitch } from '../kill-switch.ts'
import { print, printJson, type Session } from '../session.ts'
import { colours, figure, painted, table, time } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'

/** `drill experiment` */
export const drillExperiment: Command = {
  words: 'drill experiment',
  operands: { show: 'FILE', least: 1, most: 1 },
  summary: 'Runs an experiment: a steady state, what is done to it, what must come of it',
  about: [
    'The file is that of @seaworthy/chaos; its schema is @seaworthy/chaos/experiment.schema.json. With "mode": "sim" (the default) it runs in ' +
      'virtual time against the sample shop, whose targets are datastore, valuation, primary provider and resources. With "mode": "real" it runs against the ' +
      'service of --config, or against a sample whose targets are connection and process.',
    'Load runs all the time, so that probes have something to measure before anything is broken: success_rate, full_rate, degraded_rate, shed_rate, ' +
      'error_rate, requests, p50_ms, p95_ms, p99_ms, open_circuits, level. The call is request: one request, whose answer is full, degraded or shed.',
  ],
  options: [
    { name: 'config', value: 'FILE', help: 'The service, as for drill run.' },
    { name: 'seed', value: 'SEED', help: 'In place of that of the file.' },
    { name: 'rate', value: 'N', kind: 'count', help: 'Requests a second.', standard: '20' },
    {
      name: 'warm-up',
      value: 'TIME',
      kind: 'duration',
      help: 'Load before the first probe.',
      standard: '10s, real: 3s',
    },
    { name: 'json', help: 'Prints the journal as JSON.' },
    { name: 'quiet', help: 'Says nothing about how it goes.' },
  ],
  examples: [
    ['seaworthy drill experiment outage.json', 'runs it, in virtual time unless the file says real'],
    [
      'seaworthy drill experiment outage.json --config shop.json',
      'against your service, with "mode": "real" in the file',
    ],
  ],
  exitCodes: {
    0: 'steady before and after, and every expectation met',
    1: 'a critical probe or an expectation was not met',
    2: 'not measured often enough, not all injected, or interrupted',
    3: 'the service was not well before; nothing was broken',
    4: 'a fault could not be taken back',
  },
  async run(given, session) {
    const experiment = parseExperiment(await readJson(session, given.operands[0] as string))
    const real = experiment.mode === 'real'
    const options = await drillSettings(session, given.text('config'))
    const chosen = real ? options.real : options.simulated
    if (!real && options.real && !options.simulated)
      throw new UsageError('"mode"', ['must be "real" for a service of your own'])
    const seed = given.text('seed') ?? String(experiment.seed ?? 0)
    const service = chosen || (real ? sampleConnection() : sampleService())
    const place: Place = { experiment, service, seed, given, session }
    const journal = real
      ? await perform(realWorld(session, seed), place)
      : (await simulate(seed, (world) => perform(world, place))).value
    if (given.flag('json')) printJson(session, journal)
    else print(session, painted(textOf(journal), colours(session.stdout, session)))
    return experimentExitCodes[journal.status] ?? exitCodes.internal
  },
}

interface Place {
  readonly experiment: Experiment
  readonly service: DrillService
  readonly seed: string
  readonly given: Given
  readonly session: Session
}

function realWorld({ clock }: Session, seed: string): World {
  const hub = new Hub()
  const streams = new Map<string, ReturnType<typeof seededRandom>>()
  const random = (name: string): ReturnType<typeof seededRandom> => {
    const stream = streams.get(name) ?? seededRandom(seed).fork(name)
    streams.set(name, stream)
    return stream
  }
  return { kind: 'real', clock, hub, random }
}

async function perform(
  world: World,
  { experiment, service, seed, given, session }: Place,
): Promise<ExperimentJournal> {
  const { clock, hub } = world
  const { interruption, stderr } = session
  const guard = new KillSwitch(interruption)
  const running = await guard.guardService(service).start(world)
  const load = new ExperimentLoad(running, clock, world.random('load'), given.count('rate') ?? 20)
  try {
    load.start()
    const warmUp = given.duration('warm-up') ?? (world.kind === 'real' ? 3000 : 10_000)
    await clock.sleep(warmUp, interruption.signal).catch(() => {})
    return await runExperiment(experiment, {
      targets: running.targets,
      metrics: load.metrics,
      calls: { request: (signal) => load.ask(signal) },
      load: load.load,
      clock,
      hub,
      seed,
      signal: interruption.signal,
      ...(!given.flag('quiet') && {
        onEntry: ({ at, type, detail }) =>
          stderr.write(`${time(at).padStart(8)}  ${type}  ${JSON.stringify(detail)}\n`),
      }),
    })
  } finally {
    await load.stop()
    await running.stop()
  }
}

const marks = { passed: '✔', failed: '✘', inconclusive: '?' } as const

function textOf({
  title,
  status,
  probes,
  expectations,
  injections,
  reasons,
  took,
  seed,
}: ExperimentJournal): string {
  return [
    title,
    table(rowsOf(probes)),
    ...expectations.map(
      ({ id, verdict, value, op, limit }) =>
        `${marks[verdict]} ${id}: ${value === undefined ? 'not measured' : figure(value)} ${op} ${figure(limit)}`,
    ),
    `${injections.length} injections in ${time(took)}`,
    ...reasons.map((reason) => `  ${reason}`),
    `${status}  seed ${seed}`,
  ]
    .filter((line) => line !== '')
    .join('\n')
}

/** One row for each probe and time, however often it was asked then. */
function rowsOf(probes: ExperimentJournal['probes']): string[][] {
  const groups = new Map<string, ProbeResult[]>()
  for (const each of probes) {
    const key = `${each.probe} ${each.when}`
    groups.set(key, [...(groups.get(key) ?? []), each])
  }
  return [...groups.values()].map((group) => {
    const worst = (['failed', 'inconclusive'] as const).find((verdict) =>
      group.some((each) => each.verdict === verdict),
    )
    const { probe, when } = group[0] as ProbeResult
    const problem = group.find((each) => each.problem !== undefined)?.problem
    const samples = group.map((each) => each.samples)
    return [
      `${marks[worst ?? 'passed']} ${probe}`,
      when,
      valuesOf(group),
      problem ??
        `${Math.min(...samples)} samples${group.length === 1 ? '' : ` at least, asked ${group.length} times`}`,
    ]
  })
}

/** The value, or from the least to the greatest. */
function valuesOf(group: readonly ProbeResult[]): string {
  const numbers = group.flatMap(({ value }) => (typeof value === 'number' ? value : []))
  if (numbers.length === 0) return [...new Set(group.map(({ value }) => String(value ?? '')))].join(', ')
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)]
  return least === most ? figure(least) : `${figure(least)} to ${figure(most)}`
}
