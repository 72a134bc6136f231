/**
 * What a store keeps of one breaker, and what each operation does to it: functions of (record, time, request), with no clock and no I/O. Records
 * are never changed in place.
 */
import type {
  CircuitReport,
  FleetExchange,
  FleetExchangeRequest,
  SharedCircuitView,
  SharedCommand,
  TrialAnswer,
  TrialEnd,
  TrialRequest,
} from './store.ts'

/** One circuit of all instances. Times are those of the store. */
export interface SharedCircuit {
  readonly epoch: number
  /** Successes of trials in a row that count for all. */
  readonly successes: number
  /** By instance: when the opening that it reports is over. */
  readonly reports: ReadonlyMap<string, number>
  /** By id: when the lease of a trial is over. */
  readonly trials: ReadonlyMap<string, number>
  /** An operator's word, and when it ends; Infinity for never. */
  readonly command: { readonly said: SharedCommand; readonly until: number } | undefined
  /** When it was mentioned last. */
  readonly heardAt: number
}

/** A breaker of all instances. */
export interface SharedBreaker {
  readonly members: ReadonlyMap<string, { readonly until: number; readonly sequence: number }>
  readonly circuits: ReadonlyMap<string, SharedCircuit>
}

/** A record and what to answer. `changed`: whether others would want to hear of it at once. */
export interface SharedStep<A> {
  readonly record: SharedBreaker
  readonly answer: A
  readonly changed: boolean
}

/** A circuit of which nobody has spoken for so long is forgotten: a day. */
export const forgetAfter: number = 24 * 3_600_000

/** Before anybody has spoken. */
export const nothingShared: SharedBreaker = { members: new Map(), circuits: new Map() }

const unknown: SharedCircuit = {
  epoch: 0,
  successes: 0,
  reports: new Map(),
  trials: new Map(),
  command: undefined,
  heardAt: 0,
}

/** See `BreakerStore.exchange`. */
export function exchange(
  before: SharedBreaker,
  now: number,
  request: FleetExchangeRequest,
): SharedStep<FleetExchange> {
  const { instance, sequence, ttl, reports } = request
  const { members, circuits } = expire(before, now)
  if ((members.get(instance)?.sequence ?? 0) >= sequence)
    return { record: before, answer: viewFor(instance, members, circuits, now), changed: false }
  const nextMembers = new Map(members).set(instance, { until: now + ttl, sequence })
  const next = new Map(circuits)
  const said = new Map(reports.map((report) => [report.key, report]))
  let changed = false
  for (const key of new Set([...circuits.keys(), ...said.keys()])) {
    const circuit = circuits.get(key) ?? unknown
    const after = withReport(circuit, now, instance, said.get(key))
    changed ||= after.epoch !== circuit.epoch || after.reports.has(instance) !== circuit.reports.has(instance)
    next.set(key, after)
  }
  return {
    record: { members: nextMembers, circuits: next },
    answer: viewFor(instance, nextMembers, next, now),
    changed,
  }
}

function withReport(
  circuit: SharedCircuit,
  now: number,
  instance: string,
  report: CircuitReport | undefined,
): SharedCircuit {
  const { epoch = 0, openFor } = report ?? {}
  const ahead = epoch > circuit.epoch
  const known = ahead ? { ...unknown, epoch, trials: circuit.trials } : circuit
  const reports = new Map(known.reports)
  reports.delete(instance)
  if (openFor !== undefined && epoch === known.epoch) reports.set(instance, now + openFor)
  return { ...known, reports, heardAt: report === undefined ? circuit.heardAt : now }
}

/** See `BreakerStore.startTrial`. */
export function startTrial(
  before: SharedBreaker,
  now: number,
  { key, id, lease, limit }: TrialRequest,
): SharedStep<TrialAnswer> {
  const record = expire(before, now)
  const circuit = record.circuits.get(key) ?? unknown
  const { epoch } = circuit
  const granted = circuit.trials.has(id) || circuit.trials.size < limit
  if (!granted) return { record, answer: { granted, epoch }, changed: false }
  const trials = new Map(circuit.trials).set(id, now + lease)
  return {
    record: put(record, key, { ...circuit, trials, heardAt: now }),
    answer: { granted, epoch },
    changed: false,
  }
}

