/** CF4: connections are cut one after the other and restored in another order. */
import { levels } from '@seaworthy/degradation'
import type { Cascade } from './cascade.ts'
import { closedAfter, goodShare } from './figures.ts'
import { busiestLeaf, depthsOf, edgesOf } from './graph.ts'
import { scaled } from './scale.ts'
import { metric, type Stage } from './stage.ts'
import { type LevelChange, levelHold } from './system.ts'
import type { Edge, Topology } from './topology.ts'

const gap = 8000
const longest = 80_000
const afterwards = 60_000
/** One for each level above normal. */
const cuts = levels.length - 1

/** The connections that can be cut: not those out of the root, since nothing would be left. */
const cuttable = (topology: Topology): Edge[] =>
  edgesOf(topology).filter(({ from }) => from !== topology.root)

export const swizzle: Cascade = {
  id: 'CF4',
  name: 'correlated_multi_failure',
  fault: 'four connections are cut one after the other, and restored one by one in another order',
  control: 'no degradation manager',
  warmUp: 15_000,
  prepare: (topology) => {
    const edges = cuttable(topology)
    if (edges.length < cuts)
      return `it takes ${cuts} connections below the first one, and there are ${edges.length}`
    if (edges.some(({ answers }) => answers === 'none')) return 'calls that nothing answers in place of'
    const { rate, topology: small } = scaled(topology, busiestLeaf(topology), 0.3)
    return { leaf: edges.at(-1)?.to ?? topology.root, topology: small, shape: { rate, keys: 30 } }
  },
  defend: (defence) => defence,
  weaken: (defence) => ({ ...defence, degradation: false }),
  run: async (stage) => {
    const { system, world } = stage
    const order = cutOrder(stage)
    const fault = async (): Promise<void> => {
      for (const { id } of order) {
        system.links.get(id)?.cut()
        await world.clock.sleep(gap)
      }
      for (const { id } of shuffled(order, world.random('restore'))) {
        system.links.get(id)?.restore()
        await world.clock.sleep(gap)
      }
    }
    await stage.run(fault, longest, afterwards)
    const core = goodShare(stage, ({ period, priority }) => period === 'during' && priority === 'critical')
    const changes = system.levelChanges
    const visited = new Set(['normal', ...changes.map(({ to }) => to)])
    const jumps = changes.filter((change) => rise(change) > 1).length
    const hasty = changes.filter((change, index) => isHasty(change, changes[index - 1])).length
    const final = levels.indexOf(changes.at(-1)?.to ?? 'normal')
    return [
      metric('good answers to critical requests', core.share, '>=', 0.99, core.samples),
      metric('levels visited', visited.size, '>=', levels.length, core.samples),
      metric('levels skipped on the way up', jumps, '<=', 0, core.samples),
      metric('steps down that skip a level or come too soon', hasty, '<=', 0, core.samples),
      metric('level at the end', final, '<=', 0, core.samples),
      metric(
        'milliseconds until all circuits are closed',
        closedAfter(stage) ?? afterwards + 1,
        '<=',
        30_000,
        core.samples,
      ),
    ]
  },
}

/** Deeper ones first: below a cut there are no calls left to find another one out. */
function cutOrder({ topology, world }: Stage): Edge[] {
  const depths = depthsOf(topology)
  const chosen = shuffled(cuttable(topology), world.random('cut')).slice(0, cuts)
  return chosen.sort((a, b) => (depths.get(b.from) ?? 0) - (depths.get(a.from) ?? 0))
}

/** Source: R. Fisher, F. Yates; R. Durstenfeld, Algorithm 235 (1964). */
function shuffled<T>(values: readonly T[], random: () => number): T[] {
  const all = [...values]
  for (let last = all.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    const swap = all[last] as T
    all[last] = all[other] as T
    all[other] = swap
  }
  return all
}

const rise = ({ from, to }: LevelChange): number => levels.indexOf(to) - levels.indexOf(from)

function isHasty(change: LevelChange, before: LevelChange | undefined): boolean {
  if (rise(change) >= 0) return false
  return rise(change) < -1 || change.at - (before?.at ?? 0) < levelHold
}
