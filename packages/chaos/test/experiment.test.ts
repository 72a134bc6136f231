import { readFileSync } from 'node:fs'
import { VirtualClock } from '@seaworthy/testing'
import { describe, expect, it } from 'vitest'
import {
  type ChaosTarget,
  callTarget,
  chaosSettings,
  type Experiment,
  type ExperimentJournal,
  experimentExitCodes,
  experimentSchema,
  type InvalidExperimentError,
  parseExperiment,
  parseFault,
  runExperiment,
  type Surroundings,
} from '../src/index.ts'
import { meets } from '../src/probes.ts'

const outage: Experiment = {
  version: 1,
  title: 'The provider is gone',
  hypothesis: 'Users get an answer all the same',
  seed: '0x2a',
  targets: [{ id: 'api', kind: 'policy' }],
  steadyState: {
    probes: [
      {
        id: 'answers',
        metric: 'success_rate',
        tolerance: { op: '>=', value: 0.99 },
        minSamples: 5,
        when: ['before', 'during', 'after'],
      },
    ],
    during: { everyMs: 1000, maxDeviationMs: 3000 },
  },
  method: [
    { load: { rps: 10 } },
    { at: '2s', inject: 'provider_outage', on: 'api', for: '10s' },
    { wait: '1s' },
    { probe: 'answers' },
  ],
  limits: { maxConcurrent: 3, maxDuration: '10m' },
  expect: [{ id: 'all recovered', metric: 'recovery_success_rate', op: '>=', value: 0.8 }],
  rollbacks: 'always',
}

/** The same without its probe in the middle. */
const short: Experiment = { ...outage, method: outage.method.slice(0, 2) }

interface Service {
  readonly clock: VirtualClock
  readonly surroundings: Surroundings
  run(experiment?: Experiment, more?: Partial<Surroundings>): Promise<ExperimentJournal>
}

/** A service of one dependency, with or without a fallback; its success rate is that of the last five seconds. */
function service({ fallback = true, silent = false } = {}): Service {
  const clock = new VirtualClock()
  const api = callTarget('api', { clock })
  const call = api.wrap(async () => 'answer')
  const results: { at: number; ok: boolean }[] = Array.from({ length: 10 }, () => ({ at: 0, ok: true }))
  const request = async (): Promise<void> => {
    const ok = await call().then(
      () => true,
      () => fallback,
    )
    results.push({ at: clock.now(), ok })
  }
  const surroundings: Surroundings = {
    targets: [api, callTarget('other', { clock })],
    clock,
    metrics: {
      success_rate: () => {
        if (silent) return { value: 1, samples: 0 }
        const recent = results.filter(({ at }) => at >= clock.now() - 5000)
        return { value: recent.filter(({ ok }) => ok).length / recent.length, samples: recent.length }
      },
    },
    calls: { ping: () => true },
    load: async ({ rps }, signal) => {
      while (!signal.aborted) {
        void request()
        await clock.sleep(1000 / rps, signal).catch(() => {})
      }
      // Users stay.
      for (let second = 0; second < 400; second++) {
        void request()
        await clock.sleep(200)
      }
    },
  }
  return {
    clock,
    surroundings,
    run: (experiment = outage, more = {}) =>
      clock.runUntilSettled(runExperiment(experiment, { ...surroundings, ...more })),
  }
}

const problemsOf = (json: unknown): string[] => {
  try {
    parseExperiment(json)
    return []
  } catch (error) {
    expect(error).toMatchObject({ code: 'ERR_INVALID_EXPERIMENT' })
    return (error as InvalidExperimentError).problems.map(({ path, message }) => `${path}: ${message}`)
  }
}

