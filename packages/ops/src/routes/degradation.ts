/** Looking at the level and the features, and setting them by hand. */
import type { Desk } from '../desk.ts'
import { json } from '../http/answers.ts'
import { badInput, notFound } from '../http/fault.ts'
import type { OpsRequest } from '../http/request.ts'
import type { Route } from '../http/router.ts'
import type { DegradationLike } from '../parts.ts'
import { featureView } from '../views/degradation-view.ts'
import type { FeatureActionAnswer, FeatureView, LevelActionAnswer, LevelWord } from '../wire.ts'
import { degradationAnswer } from './health.ts'

const levels: readonly LevelWord[] = ['normal', 'minor', 'moderate', 'severe', 'critical']

/** The routes of the level. */
export function degradationRoutes(desk: Desk): Route[] {
  const { degradation, adminPath } = desk.settings
  const base = `${adminPath}/degradation`
  const change = (
    path: string,
    action: string,
    act: (manager: DegradationLike, request: OpsRequest) => object,
  ): Route => ({
    method: 'POST',
    path: `${base}${path}`,
    access: 'override',
    action,
    handle: (request) => {
      if (degradation === undefined) throw notFound('manager of the level')
      return json(act(degradation, request))
    },
  })
  return [
    { method: 'GET', path: base, access: 'read', handle: () => json(degradationAnswer(desk, true)) },
    change('/set-level', 'degradation.setLevel', setLevel),
    change('/clear', 'degradation.clear', clear),
    change('/features/{name}/kill', 'feature.kill', kill),
    change('/features/{name}/restore', 'feature.restore', restore),
  ]
}

function setLevel(manager: DegradationLike, { input, record, principal }: OpsRequest): LevelActionAnswer {
  record.target = 'level'
  const level = input.oneOf('level', levels)
  if (level === undefined) throw badInput(`level must be one of ${levels.join(', ')}.`)
  const reason = input.reason(true) as string // required
  record.reason = reason
  const mode = input.oneOf('mode', ['pin', 'floor'])
  const { level: before } = manager.snapshot()
  const ttl = lifetimeOf(input)
  const after = manager.set(level, {
    reason,
    actor: actorOf(principal),
    ...(ttl !== undefined && { ttl }),
    ...(mode !== undefined && { mode }),
  })
  record.before = before
  record.after = after.level
  const expiresAt = after.override?.expiresAt
  return {
    message: `The level is ${after.level}.`,
    oldLevel: before,
    newLevel: after.level,
    reason,
    ...(expiresAt !== undefined && { expiresAt }),
  }
}

function clear(manager: DegradationLike, { input, record, principal }: OpsRequest): LevelActionAnswer {
  record.target = 'level'
  const reason = input.reason(false)
  record.reason = reason
  const { level: before } = manager.snapshot()
  const after = manager.clear({ actor: actorOf(principal), ...(reason !== undefined && { reason }) })
  record.before = before
  record.after = after.level
  return { message: 'The level follows its rules.', oldLevel: before, newLevel: after.level }
}

function kill(manager: DegradationLike, request: OpsRequest): FeatureActionAnswer {
  const { input, record, principal } = request
  const { name } = begin(manager, request)
  const reason = input.reason(true) as string // required
  record.reason = reason
  const ttl = lifetimeOf(input)
  manager.killFeature(name, { reason, actor: actorOf(principal), ...(ttl !== undefined && { ttl }) })
  return end(manager, request, `Feature '${name}' is off.`)
}

function restore(manager: DegradationLike, request: OpsRequest): FeatureActionAnswer {
  const { name } = begin(manager, request)
  request.record.reason = request.input.reason(false)
  manager.restoreFeature(name, { actor: actorOf(request.principal) })
  return end(manager, request, `Feature '${name}' follows the level again.`)
}

function begin(manager: DegradationLike, { params, record }: OpsRequest): FeatureView {
  const name = params['name'] as string // part of the path
  record.target = name
  const feature = featureOf(manager, name)
  record.before = feature.on ? 'on' : 'off'
  return feature
}

function end(manager: DegradationLike, { record }: OpsRequest, message: string): FeatureActionAnswer {
  const feature = featureOf(manager, record.target)
  record.after = feature.on ? 'on' : 'off'
  return { message, feature }
}

function featureOf(manager: DegradationLike, name: string): FeatureView {
  const feature = manager.snapshot().features?.find((each) => each.name === name)
  if (feature === undefined) throw notFound('feature of that name')
  return featureView(feature)
}

/** `null` for never; undefined for what the manager does by default. */
const lifetimeOf = (input: OpsRequest['input']): number | null | undefined =>
  input.text('ttl')?.toLowerCase() === 'never' ? null : input.duration('ttl', 1000)

const actorOf = (principal: OpsRequest['principal']): string => principal?.id ?? 'an operator'
