/** What a request comes to: which faults on which targets. */
import { count, duration, InvalidOptionError, knownOptions, number, ratio } from '@seaworthy/core'
import type { InjectRequest, TargetSelection } from './controller-options.ts'
import type { DecisionStream } from './decisions.ts'
import { suggestion } from './description.ts'
import { type EasingStep, easing } from './easing.ts'
import type { Fault } from './fault.ts'
import { parseFault } from './parse-fault.ts'
import type { Scenario } from './scenario.ts'
import type { ChaosTarget } from './target.ts'

/** A request, worked out. */
export interface Plan {
  /** The scenario, or the kind of the first fault. */
  readonly scenario: string
  readonly parts: readonly { readonly target: ChaosTarget; readonly fault: Fault }[]
  readonly targets: readonly string[]
  /** Targets that are not among those of the controller. */
  readonly foreign: readonly string[]
  readonly duration: number | undefined
  readonly easing: readonly EasingStep[]
}

/** What a request is worked out with. */
export interface PlanContext {
  readonly targets: ReadonlyMap<string, ChaosTarget>
  readonly scenarios: ReadonlyMap<string, Scenario>
  readonly probabilities: Readonly<Record<string, number>>
  /** For a selection. */
  readonly stream: DecisionStream
  readonly ordinal: number
}

/** @throws InvalidOptionError when the request makes no sense. */
export function planOf(request: InjectRequest, context: PlanContext): Plan {
  knownOptions('inject', request, ['scenario', 'fault', 'label', 'on', 'for', 'probability', 'recovery'])
  const { scenario, faults, use, recovery } = whatOf(request, context)
  const { targets, foreign } = whereOf(request.on, faults, context)
  const parts = targets.flatMap((target) => partsFor(target, faults, use))
  const steps = easing(recovery)
  const stubborn = steps.length > 1 ? targets.find(({ perCall }) => perCall !== true) : undefined
  if (stubborn !== undefined)
    throw new InvalidOptionError(
      'recovery',
      `immediate for '${stubborn.id}', which does not decide call by call`,
      recovery,
    )
  return {
    scenario,
    parts,
    targets: targets.map(({ id }) => id),
    foreign,
    // The gate turns away what has no duration, as one more thing that is not controlled.
    duration: request.for === undefined ? undefined : duration('for', request.for, 1),
    easing: steps,
  }
}

interface What extends Required<Pick<Scenario, 'faults' | 'use' | 'recovery'>> {
  readonly scenario: string
}

function whatOf(request: InjectRequest, { scenarios, probabilities }: PlanContext): What {
  const { scenario: id, fault, probability, recovery } = request
  if ((id === undefined) === (fault === undefined))
    throw new InvalidOptionError('inject', 'given either a scenario or a fault', id ?? 'neither')
  const immediate = { pattern: 'immediate' } as const
  if (id === undefined) {
    const given = (Array.isArray(fault) ? fault : [fault]) as readonly unknown[]
    const faults = given.map((each, index) =>
      withRate(parseFault(each, Array.isArray(fault) ? `fault[${index}]` : 'fault'), probability),
    )
    const [first] = faults
    if (first === undefined) throw new InvalidOptionError('fault', 'one fault at least', fault)
    return { scenario: request.label ?? first.kind, faults, use: 'all', recovery: recovery ?? immediate }
  }
  const known = scenarios.get(id)
  if (known === undefined) {
    const names = [...scenarios.keys()]
    throw new InvalidOptionError('scenario', `one of ${names.join(', ')}${suggestion(id, names)}`, id)
  }
  const rate = probability ?? probabilities[id]
  const faults = known.faults.map((each) => withRate(each, rate))
  return {
    scenario: id,
    faults,
    use: known.use ?? 'first',
    recovery: recovery ?? known.recovery ?? immediate,
  }
}

/** Faults that do not decide call by call have no rate. */
function withRate(fault: Fault, rate: number | undefined): Fault {
  if (rate === undefined || !decides.has(fault.kind)) return fault
  return { ...fault, rate: ratio('probability', rate, true) } as Fault // These kinds all have one.
}

const decides: ReadonlySet<Fault['kind']> = new Set([
  'error',
  'latency',
  'outcome',
  'behavior',
  'abort',
  'hang',
  'throttle',
  'corrupt',
  'dropResponse',
  'duplicate',
  'slowDrip',
  'crash',
])

function partsFor(target: ChaosTarget, faults: readonly Fault[], use: 'first' | 'all'): Plan['parts'] {
  const able = faults.filter(({ kind }) => target.supports.includes(kind))
  return (use === 'first' ? able.slice(0, 1) : able).map((fault) => ({ target, fault }))
}

function whereOf(
  on: InjectRequest['on'],
  faults: readonly Fault[],
  context: PlanContext,
): { readonly targets: readonly ChaosTarget[]; readonly foreign: readonly string[] } {
  const able = (target: ChaosTarget): boolean => faults.some(({ kind }) => target.supports.includes(kind))
  const wanted = wantedIds(on, context)
  const found = wanted.map((id) => context.targets.get(id))
  const foreign = wanted.filter((id) => !context.targets.has(id))
  const targets = found.filter((target) => target !== undefined)
  if (isSelection(on)) return { targets: pick(on, targets.filter(able), context), foreign }
  const unable = targets.find((target) => !able(target))
  if (unable === undefined) return { targets, foreign }
  const kinds = faults.map(({ kind }) => kind).join(', ')
  throw new InvalidOptionError('on', `a target that supports one of: ${kinds}`, unable.id)
}

function wantedIds(on: InjectRequest['on'], { targets }: PlanContext): readonly string[] {
  if (typeof on === 'string') return [on]
  const ids = isSelection(on) ? (on.from ?? [...targets.keys()]) : on
  if (Array.isArray(ids) && ids.length > 0) return [...new Set<string>(ids)]
  throw new InvalidOptionError('on', 'the id of a target, a list of them, or { from, pick }', on)
}

const isSelection = (on: InjectRequest['on']): on is TargetSelection =>
  typeof on === 'object' && on !== null && !Array.isArray(on)

/** Draws without replacement. */
function pick(
  { pick: how }: TargetSelection,
  from: readonly ChaosTarget[],
  { stream, ordinal }: PlanContext,
): readonly ChaosTarget[] {
  const left = [...from]
  const chosen: ChaosTarget[] = []
  const wanted = Math.min(left.length, howMany(how, left.length, stream.at(ordinal, 0)))
  while (chosen.length < wanted) {
    const [next] = left.splice(Math.floor(stream.at(ordinal, chosen.length + 1) * left.length), 1)
    if (next !== undefined) chosen.push(next)
  }
  if (chosen.length > 0) return chosen
  throw new InvalidOptionError('on', 'a selection that leaves a target which supports the fault', how)
}

function howMany(how: TargetSelection['pick'], available: number, drawn: number): number {
  if (how === 'one') return 1
  if (how === 'all') return available
  if ('count' in how) return count('on.pick.count', how.count)
  const percent = 'percent' in how ? how.percent : how.atMostPercent
  if (number('on.pick.percent', percent) > 100)
    throw new InvalidOptionError('on.pick.percent', 'from 0 to 100', percent)
  const most = Math.ceil((percent / 100) * available)
  return 'percent' in how ? most : Math.max(1, Math.ceil(drawn * most))
}