/** See `BreakerStore.endTrial`. */
export function endTrial(
  before: SharedBreaker,
  now: number,
  { key, id, epoch, outcome, needed }: TrialEnd,
): SharedStep<number> {
  const record = expire(before, now)
  const circuit = record.circuits.get(key) ?? unknown
  if (!circuit.trials.has(id)) return { record, answer: circuit.epoch, changed: false }
  const trials = new Map(circuit.trials)
  trials.delete(id)
  const ended = { ...circuit, trials, heardAt: now }
  const counts = needed > 0 && epoch === circuit.epoch && outcome !== 'neutral'
  const successes = outcome === 'success' ? circuit.successes + 1 : 0
  if (!counts) return { record: put(record, key, ended), answer: circuit.epoch, changed: false }
  if (successes < needed)
    return { record: put(record, key, { ...ended, successes }), answer: epoch, changed: false }
  const command = circuit.command?.said.kind === 'isolate' ? circuit.command : undefined
  const recovered = { ...ended, epoch: epoch + 1, successes: 0, reports: new Map<string, number>(), command }
  return { record: put(record, key, recovered), answer: recovered.epoch, changed: true }
}

/** See `BreakerStore.command`. */
export function command(
  before: SharedBreaker,
  now: number,
  { key, said }: { readonly key: string; readonly said: SharedCommand },
): SharedStep<number> {
  const record = expire(before, now)
  const circuit = record.circuits.get(key) ?? unknown
  const until = said.kind === 'trip' ? now + said.openFor : Number.POSITIVE_INFINITY
  const epoch = circuit.epoch + 1
  const next = { ...unknown, epoch, trials: circuit.trials, command: { said, until }, heardAt: now }
  return { record: put(record, key, next), answer: epoch, changed: true }
}

/** See `BreakerStore.leave`. */
export function leave(before: SharedBreaker, now: number, instance: string): SharedStep<undefined> {
  const members = new Map(before.members)
  members.delete(instance)
  return { record: expire({ ...before, members }, now), answer: undefined, changed: true }
}

const put = (record: SharedBreaker, key: string, circuit: SharedCircuit): SharedBreaker => ({
  ...record,
  circuits: new Map(record.circuits).set(key, circuit),
})

/** Without what is over by now. */
function expire({ members, circuits }: SharedBreaker, now: number): SharedBreaker {
  const alive = new Map([...members].filter(([, { until }]) => until > now))
  const left = new Map<string, SharedCircuit>()
  for (const [key, circuit] of circuits) {
    const command = circuit.command !== undefined && circuit.command.until > now ? circuit.command : undefined
    const reports = new Map([...circuit.reports].filter(([id, until]) => alive.has(id) || until > now))
    const trials = new Map([...circuit.trials].filter(([, until]) => until > now))
    if (circuit.heardAt + forgetAfter > now) left.set(key, { ...circuit, command, reports, trials })
  }
  return { members: alive, circuits: left }
}

function viewFor(
  instance: string,
  members: SharedBreaker['members'],
  circuits: SharedBreaker['circuits'],
  now: number,
): FleetExchange {
  const views: SharedCircuitView[] = []
  for (const [key, { epoch, reports, command: word }] of circuits) {
    const others = [...reports].filter(([id]) => id !== instance)
    views.push({
      key,
      epoch,
      reports: others.map(([, until]) => Math.max(0, until - now)),
      departed: others.filter(([id]) => !members.has(id)).length,
      command: word?.said.kind === 'trip' ? { kind: 'trip', openFor: word.until - now } : word?.said,
    })
  }
  return { others: members.size - (members.has(instance) ? 1 : 0), circuits: views }
}
