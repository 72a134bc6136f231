import { readFileSync } from 'node:fs'
import { callTarget } from '@seaworthy/chaos'
import { Hub } from '@seaworthy/core'
import {
  type DrillControl,
  DrillControlError,
  type DrillControlOptions,
  drillControl,
  type MemoryReading,
  type MemorySource,
} from '@seaworthy/drill'
import { seededRandom, VirtualClock } from '@seaworthy/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { brief, shop } from './run-services.ts'

const epoch = 1_700_000_000_000

/** A dependency that can be broken, and its control. */
function scene(options: DrillControlOptions = {}) {
  const clock = new VirtualClock()
  const hub = new Hub()
  const target = callTarget('betting_service', { clock })
  const other = callTarget('odds_provider', { clock })
  const control = drillControl({
    targets: [target, other],
    armed: true,
    chaos: { minGap: 0 },
    drill: { simulated: shop(), real: false },
    profiles: { brief },
    memory: { source: () => steadySource() },
    clock,
    hub,
    wallClock: () => epoch + clock.now(),
    random: seededRandom(1),
    ...options,
  })
  const call = target.wrap(async (value: number) => value)
  return { clock, hub, target, control, call }
}

/** The memory of nobody: the same at every reading. */
function steadySource(reading: Partial<MemoryReading> = {}): MemorySource & { closed: number } {
  return {
    closed: 0,
    async read() {
      const limits = { rss: 1e9, heap: 1e9 }
      return {
        rss: 1e8,
        heapUsed: 5e7,
        heapTotal: 6e7,
        collections: 0,
        limits,
        busy: 1,
        collecting: 0,
        ...reading,
      }
    },
    close() {
      this.closed++
    },
  }
}

/** How something was refused. */
async function refusal(run: () => unknown): Promise<DrillControlError> {
  try {
    await run()
  } catch (error) {
    if (error instanceof DrillControlError) return error
    throw error
  }
  throw new Error('it was not refused')
}

const paths = ({ problems }: DrillControlError): string[] => problems.map(({ path }) => path)
const outage = { scenario: 'provider_outage', target_service: 'betting_service', duration: 300 }
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

async function finished(control: DrillControl, id: string): Promise<void> {
  while (control.test(id).state !== 'finished') await turn()
}

/** What was made in a test, to see that nothing is left of it. */
let made: ReturnType<typeof scene>
const start = (options?: DrillControlOptions): ReturnType<typeof scene> => {
  made = scene(options)
  return made
}
afterEach(async () => {
  await made.control.close()
  await made.clock.settle()
  expect(Object.entries(made.control.debugStats()).filter(([, size]) => size !== 0)).toEqual([])
  expect(made.target.policy.debugStats()).toMatchObject({ faults: 0, held: 0 })
  expect(made.clock.pendingTimers).toBe(0)
  expect(made.hub.components()).toEqual([])
})

