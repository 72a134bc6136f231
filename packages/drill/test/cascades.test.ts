import { circuitBreaker } from '@seaworthy/circuit-breaker'
import { bulkhead } from '@seaworthy/flow'
import type { RetryBudget } from '@seaworthy/retry'
import { describe, expect, it, vi } from 'vitest'
import {
  type CascadeId,
  type CascadeResult,
  cascadeIds,
  type DefencePolicies,
  defaultTopology,
  readTopology,
  recommendDefence,
  runCascade,
  type TopologyFile,
} from '../src/index.ts'

// A simulation is seconds of pure computing; on a machine that does other things as well it takes its time.
vi.setConfig({ testTimeout: 300_000 })

/** Names of the figures that are out of their bounds. */
const broken = ({ metrics }: CascadeResult): string[] =>
  metrics.filter(({ passed }) => !passed).map(({ name }) => name)

const value = ({ metrics }: CascadeResult, name: string): number => {
  const found = metrics.find((metric) => metric.name === name)
  if (found === undefined)
    throw new Error(`no figure '${name}' among ${metrics.map((each) => each.name).join(', ')}`)
  return found.value
}

/** The run of a cascade with its defence, once for all tests. */
const runs = new Map<CascadeId, Promise<CascadeResult>>()
const defended = (id: CascadeId): Promise<CascadeResult> => {
  const run = runs.get(id) ?? runCascade(id)
  runs.set(id, run)
  return run
}

/** The graph of the documents, in its short form. */
const shortForm: TopologyFile = {
  frontend: ['api_gateway'],
  api_gateway: ['auth_service', 'data_service'],
  auth_service: ['database'],
  data_service: ['database', 'external_api'],
  database: [],
  external_api: [],
}

describe('a graph of services', () => {
  it('is read in its short form, with a diamond in it, callers before those they call', () => {
    const { root, slo, nodes } = readTopology(shortForm)
    expect([root, slo]).toEqual(['frontend', 1000])
    expect(nodes.map(({ name }) => name)).toEqual([
      'frontend',
      'api_gateway',
      'auth_service',
      'data_service',
      'database',
      'external_api',
    ])
    expect(nodes[3]?.calls.map(({ id, critical, answers }) => [id, critical, answers])).toEqual([
      ['data_service > database', true, 'none'],
      ['data_service > external_api', true, 'none'],
    ])
  })

  const wrong: readonly [string, unknown, string][] = [
    ['a circle', { a: ['b'], b: ['c'], c: ['b'] }, 'free of circles; got "c > b > c"'],
    [
      'an unknown name',
      { web: ['databse'], database: [] },
      "nodes.web.calls[0].to must be a known service; did you mean 'database'?",
    ],
    ['a name like no other', { web: ['xyz'], database: [] }, 'one of web, database'],
    ['two roots', { a: ['c'], b: ['c'], c: [] }, 'one node that nobody calls; got ["a","b"]'],
    ['one node', { a: [] }, 'at least two services'],
    ['the same call twice', { a: ['b', 'b'], b: [] }, 'nodes.a.calls must be a list without repetitions'],
    ['an unknown option', { nodes: { a: { calls: ['b'], cpu: 4 }, b: {} } }, "nodes.a option 'cpu'"],
    ['a wrong number', { nodes: { a: { calls: ['b'], concurrency: 0 }, b: {} } }, 'nodes.a.concurrency'],
    ['a wrong time', { nodes: { a: { calls: ['b'] }, b: { serviceTime: 'soon' } } }, 'nodes.b.serviceTime'],
    [
      'an unknown hop setting',
      { nodes: { a: { calls: [{ to: 'b', hop: { retries: 3 } }] }, b: {} } },
      "nodes.a.calls[0].hop option 'retries'",
    ],
    ['no graph', null, 'topology must be an object'],
  ]

  it.each(wrong)('with %s is refused, and the message names the place', (_, file, message) => {
    expect(() => readTopology(file as TopologyFile)).toThrow(message)
  })
})