describe('parseExperiment', () => {
  it('takes what JSON can say, and returns the same object', () => {
    const json = JSON.parse(JSON.stringify(outage)) as unknown
    expect(parseExperiment(json)).toBe(json)
  })

  it('lists all problems, each with its path and the name that was probably meant', () => {
    const problems = problemsOf({
      version: 2,
      titel: 'x',
      steadyState: {
        probes: [{ id: 'p', metric: 'm', tolerance: { op: '=<', value: 1 } }],
        during: { everyMs: 'often' },
      },
      method: [
        { inject: { kind: 'latency', delay: 'soon' }, on: 'api', for: '10 seconds' },
        { wiat: '1s' },
        { inject: { kind: 'latancy' }, on: [], for: '1s' },
      ],
      limits: { maxCallFraction: 1.5 },
    })
    expect(problems).toEqual([
      'version: must be 1; got 2',
      expect.stringMatching(/^titel: is unknown \(did you mean "title"\?\)/),
      expect.stringMatching(/^steadyState.probes\[0\].tolerance.op: must be one of <, <=/),
      'steadyState.during.everyMs: must be a number of at least 1; got "often"',
      expect.stringMatching(/^method\[0\].inject.delay: must be a duration/),
      expect.stringMatching(/^method\[0\].for: must be a duration/),
      'method[1]: must be a step: { inject, on, for }, { probe }, { wait } or { load }; got {"wiat":"1s"}',
      expect.stringMatching(
        /^method\[2\].inject.kind: must be one of .* got "latancy" \(did you mean "latency"\?\)/,
      ),
      'method[2].on: must be a list of at least 1; got []',
      'limits.maxCallFraction: must be a number from 0 to 1; got 1.5',
      'title: is missing: a text',
    ])
  })

  it('checks what several fields say together', () => {
    const problems = problemsOf({
      ...outage,
      steadyState: {
        probes: [
          { id: 'p', tolerance: { op: '==', value: 1 } },
          { id: 'p', metric: 'm', tolerance: { op: '==', value: 1 } },
        ],
      },
      method: [
        { at: '5s', inject: 'provider_outrage', on: 'apo', for: '11m' },
        { at: '4s', probe: 'q' },
        { inject: 'latency_spike', with: { rate: 7 }, on: 'api', for: '1s' },
        { inject: { kind: 'stall', block: '3s', every: '1s' }, on: 'api', for: '1s' },
      ],
    })
    expect(problems).toEqual([
      'steadyState.probes[0]: must have either a metric or a call',
      'steadyState.probes[1].id: is taken: "p"',
      'method[0].on: is none of the targets api (did you mean "api"?)',
      'method[0].for: is longer than limits.maxDuration',
      expect.stringMatching(/^method\[0\].inject: must be a scenario: .*did you mean "provider_outage"\?\)$/),
      'method[1].at: is before the step before it',
      'method[1].probe: is none of the probes p, p (did you mean "p"?)',
      'method[2].with.rate: must be a number from 0 to 1; got 7',
      'method[3].inject.every: must be longer than block',
    ])
  })

  it.each([null, 7, 'text', [], { version: 1 }])('never throws anything else: %j', (json) => {
    expect(problemsOf(json).length).toBeGreaterThan(0)
  })

  it('its JSON Schema is the one beside the package', () => {
    const file = readFileSync(new URL('../experiment.schema.json', import.meta.url), 'utf8')
    expect(JSON.parse(file)).toEqual(JSON.parse(JSON.stringify(experimentSchema)))
    expect(experimentSchema['$schema']).toBe('https://json-schema.org/draft/2020-12/schema')
    expect(file).not.toContain('"generate"')
  })
})

describe('parseFault', () => {
  it.each<[unknown, string]>([
    [{ kind: 'error', rate: -0.1 }, 'fault.rate must be a number from 0 to 1; got -0.1'],
    [{ kind: 'error', rate: Number.NaN }, 'fault.rate must be'],
    [{ kind: 'error', error: [] }, 'fault.error must be a list of at least 1'],
    [{ kind: 'error', error: [{ weight: 0, error: {} }] }, 'fault.error must have a weight above 0'],
    [
      { kind: 'error', error: [{ weight: -1, error: {} }] },
      'fault.error[0].weight must be a number of at least 0',
    ],
    [{ kind: 'latency' }, 'fault.delay is missing'],
    [
      { kind: 'latency', delay: { distribution: 'uniform', min: 5, max: 1 } },
      'fault.delay.max must not be below',
    ],
    [
      { kind: 'latency', delay: { distribution: 'lognormal', median: 5, sigma: 1 } },
      'fault.delay.cap is missing',
    ],
    [{ kind: 'skew', by: '-1s', of: 'monotonic' }, 'fault.by must not be below 0'],
    [{ kind: 'hang', onRecovr: 'reject' }, 'fault.onRecovr is unknown (did you mean "onRecover"?)'],
    [{ kind: 'behavior', run: 'rm' }, 'fault.run must be a function'],
    [{}, 'fault.kind is missing'],
  ])('%j is refused: %s', (fault, message) => {
    expect(() => parseFault(fault)).toThrow(message)
  })

  it('takes a calendar that goes back, and flapping', () => {
    expect(parseFault({ kind: 'skew', by: '-5m' }).kind).toBe('skew')
    expect(parseFault({ kind: 'error', rate: { bad: 1, goodFor: '1s' } }).kind).toBe('error')
  })
})

