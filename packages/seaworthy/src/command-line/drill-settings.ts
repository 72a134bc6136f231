/** The file behind `--config`: JSON for who has a service that answers HTTP, a module for who writes a `DrillService`. */
import { dirname, resolve } from 'node:path'
import {
  type CriteriaLimits,
  type DrillOptions,
  type DrillService,
  type MemoryPart,
  type PhaseName,
  type ProfileName,
  phases,
  profiles,
  readTopology,
  standardLimits,
  type TopologyFile,
} from '@seaworthy/drill'
import { Fields } from './fields.ts'
import { isModule, loadModule, readJson } from './files.ts'
import { httpService } from './http-service.ts'
import { readServiceSettings } from './http-settings.ts'
import type { Session } from './session.ts'
import { UsageError } from './usage-error.ts'

/** Phases without which nothing else would make sense stay. */
export const phasesToLeaveOut: readonly PhaseName[] = phases.filter(
  (name) => !['INITIALIZATION', 'BASELINE_ESTABLISHMENT', 'FINAL_ANALYSIS', 'CLEANUP'].includes(name),
)

/** The names of ready-made profiles. */
export const profileNames: readonly ProfileName[] = Object.keys(profiles) as ProfileName[]

/**
 * The options that a file gives; none without a file.
 *
 * @throws UsageError that lists all that is wrong with it.
 */
export async function drillSettings(session: Session, path: string | undefined): Promise<DrillOptions> {
  if (path === undefined) return {}
  if (isModule(path)) {
    const options = await loadModule(session, path)
    if (typeof options === 'object' && options !== null) return options as DrillOptions // drill() checks it
    throw new UsageError(path, ['the default export must be an object: options of drill()'])
  }
  const problems: string[] = []
  const settings = readSettings(
    await readJson(session, path),
    dirname(resolve(session.directory, path)),
    session,
    problems,
  )
  if (problems.length > 0) throw new UsageError(path, problems)
  return settings
}

function readSettings(json: unknown, base: string, session: Session, problems: string[]): DrillOptions {
  const file = new Fields(json, '', problems)
  file.known(['profile', 'seed', 'limits', 'without', 'topology', 'service', 'memory'])
  const profile = file.oneOf('profile', profileNames)
  const seed = file.textOrNumber('seed')
  const limits = readLimits(file)
  const without = file.list('without', phasesToLeaveOut)
  const topology = readGraph(file, problems)
  const service = readService(file, session)
  const memory = readMemory(file, base)
  return {
    ...(profile && { profile }),
    ...(seed !== undefined && { seed }),
    ...(limits && { limits }),
    ...(without && { without }),
    ...(topology && { cascades: { topology } }),
    // The sample in virtual time would be judged together with it, and say nothing about it.
    ...(service && { real: service, simulated: false as const }),
    ...(memory && { memory }),
  }
}

function readLimits(file: Fields): Partial<CriteriaLimits> | undefined {
  const names = Object.keys(standardLimits) as (keyof CriteriaLimits)[]
  const given = file.group('limits')
  if (given === undefined) return undefined
  given.known(names)
  const times: readonly string[] = ['recoveryTime', 'injectionEffect', 'failover']
  const read = names.flatMap((name) => {
    const value = times.includes(name) ? given.duration(name) : given.number(name)
    return value === undefined ? [] : [[name, value] as const]
  })
  return Object.fromEntries(read)
}

function readGraph(file: Fields, problems: string[]): TopologyFile | undefined {
  const graph = file.value('topology')
  if (graph === undefined) return undefined
  try {
    readTopology(graph as TopologyFile)
  } catch (error) {
    problems.push(`topology: ${(error as Error).message}`)
  }
  return graph as TopologyFile
}

function readService(file: Fields, { interruption }: Session): DrillService | undefined {
  const given = file.group('service')
  const settings = given && readServiceSettings(given)
  return settings && httpService(settings, interruption)
}

function readMemory(file: Fields, base: string): MemoryPart | undefined {
  const given = file.group('memory')
  if (given === undefined) return undefined
  given.known(['program', 'rate'])
  const program = given.text('program', 'required')
  const rate = given.number('rate')
  if (program === undefined) return undefined
  return { program: resolve(base, program), ...(rate !== undefined && { rate }) }
}