describe('a recommended defence', () => {
  const { hops, reasons } = recommendDefence(readTopology(defaultTopology))
  const timeoutOf = (id: string): number => hops[id]?.timeout as number
  const initialOf = (id: string): number => (hops[id] as { breaker: { initial: number } }).breaker.initial

  it('has time limits that shrink on the way down, with all attempts below inside of them', () => {
    const worst = (id: string): number => timeoutOf(id) * (hops[id]?.attempts as number)
    const data = worst('data_service > database') + worst('data_service > external_api')
    const gateway = worst('api_gateway > auth_service') + worst('api_gateway > data_service')
    expect(timeoutOf('api_gateway > auth_service')).toBeGreaterThan(worst('auth_service > database'))
    expect(timeoutOf('api_gateway > data_service')).toBeGreaterThan(data)
    expect(timeoutOf('frontend > api_gateway')).toBeGreaterThan(gateway)
    expect(timeoutOf('frontend > api_gateway')).toBeLessThan(1000)
  })

  it('has waits of circuits that do not shrink on the way down', () => {
    const path = ['frontend > api_gateway', 'api_gateway > data_service', 'data_service > database'].map(
      initialOf,
    )
    expect(path).toEqual([...path].sort((a, b) => a - b))
  })

  it('keeps what the file says about a hop, and gives reasons', () => {
    const file: TopologyFile = {
      nodes: { web: { calls: [{ to: 'db', hop: { timeout: 123, breaker: false } }] }, db: {} },
    }
    expect(recommendDefence(readTopology(file)).hops['web > db']).toMatchObject({
      timeout: 123,
      breaker: false,
    })
    expect(reasons.find((reason) => reason.startsWith('data_service > database'))).toMatch(
      /ms for each attempt, 2 attempts within a budget, a circuit that opens for 5s/,
    )
  })

  it('says so when the services are slower than users wait, and shortens the limits', () => {
    const slow: TopologyFile = {
      slo: '100ms',
      nodes: { web: { calls: ['db'] }, db: { serviceTime: '200ms' } },
    }
    const recommended = recommendDefence(readTopology(slow))
    expect(recommended.reasons.join(' ')).toMatch(/No time for retries.*users wait 100ms/)
    expect(recommended.hops['web > db']?.timeout).toBeLessThan(100)
  })
})

describe('the five cascades, on the default graph', () => {
  it.each(cascadeIds)(
    '%s stays within all its bounds, and is the same for every run of the seed',
    async (id) => {
      const result = await defended(id)
      expect(broken(result)).toEqual([])
      expect(result).toMatchObject({ passed: true, control: undefined, notApplicable: undefined })
      expect(result.requests).toBeGreaterThan(300)
      expect(result.report?.finalState).toEqual({ openCircuits: [], level: 'normal', requestsUnderway: 0 })
      expect(result.report?.circuits.length).toBeGreaterThan(0)
      expect(result.report?.timeToSteady).toBeLessThan(30_000)
      if (id === 'CF2') expect(await runCascade(id)).toEqual(result)
    },
  )

  const controls: readonly [CascadeId, string, (result: CascadeResult) => void][] = [
    [
      'CF1',
      'without circuit breakers every request goes on calling the dead leaf',
      (result) => {
        expect(broken(result)).toContain('calls to the dead leaf')
        expect(value(result, 'calls to the dead leaf')).toBeGreaterThan(2000)
      },
    ],
    [
      'CF2',
      'with equal time limits everybody fails because of something nobody needs',
      (result) => {
        expect(broken(result)).toContain('good answers while it hangs')
        expect(value(result, 'good answers while it hangs')).toBeLessThan(0.1)
        expect(result.report?.containment).toContain('frontend > api_gateway')
      },
    ],
    [
      'CF3',
      'without budgets the storm goes on when its cause is long gone',
      (result) => {
        expect(value(result, 'good answers 30 s after the brown-out')).toBe(0)
        expect(value(result, 'calls of the leaf for each request, compared with no fault')).toBeGreaterThan(4)
      },
    ],
    [
      'CF4',
      'without a degradation manager no level is ever left',
      (result) => {
        expect(broken(result)).toEqual(['levels visited'])
        expect(value(result, 'levels visited')).toBe(1)
      },
    ],
    [
      'CF5',
      'without jitter, limits and shared calls the circuits open again',
      (result) => expect(broken(result)).toContain('circuits to the leaf that opened again'),
    ],
  ]

  it.each(controls)('%s: the control fails: %s', async (id, _, check) => {
    const result = await runCascade(id, undefined, { control: true })
    expect(result.passed).toBe(false)
    expect(result.control).toMatch(/no |equal/)
    check(result)
  })

  it('CF1: nothing but the leaf is hit, the circuits next to it open once, and the rest does not notice', async () => {
    const { report, recommendations } = await defended('CF1')
    expect(report?.hit).toEqual(['database'])
    expect([...(report?.containment ?? [])].sort()).toEqual([
      'auth_service > database',
      'data_service > database',
    ])
    expect(report?.isolationTime).toBeLessThan(2000)
    // All is as it should be, so there is nothing to say.
    expect(recommendations).toEqual([])
  })

  it('CF4: the level rises and sinks one step at a time', async () => {
    const { report } = await runCascade('CF4', undefined, { seed: 'levels' })
    const up = report?.levels.slice(0, 4).map(({ to }) => to)
    expect(up).toEqual(['minor', 'moderate', 'severe', 'critical'])
    expect(report?.levels.at(-1)?.to).toBe('normal')
  })
})