describe('chaosSettings', () => {
  it('reads the names with underscores', () => {
    const settings = {
      timeout_probability: 0.1,
      valuation_exception_rate: 0.5,
      latency_spike_probability: 0.05,
      auto_recovery: true,
      max_concurrent_chaos: 3,
    }
    expect(chaosSettings(settings)).toEqual({
      timeoutProbability: 0.1,
      valuationExceptionRate: 0.5,
      latencySpikeProbability: 0.05,
      autoRecovery: true,
      maxConcurrentChaos: 3,
    })
    expect(() => chaosSettings({ timeout_probabilty: 2 })).toThrow('did you mean "timeout_probability"?')
  })
})

describe('runExperiment', () => {
  it('passes when the service stays well, and shows all that happened', async () => {
    const { run, clock } = service()
    const journal = await run()
    expect(journal).toMatchObject({
      status: 'passed',
      exitCode: 0,
      seed: '42',
      deviated: false,
      deviatedMs: 0,
      interrupted: false,
      score: 1,
      reasons: [],
    })
    expect(journal.injections).toMatchObject([
      { scenario: 'provider_outage', outcome: 'recovered', startedAt: 2000 },
    ])
    expect(journal.injections[0]?.affected).toBeGreaterThan(90)
    expect(new Set(journal.probes.map(({ when }) => when))).toEqual(
      new Set(['before', 'during', 'method', 'after', 'afterRollback']),
    )
    const types = journal.entries.map(({ type }) => type)
    for (const type of [
      'started',
      'load',
      'chaos.planned',
      'chaos.injecting',
      'chaos.injected',
      'chaos.recovered',
      'rollback',
      'expectation',
      'ended',
    ])
      expect(types).toContain(type)
    expect(journal.entries.map(({ sequence }) => sequence)).toEqual(types.map((_, index) => index + 1))
    expect(JSON.parse(JSON.stringify(journal))).toMatchObject({ status: 'passed' })
    await clock.advance('10m')
    expect(clock.pendingTimers).toBe(0)
  })

  it('is the same run with the same seed', async () => {
    const flaky: Experiment = {
      ...outage,
      method: [outage.method[0] as never, { inject: 'flapping_errors', on: 'api', for: '10s' }],
    }
    const [one, two] = [await service().run(flaky), await service().run(flaky)]
    expect(two).toEqual(one)
    expect((await service().run({ ...flaky, seed: 43 })).entries).not.toEqual(one.entries)
  })

  it('fails when the service is unwell for too long meanwhile, although it is well again afterwards', async () => {
    const journal = await service({ fallback: false }).run()
    expect(journal).toMatchObject({ status: 'failed', exitCode: 1, deviated: true })
    expect(journal.deviatedMs).toBeGreaterThan(3000)
    expect(journal.probes.filter(({ when }) => when === 'afterRollback')).toMatchObject([
      { verdict: 'passed' },
    ])
    expect(journal.reasons.join()).toContain('unwell while the method ran')
  })

  it('tolerates as much deviation as it says', async () => {
    const steadyState = { ...outage.steadyState, during: { everyMs: 1000, maxDeviationMs: 60_000 } }
    const journal = await service({ fallback: false }).run({ ...outage, steadyState })
    expect(journal).toMatchObject({ status: 'passed', deviated: true })
  })

  it('stops early where it is told to', async () => {
    const steadyState = {
      ...outage.steadyState,
      during: { everyMs: 500, maxDeviationMs: 2000, failFast: true },
    }
    const journal = await service({ fallback: false }).run({ ...outage, steadyState })
    expect(journal.status).toBe('failed')
    expect(journal.entries.map(({ type }) => type)).toContain('abandoned')
    expect(journal.injections[0]?.endsAt).toBe(12_000)
    expect(journal.injections[0]?.phase).toBe('recovered')
  })

  it('injects nothing when the service is not well before', async () => {
    const { run } = service()
    const journal = await run(outage, { metrics: { success_rate: () => ({ value: 0.5, samples: 100 }) } })
    expect(journal).toMatchObject({ status: 'notSteady', exitCode: 3, injections: [] })
    expect(journal.entries.map(({ type }) => type)).toEqual(['started', 'probe', 'ended'])
  })

  it('verify 64: nothing passes on no samples, nor on too few', async () => {
    const none = await service({ silent: true }).run()
    expect(none.status).toBe('notSteady')
    expect(none.probes[0]).toMatchObject({ verdict: 'inconclusive', samples: 0 })
    const after: Experiment = {
      ...short,
      expect: [],
      steadyState: {
        probes: [{ id: 'p', metric: 'm', tolerance: { op: '>=', value: 0 }, when: ['after'] }],
        within: 0,
      },
    }
    for (const value of [undefined, { value: 1, samples: 0 }, { value: Number.NaN, samples: 9 }]) {
      const journal = await service().run(after, { metrics: { m: () => value, success_rate: () => 1 } })
      expect(journal).toMatchObject({ status: 'inconclusive', exitCode: 2 })
    }
    const few: Experiment = {
      ...outage,
      expect: [{ id: 'e', metric: 'injections', op: '>=', value: 1, minSamples: 2 }],
    }
    const journal = await service().run(few)
    expect(journal.expectations).toMatchObject([{ verdict: 'inconclusive', samples: 1 }])
    expect(journal.status).toBe('inconclusive')
  })

  it('asks all probes, also after one has failed', async () => {
    const probes = ['a', 'b', 'c'].map(
      (id) => ({ id, call: id, tolerance: { op: '==', value: true } }) as const,
    )
    const calls = { a: () => false, b: () => Promise.reject(new Error('secret')), c: () => true }
    const { run } = service()
    const journal = await run({ ...short, expect: [], steadyState: { probes } }, { calls })
    expect(journal.probes).toMatchObject([
      { probe: 'a', verdict: 'failed', value: false },
      { probe: 'b', verdict: 'failed', problem: 'it threw Error' },
      { probe: 'c', verdict: 'passed' },
    ])
    expect(JSON.stringify(journal)).not.toContain('secret')
  })

  it('does not fail with a probe that is not critical, but the score shows it', async () => {
    const bad = {
      id: 'bad',
      call: 'ping',
      tolerance: { op: '==', value: false },
      critical: false,
      weight: 3,
    } as const
    const journal = await service().run({
      ...outage,
      steadyState: { probes: [...outage.steadyState.probes, bad] },
    })
    expect(journal).toMatchObject({ status: 'passed', score: 0.25 })
  })

  it('fails when an expectation is not met', async () => {
    const journal = await service().run({
      ...outage,
      expect: [{ id: 'few', metric: 'affected_calls', op: '<', value: 3 }],
    })
    expect(journal).toMatchObject({ status: 'failed', reasons: ['expected: few was not met'] })
  })

  it('waits for the service to be well again, for as long as it says', async () => {
    const steadyState: Experiment['steadyState'] = {
      probes: [{ id: 'p', call: 'well', tolerance: { op: '==', value: true } }],
    }
    const until = async (time: number): Promise<ExperimentJournal> => {
      const set = service()
      const well = (): boolean => set.clock.now() < 5000 || set.clock.now() > time
      return set.run({ ...short, steadyState, expect: [] }, { calls: { well } })
    }
    expect((await until(30_000)).status).toBe('passed')
    expect(await until(90_000)).toMatchObject({ status: 'failed', injections: [{ outcome: 'notRecovered' }] })
  })

  it('is inconclusive when it was not allowed to inject', async () => {
    const method: Experiment['method'] = [
      { inject: 'provider_outage', on: 'api', for: '5s' },
      { inject: 'provider_outage', on: 'api', for: '5s' },
    ]
    const journal = await service().run({
      ...outage,
      method,
      steadyState: { probes: [{ id: 'p', call: 'ping', tolerance: { op: '==', value: true } }] },
    })
    expect(journal).toMatchObject({ status: 'inconclusive' })
    expect(journal.reasons).toEqual(['not injected: provider_outage on api: refused (overlap)'])
  })

  it('takes everything back and says so when it is interrupted', async () => {
    const set = service()
    const interrupt = new AbortController()
    set.clock.setTimer(() => interrupt.abort(), 5000)
    const journal = await set.run(outage, { signal: interrupt.signal })
    expect(journal).toMatchObject({ status: 'inconclusive', interrupted: true })
    expect(journal.injections).toMatchObject([{ phase: 'recovered' }])
    expect(journal.entries.map(({ type }) => type)).toContain('rollback')
    expect(journal.took).toBeLessThan(20_000)
  })

  it('says so when a fault could not be taken back, whatever else there is to say, and goes on with the others', async () => {
    let mended = 0
    const target = (id: string, stuck: boolean): ChaosTarget => ({
      id,
      supports: ['refuse'],
      apply: () => ({
        recover() {
          if (stuck) throw new Error('stuck')
          mended++
        },
      }),
    })
    const { run } = service()
    const journal = await run(
      {
        ...outage,
        targets: [{ id: 'a' }, { id: 'b' }],
        method: [
          { inject: 'provider_outage', on: 'b', for: '1m' },
          { inject: 'provider_outage', on: 'a', for: '5s' },
        ],
        limits: { maxDuration: '2m' },
      },
      { targets: [target('a', true), target('b', false)] },
    )
    expect(journal).toMatchObject({ status: 'rollbackFailed', exitCode: 4 })
    expect(mended).toBe(1)
  })

  it('refuses surroundings that lack something, before anything is done', async () => {
    const missing = runExperiment(outage, { targets: [] })
    await expect(missing).rejects.toMatchObject({
      problems: [
        { path: 'targets', message: "names the target 'api', which these surroundings do not have" },
        { path: 'steadyState.probes[0]' },
        { path: 'method', message: 'has load, and these surroundings have no load function' },
      ],
    })
  })

  it('cannot reach a target that it does not name', async () => {
    const { run } = service()
    const { targets: _, ...unnamed } = outage
    const journal = await run(unnamed)
    expect(journal.injections.map(({ targets }) => targets)).toEqual([['api']])
  })

  it('overrides fields of the faults of a scenario, and keeps its name', async () => {
    const method: Experiment['method'] = [
      outage.method[0] as never,
      { inject: 'provider_outage', with: { rate: 0 }, on: 'api', for: '5s' },
    ]
    const journal = await service({ fallback: false }).run({ ...outage, method })
    expect(journal).toMatchObject({
      status: 'passed',
      injections: [{ scenario: 'provider_outage', affected: 0 }],
    })
    expect(journal.injections[0]?.decided).toBeGreaterThan(20)
  })

  it('has an exit code for every status', () => {
    expect(experimentExitCodes).toEqual({
      passed: 0,
      failed: 1,
      inconclusive: 2,
      notSteady: 3,
      rollbackFailed: 4,
    })
  })
})

describe('tolerances', () => {
  it.each<[unknown, Parameters<typeof meets>[1], boolean]>([
    [1, { op: '<=', value: 1 }, true],
    [1, { op: '<', value: 1 }, false],
    [2, { op: '>', value: 1 }, true],
    [1, { op: '>=', value: 2 }, false],
    ['10', { op: '>', value: 9 }, false],
    [undefined, { op: '!=', value: 1 }, false],
    ['open', { op: '!=', value: 'closed' }, true],
    [5, { op: 'between', min: 5, max: 6 }, true],
    [7, { op: 'between', min: 5, max: 6 }, false],
    ['b', { op: 'in', values: ['a', 'b'] }, true],
    ['c', { op: 'in', values: ['a', 'b'] }, false],
    ['closed', { op: 'matches', pattern: '^clo' }, true],
    [4, { op: 'matches', pattern: '4' }, false],
  ])('%j is judged by %j: %s', (value, tolerance, expected) => {
    expect(meets(value, tolerance)).toBe(expected)
  })
})