describe('chaos', () => {
  it('takes the requests of the documents as they are', async () => {
    const { control } = start()
    const { id, settings } = await control.startChaos({
      timeout_probability: 0.1,
      valuation_exception_rate: 0.5,
      latency_spike_probability: 0.05,
      auto_recovery: true,
      max_concurrent_chaos: 3,
    })
    expect(settings).toEqual({
      timeoutProbability: 0.1,
      valuationExceptionRate: 0.5,
      latencySpikeProbability: 0.05,
      autoRecovery: true,
      maxConcurrentChaos: 3,
    })
    const injection = await control.inject(id, {
      scenario: 'provider_timeout',
      target_service: 'betting_service',
      duration: 300,
    })
    expect(injection).toMatchObject({
      scenario: 'provider_timeout',
      phase: 'active',
      duration: 300_000,
      startedAt: epoch,
      endsAt: epoch + 300_000,
    })
    expect(control.chaos(id)).toMatchObject({ state: 'running', armed: true, counters: { injected: 1 } })
  })

  it('is in effect when the answer comes: the next call is hit, and none after its time', async () => {
    const { control, call, clock } = start()
    const { id } = await control.startChaos()
    await control.inject(id, { ...outage, duration: '20s' })
    await expect(call(1)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await clock.advance('20s')
    expect(await call(2)).toBe(2)
    expect(control.chaos(id).injections).toMatchObject([{ affected: 1, outcome: 'recovered' }])
  })

  it('needs to be armed, each time anew; a question that throws is a no', async () => {
    let armed = true
    const { control } = start({
      armed: () => {
        if (!armed) throw new Error('who knows')
        return true
      },
    })
    const { id } = await control.startChaos()
    await control.inject(id, outage)
    armed = false
    const refused = await refusal(() => control.inject(id, { ...outage, target_service: 'odds_provider' }))
    expect([refused.code, refused.reason]).toEqual(['ERR_DRILL_REFUSED', 'disarmed'])
    expect(control.chaos(id)).toMatchObject({ armed: false, counters: { injected: 1, refused: 1 } })
  })

  it('keeps tests with faults to the gates of injections: environment and dry run', async () => {
    const { control } = start({ chaos: { environment: 'production', environments: ['staging'] } })
    expect(control.status().armed).toBe(false)
    expect((await refusal(() => control.startTest())).reason).toBe('disarmed')
    await control.close()
    const dry = start({ chaos: { dryRun: true } }).control
    expect((await refusal(() => dry.startTest())).reason).toBe('dryRun')
    const { id } = await dry.startChaos()
    expect((await refusal(() => dry.inject(id, outage))).reason).toBe('dryRun')
  })

  it('is disarmed unless said otherwise', async () => {
    const clock = new VirtualClock()
    const control = drillControl({ targets: [callTarget('a', { clock })], clock, hub: new Hub() })
    start()
    const { id } = await control.startChaos()
    expect((await refusal(() => control.inject(id, { ...outage, target_service: 'a' }))).reason).toBe(
      'disarmed',
    )
    expect((await refusal(() => control.startTest())).reason).toBe('disarmed')
    await control.close()
  })

  it('says all that is wrong with a request, each with its field', async () => {
    const { control } = start({ chaos: { maxConcurrentChaos: 4 } })
    const settings = { timeout_probability: 2, latency_spike_probability: 'often', typo: 1 }
    expect(paths(await refusal(() => control.startChaos(settings))).sort()).toEqual([
      'latency_spike_probability',
      'timeout_probability',
      'typo',
    ])
    expect(paths(await refusal(() => control.startChaos({ max_concurrent_chaos: 5 })))).toEqual([
      'max_concurrent_chaos',
    ])
    expect(paths(await refusal(() => control.startChaos([])))).toEqual(['body'])
    const { id } = await control.startChaos()
    expect(paths(await refusal(() => control.inject(id, {})))).toEqual([
      'scenario',
      'target_service',
      'duration',
    ])
    const bad = { ...outage, duration: 'soon', probability: 2, recovery: 'never', sceanrio: 'x' }
    const refused = await refusal(() => control.inject(id, bad))
    expect(paths(refused).sort()).toEqual(['duration', 'probability', 'recovery', 'sceanrio'])
    expect(refused.message).toContain("did you mean 'scenario'?")
    for (const duration of [0, -1, Number.POSITIVE_INFINITY, null, {}, '0s'])
      expect(paths(await refusal(() => control.inject(id, { ...outage, duration })))).toEqual(['duration'])
    expect(control.chaos(id).counters.planned).toBe(0)
  })

  it('lists the scenarios that there are when one is unknown, and what was probably meant', async () => {
    const { control } = start()
    const { id, scenarios } = await control.startChaos()
    const refused = await refusal(() => control.inject(id, { ...outage, scenario: 'provider_outtage' }))
    expect([refused.code, paths(refused)]).toEqual(['ERR_DRILL_INVALID', ['scenario']])
    for (const scenario of scenarios) expect(refused.message).toContain(scenario)
    expect(refused.message).toContain('did you mean "provider_outage"?')
    expect(scenarios).toHaveLength(18)
  })

  it('passes on which gate was closed', async () => {
    const { control } = start()
    const { id } = await control.startChaos({ max_concurrent_chaos: 2 })
    const reason = async (body: object): Promise<string | undefined> =>
      (await refusal(() => control.inject(id, body))).reason
    expect(await reason({ ...outage, target_service: 'payroll' })).toBe('notOptedIn')
    expect(await reason({ ...outage, duration: 601 })).toBe('duration')
    await control.inject(id, outage)
    expect(await reason(outage)).toBe('overlap')
    await control.inject(id, { ...outage, target_service: ['odds_provider'] })
    expect(await reason({ ...outage, scenario: 'latency_spike' })).toBe('maxConcurrentChaos')
  })

  it('runs once at a time, so that its limits are those of all', async () => {
    const { control, clock } = start({
      chaos: { minGap: 0, steadyState: () => true, recovery: { stable: '2s' } },
    })
    const { id } = await control.startChaos()
    await control.inject(id, outage)
    const refused = await refusal(() => control.startChaos())
    expect([refused.code, refused.message.includes(id)]).toEqual(['ERR_DRILL_LIMIT', true])
    expect(control.stopChaos(id)).toMatchObject({ state: 'stopping', injections: [{ phase: 'recovering' }] })
    expect((await refusal(() => control.startChaos())).code).toBe('ERR_DRILL_LIMIT')
    await clock.advance('5s')
    expect(control.chaos(id)).toMatchObject({ state: 'stopped', injections: [{ outcome: 'recovered' }] })
    expect((await control.startChaos()).id).not.toBe(id)
  })

  it('stops twice alike, and breaks nothing afterwards', async () => {
    const { control, call, clock } = start()
    const { id } = await control.startChaos()
    await control.inject(id, outage)
    control.stopChaos(id)
    expect(await call(3)).toBe(3)
    await clock.settle()
    const first = control.stopChaos(id)
    expect(first).toMatchObject({ state: 'stopped', endedAt: epoch })
    expect(control.stopChaos(id)).toEqual(first)
    expect((await refusal(() => control.inject(id, outage))).code).toBe('ERR_DRILL_ENDED')
  })
})

describe('the emergency stop', () => {
  it('takes all faults away before it returns, lets go of calls that hang, and can be pressed again', async () => {
    const { control, call, hub } = start()
    const { id } = await control.startChaos({ timeout_probability: 1 })
    const hang = { scenario: 'provider_timeout', target_service: 'betting_service', duration: 300 }
    await control.inject(id, hang)
    const monitor = await control.startMemory()
    const test = await control.startTest({ profile: 'brief' })
    const hanging = call(7)
    await turn()
    expect(made.target.policy.debugStats()).toMatchObject({ held: 1 })
    // As an operator on the hub would.
    const stop = hub.component('drill-control', 'default')?.actions['cleanup'] as () => object
    expect(stop()).toEqual({ chaos: [id], memory: [monitor.id], tests: [test.id], faults: 0 })
    expect(made.target.policy.debugStats()).toMatchObject({ faults: 0, held: 0 })
    expect(await hanging).toBe(7)
    expect(control.cleanup()).toEqual({ chaos: [], memory: [], tests: [], faults: 0 })
    expect(control.chaos(id)).toMatchObject({ state: 'stopped', killed: true })
    expect(control.memory(monitor.id).state).toBe('stopped')
    await finished(control, test.id)
    expect(control.test(test.id)).toMatchObject({ interrupted: 'emergency stop', result: 'PARTIAL' })
  })

  it('turns away an injection that waits at a gate', async () => {
    let admit: (steady: boolean) => void = () => {}
    const steadyState = (): Promise<boolean> => new Promise((resolve) => (admit = resolve))
    const { control, call } = start({ chaos: { steadyState } })
    const { id } = await control.startChaos()
    const waiting = refusal(() => control.inject(id, outage))
    await turn()
    control.cleanup()
    admit(true)
    expect((await waiting).reason).toBe('killSwitch')
    expect(await call(1)).toBe(1)
  })

  it('says what it could not take away, and tries again', async () => {
    let stuck = true
    const sticky = {
      id: 'sticky',
      supports: ['refuse' as const],
      apply: () => ({
        recover: () => {
          if (stuck) throw new Error('it will not go')
        },
      }),
    }
    const { control } = start({ targets: [sticky] })
    const { id } = await control.startChaos()
    await control.inject(id, { ...outage, target_service: 'sticky' })
    expect(control.cleanup()).toMatchObject({ chaos: [id], faults: 1 })
    expect((await refusal(() => control.startChaos())).code).toBe('ERR_DRILL_LIMIT')
    stuck = false
    expect(control.cleanup()).toMatchObject({ chaos: [id], faults: 0 })
    expect(control.cleanup()).toMatchObject({ chaos: [], faults: 0 })
  })
})

describe('memory', () => {
  const config = {
    duration_hours: 4,
    sampling_interval_seconds: 30,
    memory_growth_threshold_percent: 10,
    critical_memory_threshold_percent: 90,
    enable_object_tracking: true,
    enable_detailed_analysis: true,
  }

  it('takes the request of the documents, and tells what it has seen', async () => {
    let held = 0
    const { control, clock } = start({
      memory: { source: () => steadySource(), gauges: () => ({ held }) },
    })
    const { id } = await control.startMemory(config, { actor: 'grace' })
    held = 3
    await clock.advance('2h')
    expect(control.memory(id)).toMatchObject({
      state: 'running',
      startedBy: 'grace',
      peakRss: 1e8,
      objects: [{ name: 'held', before: 0, after: 3 }],
    })
    const all = control.memoryHistory(id).points
    const lastHour = control.memoryHistory(id, 1).points
    expect(all.length).toBeGreaterThan(200)
    expect(lastHour.length).toBeLessThan(all.length / 1.9)
    await clock.advance('3h')
    expect(control.memory(id)).toMatchObject({ state: 'stopped', endedAt: epoch + 4 * 3_600_000 })
    held = 9
    expect(control.memory(id).objects).toEqual([{ name: 'held', before: 0, after: 3 }])
  })

  it('says what is wrong, keeps to its limit, and stops twice alike', async () => {
    const source = steadySource()
    const { control } = start({ limits: { monitors: 1 }, memory: { source: () => source } })
    const bad = {
      ...config,
      duration_hours: 0,
      critical_memory_threshold_percent: 101,
      enable_object_tracking: 1,
    }
    expect(paths(await refusal(() => control.startMemory(bad)))).toEqual([
      'duration_hours',
      'critical_memory_threshold_percent',
      'enable_object_tracking',
    ])
    const { id } = await control.startMemory(config)
    expect((await refusal(() => control.startMemory(config))).code).toBe('ERR_DRILL_LIMIT')
    const first = control.stopMemory(id)
    expect(first.state).toBe('stopped')
    expect(control.stopMemory(id)).toEqual(first)
    expect(source.closed).toBe(1)
    expect((await refusal(() => control.memory('memory-0'))).code).toBe('ERR_DRILL_NOT_FOUND')
  })
})

describe('tests that break nothing', () => {
  it('look at a circuit breaker by name, one at a time', async () => {
    const { control } = start({ breakers: { payments: { options: { failureThreshold: 3 } } } })
    const running = control.testBreaker('payments')
    expect((await refusal(() => control.testBreaker())).code).toBe('ERR_DRILL_LIMIT')
    expect(await running).toMatchObject({ circuitName: 'payments', tests: { length: 7 } })
    expect(await control.testBreaker('test_circuit')).toMatchObject({ passed: true, passedTests: 7 })
    const unknown = await refusal(() => control.testBreaker('nobody'))
    expect([unknown.code, unknown.message]).toEqual([
      'ERR_DRILL_NOT_FOUND',
      expect.stringContaining('test_circuit, payments'),
    ])
  })

  it('run cascades over the graph of the documents, and say where a graph is wrong', async () => {
    const { control } = start()
    const graph = {
      frontend: ['api_gateway'],
      api_gateway: ['auth_service', 'data_service'],
      auth_service: ['database'],
      data_service: ['database', 'external_api'],
      database: [],
      external_api: [],
    }
    const { cascades, passed } = await control.testCascades(graph, ['CF1', 'CF2'])
    expect(passed).toBe(true)
    expect(cascades).toMatchObject([
      { id: 'CF1', passed: true, control: { passed: false } },
      { id: 'CF2', passed: false, notApplicable: 'no call to a leaf is optional' },
    ])
    const refused = await refusal(() => control.testCascades({ web: ['databse'], database: [] }))
    expect([paths(refused), refused.message]).toEqual([
      ['nodes.web.calls[0].to'],
      expect.stringContaining("did you mean 'database'?"),
    ])
    expect(paths(await refusal(() => control.testCascades(undefined, ['CF9'])))).toEqual(['only'])
    const crowd = { nodes: { web: { calls: ['db'], instances: 1000 }, db: {} } }
    expect(paths(await refusal(() => control.testCascades(crowd)))).toEqual(['nodes'])
    const stopped = control.testCascades({ web: ['database'], database: [] }, ['CF1', 'CF3'])
    control.cleanup()
    expect(await stopped).toMatchObject({ passed: false, interrupted: true, cascades: [{ id: 'CF1' }] })
  })
})

describe('complete tests', () => {
  const request = {
    profile: 'brief',
    seed: 7,
    enable_circuit_breaker_testing: false,
    enable_cascading_failure_testing: false,
    enable_memory_monitoring: false,
    chaos_intensity: 'medium',
    min_recovery_success_rate: 0.8,
  }

  it('run in the background, and can be followed to their report', async () => {
    const { control } = start()
    const { id, state } = await control.startTest(request, { actor: 'ada' })
    expect(state).toBe('running')
    expect((await refusal(() => control.testReport(id))).code).toBe('ERR_DRILL_RUNNING')
    const seen = new Set<string>()
    let partial: number | undefined
    while (control.test(id).state !== 'finished') {
      const { phase, phases } = control.test(id)
      seen.add(phase)
      if (phases.length >= 2) partial ??= control.testReport(id, { partial: true }).phases_completed.length
      await turn()
    }
    expect(partial).toBeGreaterThanOrEqual(2)
    expect(seen.size).toBeGreaterThan(2)
    const { events, ...report } = control.testReport(id)
    expect(events).toBeUndefined()
    expect(report).toMatchObject({ test_id: id, partial: false, seed: '7', profile: 'brief' })
    expect(report.problems).toEqual([])
    expect(report.chaos_events_triggered).toBeGreaterThanOrEqual(16) // twice a round of eight
    expect(control.test(id)).toMatchObject({
      state: 'finished',
      startedBy: 'ada',
      result: report.overall_result,
      exitCode: report.exit_code,
      chaosEventsTriggered: report.chaos_events_triggered,
      successfulRecoveries: report.successful_recoveries,
    })
    expect(control.testReport(id, { events: true }).events?.length).toBeGreaterThan(100)
    expect(control.tests()).toHaveLength(1)
  })

  it('take the requests of the documents: four hours, and a day', async () => {
    const { control } = start()
    const fourHours = {
      total_duration_hours: 4,
      enable_chaos_testing: true,
      enable_circuit_breaker_testing: true,
      enable_memory_monitoring: true,
      enable_cascading_failure_testing: true,
      chaos_intensity: 'medium',
      memory_growth_threshold_percent: 10,
      memory_sampling_interval_seconds: 30,
      max_memory_growth_percent: 15.0,
      max_system_memory_percent: 90.0,
      min_recovery_success_rate: 0.8,
    }
    const day = {
      total_duration_hours: 24,
      chaos_intensity: 'high',
      memory_growth_threshold_percent: 5,
      memory_sampling_interval_seconds: 15,
      max_memory_growth_percent: 8.0,
    }
    for (const body of [fourHours, day]) {
      const { id, profile } = await control.startTest(body)
      expect(profile).toBe('comprehensive')
      expect((await refusal(() => control.startTest(body))).code).toBe('ERR_DRILL_LIMIT')
      expect(control.stopTest(id).state).toBe('stopping')
      expect(control.stopTest(id).state).toBe('stopping')
      await finished(control, id)
      expect(control.testReport(id)).toMatchObject({ interrupted: true, overall_result: 'PARTIAL' })
    }
  })

  it('say all that is wrong with a request', async () => {
    const { control } = start()
    const bad = {
      profile: 'brief',
      total_duration_hours: 1,
      chaos_intensity: 'extreme',
      enable_chaos_testing: 'yes',
      min_recovery_success_rate: 80,
      seed: {},
    }
    expect(paths(await refusal(() => control.startTest(bad))).sort()).toEqual([
      'chaos_intensity',
      'enable_chaos_testing',
      'min_recovery_success_rate',
      'seed',
      'total_duration_hours',
    ])
    expect(control.tests()).toEqual([])
  })

  it('run without being armed where nothing is broken', async () => {
    const { control } = start({ armed: false })
    expect((await refusal(() => control.startTest(request))).reason).toBe('disarmed')
    const { id } = await control.startTest({ ...request, enable_chaos_testing: false })
    await finished(control, id)
    expect(control.testReport(id).chaos_events_triggered).toBe(0)
  })

  it('end when memory does, before the process does', async () => {
    const source = steadySource({ rss: 9.6e8 })
    const { control, clock } = start({ memory: { source: () => source } })
    const { id } = await control.startTest({
      profile: 'brief',
      memory_sampling_interval_seconds: 1,
      max_system_memory_percent: 95,
    })
    await clock.advance('2s')
    expect(control.test(id).interrupted).toMatch(/memory is critical: rss at 96 %/)
    await finished(control, id)
    expect(source.closed).toBe(1)
  })
})

describe('requests that come twice', () => {
  it('are carried out once for a key of an actor', async () => {
    const { control } = start()
    const caller = { actor: 'grace', idempotencyKey: 'a-key' }
    const [first, second] = await Promise.all([
      control.startChaos({ auto_recovery: true, max_concurrent_chaos: 1 }, caller),
      control.startChaos({ max_concurrent_chaos: 1, auto_recovery: true }, caller),
    ])
    expect(second).toEqual(first)
    expect(control.status().chaos).toHaveLength(1)
    expect((await refusal(() => control.startChaos({}, caller))).code).toBe('ERR_DRILL_DUPLICATE')
    expect((await refusal(() => control.startMemory({}, caller))).code).toBe('ERR_DRILL_DUPLICATE')
    // Another actor may have made up the same key.
    await control.startMemory({}, { ...caller, actor: 'ada' })
    const tooLong = { idempotencyKey: 'x'.repeat(256) }
    expect(paths(await refusal(() => control.startMemory({}, tooLong)))).toEqual(['Idempotency-Key'])
  })

  it('may be tried again after a refusal', async () => {
    let armed = false
    const { control } = start({ armed: () => armed })
    const { id } = await control.startChaos()
    const caller = { idempotencyKey: 'one' }
    expect((await refusal(() => control.inject(id, outage, caller))).reason).toBe('disarmed')
    armed = true
    const injection = await control.inject(id, outage, caller)
    expect(await control.inject(id, outage, caller)).toEqual(injection)
    expect(control.chaos(id).counters.injected).toBe(1)
  })
})

it('what has ended is forgotten: the oldest of too many, and all after a while', async () => {
  const { control, clock } = start({ limits: { kept: 2, keepFor: '1h' } })
  const ids: string[] = []
  for (let round = 0; round < 4; round++) {
    const { id } = await control.startMemory({}, { idempotencyKey: `key ${round}` })
    control.stopMemory(id)
    ids.push(id)
    await clock.advance('1m')
  }
  expect(new Set(ids).size).toBe(4)
  expect(control.status().memory.map(({ id }) => id)).toEqual(ids.slice(2).reverse())
  const running = await control.startMemory({ duration_hours: 9 })
  await clock.advance('2h')
  expect(control.status().memory.map(({ id }) => id)).toEqual([running.id])
  expect((await refusal(() => control.memory(ids[3] as string))).code).toBe('ERR_DRILL_NOT_FOUND')
})

it('options that make no sense are refused at once, and a closed control starts nothing', async () => {
  start()
  const hub = new Hub()
  const invalid: [string, object][] = [
    ['targets', { targets: 'all' }],
    ['limits.tests', { limits: { tests: 0 } }],
    ['minGap', { chaos: { minGap: 'soon' } }],
    ['blastRadius.maxCallFraction', { chaos: { blastRadius: { maxCallFraction: 2 } } }],
    ['memory.source', { memory: { source: 1 } }],
  ]
  for (const [option, options] of invalid)
    expect(() => drillControl({ hub, ...options })).toThrow(new RegExp(`^${option} must`))
  const control = drillControl({ hub })
  await control.close()
  await control.close()
  expect((await refusal(() => control.startMemory())).code).toBe('ERR_DRILL_ENDED')
  expect(hub.components()).toEqual([])
})

it('every code is in docs/errors.md', () => {
  start()
  const guide = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8')
  const source = readFileSync(new URL('../src/control/control-error.ts', import.meta.url), 'utf8')
  const codes = [...source.matchAll(/\| '(ERR_DRILL_[A-Z_]+)'/g)].map(([, code]) => code)
  expect(codes).toHaveLength(7)
  for (const code of codes) expect(guide).toContain(`| \`${code}\``)
})