describe('graphs of users', () => {
  it('without remembered answers show what depends on the leaf, and what does not', async () => {
    const result = await runCascade('CF1', shortForm)
    expect(broken(result)).toEqual([])
    expect(result.report?.hit).toContain('frontend')
    expect(result.report?.hit).not.toContain('external_api')
  })

  it('on which a cascade cannot be shown say why, and have not passed', async () => {
    expect(await runCascade('CF2', shortForm)).toMatchObject({
      passed: false,
      notApplicable: 'no call to a leaf is optional',
    })
    const three: TopologyFile = { web: ['api'], api: ['db'], db: [] }
    expect((await runCascade('CF4', three)).notApplicable).toBe(
      'it takes 4 connections below the first one, and there are 1',
    )
  })

  it('with thousands of places are scaled down, and pass with several processes', async () => {
    const shop: TopologyFile = {
      slo: '800ms',
      nodes: {
        web: { concurrency: 2000, calls: ['bff'] },
        bff: {
          concurrency: 600,
          instances: 2,
          calls: [
            { to: 'cart', answers: 'cache' },
            { to: 'reviews', critical: false },
          ],
        },
        cart: { concurrency: 400, calls: [{ to: 'db', answers: 'cache' }] },
        reviews: { serviceTime: { law: 'exponential', mean: '10ms' } },
        db: { concurrency: 200, serviceTime: { law: 'lognormal', median: '8ms', p99: '30ms' } },
      },
    }
    const result = await runCascade('CF2', shop)
    expect(broken(result)).toEqual([])
    expect(result.requests).toBeLessThan(4000)
  })

  it('are refused with the option that is wrong', async () => {
    await expect(runCascade('CF6' as 'CF1')).rejects.toThrow("id must be one of 'CF1', 'CF2'")
  })
})

describe('a broken policy in place of a real one fails the cascade that it is there for', () => {
  const run = (id: CascadeId, policies: Partial<DefencePolicies>) => runCascade(id, undefined, { policies })

  it('a circuit breaker that never opens: CF1, by the calls to the dead leaf', async () => {
    const result = await run('CF1', {
      circuitBreaker: (options) => circuitBreaker({ ...options, mode: 'observe' }),
    })
    expect(broken(result)).toContain('calls to the dead leaf')
  })

  it('a retry budget that never says no, with circuits that do not open: CF3, by the answers long after', async () => {
    const generous = (): RetryBudget => ({
      deposit: () => {},
      tryWithdraw: () => 1,
      refund: () => {},
      balance: 1,
    })
    const result = await run('CF3', {
      retryBudget: generous,
      circuitBreaker: (options) => circuitBreaker({ ...options, mode: 'observe' }),
      bulkhead: (options) => bulkhead({ ...options, concurrency: 10_000 }),
    })
    expect(broken(result)).toContain('good answers 30 s after the brown-out')
  })
})
