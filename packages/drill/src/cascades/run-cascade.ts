/** Runs one kind of cascade over a graph of services, with its defence or without what the control leaves out. */
import { knownOptions, oneOf } from '@seaworthy/core'
import { simulate } from '../simulation/simulate.ts'
import { type Cascade, type CascadeId, cascadeIds, type Scene } from './cascade.ts'
import { type CascadeReport, reportOf } from './figures.ts'
import type { Defence } from './hop-settings.ts'
import { leafOutage } from './leaf-outage.ts'
import { type DefencePolicies, realPolicies } from './policies.ts'
import { readTopology } from './read-topology.ts'
import { recommendDefence } from './recommend-defence.ts'
import { recommendations } from './recommendations.ts'
import { retryStorm } from './retry-storm.ts'
import { slowDependency } from './slow-dependency.ts'
import { type CascadeMetric, Stage } from './stage.ts'
import { stampede } from './stampede.ts'
import { swizzle } from './swizzle.ts'
import { ServiceSystem } from './system.ts'
import { defaultTopology, type TopologyFile } from './topology.ts'

const cascades: Readonly<Record<CascadeId, Cascade>> = {
  CF1: leafOutage,
  CF2: slowDependency,
  CF3: retryStorm,
  CF4: swizzle,
  CF5: stampede,
}

/** Options of {@link runCascade}. */
export interface RunCascadeOptions {
  /** @defaultValue 1 */
  readonly seed?: number | string
  /** Leaves out what the control of the cascade leaves out. It must fail then, or the cascade proves nothing. @defaultValue false */
  readonly control?: boolean
  /** What stands around every hop. @defaultValue {@link recommendDefence} for the graph as the cascade changes it */
  readonly defence?: Defence
  /** Policies of another make, in place of the real ones. @defaultValue none */
  readonly policies?: Partial<DefencePolicies>
}

/** What a cascade came to. */
export interface CascadeResult {
  readonly id: CascadeId
  readonly name: string
  readonly fault: string
  /** What was left out, in a control. */
  readonly control: string | undefined
  /** Whether every figure is within its bound. Of a cascade that the graph cannot show: false. */
  readonly passed: boolean
  /** Why the graph cannot show it. */
  readonly notApplicable: string | undefined
  readonly metrics: readonly CascadeMetric[]
  /** Undefined if it was not run. */
  readonly report: CascadeReport | undefined
  /** What stood around every hop. */
  readonly defence: Defence | undefined
  /** What the run suggests, in words. */
  readonly recommendations: readonly string[]
  readonly seed: string
  /** Over everything that happened; the same for every run of the seed. */
  readonly hash: string | undefined
  readonly requests: number
}

/**
 * Runs one kind of cascade in virtual time, built from the real policies:
 *
 * - `CF1`: what everything rests on fails.
 * - `CF2`: something that is only nice to have hangs.
 * - `CF3`: a brown-out under retries on every layer.
 * - `CF4`: connections are cut one after the other.
 * - `CF5`: a leaf is back, and everybody has waited for it.
 *
 * @param topology - The graph. @defaultValue {@link defaultTopology}
 * @throws {@link @seaworthy/core!InvalidOptionError} when there is no such cascade or the graph makes no sense.
 *
 * @example
 * ```ts
 * import { runCascade } from '@seaworthy/drill'
 *
 * const { passed, metrics } = await runCascade('CF2')
 * console.log(passed) // true
 * for (const { name, value, op, limit } of metrics) console.log(`${name}: ${value} ${op} ${limit}`)
 * console.log((await runCascade('CF2', undefined, { control: true })).passed) // false
 * ```
 */
export async function runCascade(
  id: CascadeId,
  topology: TopologyFile = defaultTopology,
  options: RunCascadeOptions = {},
): Promise<CascadeResult> {
  knownOptions('runCascade', options, ['seed', 'control', 'defence', 'policies'])
  const { seed = 1, control = false } = options
  const cascade = cascades[oneOf('id', id, cascadeIds)]
  const scene = cascade.prepare(readTopology(topology))
  const { name, fault } = cascade
  const common = { id, name, fault, control: control ? cascade.control : undefined, seed: String(seed) }
  if (typeof scene === 'string') {
    const nothing = {
      metrics: [],
      report: undefined,
      defence: undefined,
      recommendations: [],
      hash: undefined,
    }
    return { ...common, ...nothing, passed: false, notApplicable: scene, requests: 0 }
  }
  const defence = defenceOf(cascade, scene, options)
  const policies: DefencePolicies = { ...realPolicies, ...options.policies }
  const { value, hash } = await simulate(
    `${seed}/${id}`,
    async (world) => {
      const system = new ServiceSystem(world, scene.topology, defence, policies)
      const stage = new Stage(world, system, scene.shape, cascade.warmUp)
      const metrics = await cascade.run(stage, scene)
      const report = reportOf(stage, scene.leaf)
      return {
        metrics,
        report,
        advice: recommendations(stage, report),
        requests: system.tally.requests.length,
      }
    },
    { tripwire: !control },
  )
  const { metrics, report, requests } = value
  const passed = metrics.length > 0 && metrics.every((each) => each.passed)
  const outcome = { metrics, report, defence, recommendations: value.advice, hash, requests }
  return { ...common, passed, notApplicable: undefined, ...outcome }
}

function defenceOf(cascade: Cascade, scene: Scene, { control = false, defence }: RunCascadeOptions): Defence {
  const defended = cascade.defend(defence ?? recommendDefence(scene.topology), scene)
  return control ? cascade.weaken(defended, scene) : defended
}
