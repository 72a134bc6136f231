import { explain, InvalidOptionError, type ServiceGraph, type ServiceNode } from '@seaworthy/core'
import { describe, expect, it } from 'vitest'
import { breaker, composed, fallback, retry, timeout } from './explain-descriptions.ts'

/** A frontend, a gateway, two services, a database that both use, and an optional API. */
function shop(policies: Partial<Record<string, ServiceNode['policy']>>): ServiceGraph {
  const node = (name: string, more: ServiceNode = {}): Record<string, ServiceNode> => ({
    [name]: { policy: policies[name], ...more },
  })
  return {
    nodes: {
      ...node('frontend', { calls: ['gateway'] }),
      ...node('gateway', { calls: ['auth', 'data'] }),
      ...node('auth', { calls: ['database'] }),
      ...node('data', { calls: ['database', { to: 'api', critical: false, policy: composed(fallback()) }] }),
      ...node('database'),
      ...node('api'),
    },
  }
}

const limits = (gateway: number, middle: number, leaf: number) => ({
  gateway: composed(timeout(gateway)),
  auth: composed(timeout(middle)),
  data: composed(timeout(middle)),
  database: composed(timeout(leaf)),
  api: composed(timeout(leaf)),
})

const codes = (graph: ServiceGraph): string[] => explain(graph).warnings.map(({ code }) => code)

describe('deadlines in a graph', () => {
  it('that shrink on the way down are fine', () => {
    expect(codes(shop(limits(800, 400, 150)))).toEqual([])
  })

  it('that are equal on every hop are a trap on every hop', () => {
    const { warnings } = explain(shop(limits(500, 500, 500)))
    expect(new Set(warnings.map(({ code }) => code))).toEqual(new Set(['child-not-shorter']))
    expect(warnings.map(({ policies }) => policies)).toEqual([
      ['gateway', 'auth'],
      ['gateway', 'data'],
      ['auth', 'database'],
      ['data', 'database'],
      ['data', 'api'],
    ])
  })

  it('must leave a margin for the answer to come back', () => {
    const gateway = (limit: number): ServiceGraph => shop(limits(limit, 400, 250))
    expect(explain(gateway(500)).warnings).toEqual([])
    expect(explain(gateway(499)).warnings.map(({ policies }) => policies)).toEqual([['gateway', 'data']])
    expect(explain(gateway(499), { margin: 50 }).warnings).toEqual([])
  })

  it('count the retries of the called node', () => {
    const policies = { ...limits(800, 400, 300), data: composed(retry(3, 100), timeout(400)) }
    const [warning] = explain(shop(policies)).warnings
    expect(warning).toMatchObject({ code: 'child-not-shorter', policies: ['gateway', 'data'] })
    expect(warning?.message).toMatch(/800ms.*1\.3s/)
    expect(warning?.advice).toMatch(/more than 1\.4s.*less than 700ms/)
  })

  it('on a call are compared with the node it calls, and with the caller', () => {
    const graph = (caller: number, call: number, called: number): ServiceGraph => ({
      nodes: {
        a: {
          policy: composed(timeout(caller)),
          calls: [{ to: 'b', policy: composed(retry(2), timeout(call)) }],
        },
        b: { policy: composed(timeout(called)) },
      },
    })
    expect(codes(graph(800, 400, 300))).toEqual([])
    expect(explain(graph(800, 350, 300)).warnings.map(({ policies }) => policies)).toEqual([['a → b', 'b']])
    expect(explain(graph(699, 400, 300)).warnings.map(({ policies }) => policies)).toEqual([['a', 'a → b']])
  })

  it('do not ask a plain dependency to limit itself', () => {
    const graph = {
      nodes: { a: { policy: composed(timeout(100)), calls: ['b'] }, b: { duration: '60s' } },
    } as const
    expect(explain(graph)).toMatchObject({ worstCase: 100, warnings: [] })
  })
})

describe('what may hang in a graph', () => {
  it('is found and named with the way there', () => {
    const { worstCase, warnings } = explain({
      nodes: {
        a: { calls: ['b', 'c'] },
        b: { policy: composed(timeout(100)), calls: ['d'] },
        c: { calls: ['d'] },
        d: {},
      },
    })
    expect(worstCase).toBe(Number.POSITIVE_INFINITY)
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatchObject({ code: 'no-time-limit', policies: ['d'] })
    expect(warnings[0]?.message).toContain('a → c → d')
  })

  it('may be a node, a wait, or a call', () => {
    const queue = { kind: 'bulkhead', options: {}, wait: Number.POSITIVE_INFINITY }
    const graph = (node: ServiceNode, policy = composed()): ServiceGraph => ({
      nodes: { a: { calls: [{ to: 'b', policy }] }, b: node },
    })
    expect(explain(graph({ duration: 5 })).warnings).toEqual([])
    expect(explain(graph({ duration: 5, policy: composed(queue) })).warnings[0]).toMatchObject({
      code: 'unlimited-wait',
      policies: ['b: bulkhead'],
    })
    expect(explain(graph({ duration: 5 }, composed(queue))).warnings[0]).toMatchObject({
      code: 'unlimited-wait',
      policies: ['a → b: bulkhead'],
    })
  })
})

describe('retries in a graph', () => {
  it('verify 26: multiply along a way, and sum over the ways', () => {
    const four = composed(retry(4), timeout(100))
    const { nodes, amplification, warnings } = explain(
      shop({ gateway: four, auth: four, data: four, database: four }),
    )
    const database = nodes.find(({ name }) => name === 'database')
    expect(database).toMatchObject({ calls: 128, fanOut: 2, amplification: 64 })
    expect(amplification).toBe(64)
    const multiplied = warnings.find(({ code }) => code === 'retries-multiplied')
    expect(multiplied?.policies).toHaveLength(3)
    expect(multiplied?.message).toContain('4 × 4 × 4 = 64 attempts at database')
  })

  it('on one level are no trap', () => {
    const graph = shop({ ...limits(1500, 1000, 150), database: composed(retry(4), timeout(150)) })
    expect(explain(graph)).toMatchObject({ amplification: 4, warnings: [] })
  })

  it('of calls count as well, and so do calls made several times', () => {
    const calls = [{ to: 'b', times: 3, policy: composed(retry(2)) }]
    const { nodes, worstCase } = explain({ nodes: { a: { calls, duration: 5 }, b: { duration: 10 } } })
    expect(nodes).toMatchObject([
      { name: 'a', calls: 1 },
      { name: 'b', calls: 6, fanOut: 3, amplification: 2 },
    ])
    expect(worstCase).toBe(5 + 3 * 2 * 10)
  })
})

describe('recoveries in a graph', () => {
  const guarded = (leaf: number, middle: number, top: number): ServiceGraph => ({
    nodes: {
      top: { policy: composed(breaker('top', top), timeout(800)), calls: ['middle'] },
      middle: {
        policy: composed(timeout(400)),
        calls: [{ to: 'leaf', policy: composed(breaker('call', middle)) }],
      },
      leaf: { policy: composed(breaker('leaf', leaf), timeout(100)) },
    },
  })

  it('that grow on the way down are fine', () => {
    expect(codes(guarded(60_000, 5000, 2000))).toEqual([])
    expect(codes(guarded(10_000, 10_000, 10_000))).toEqual([])
  })

  it('that shrink on the way down are a trap for each pair', () => {
    const { warnings } = explain(guarded(2000, 10_000, 20_000))
    expect(warnings.map(({ code, policies }) => [code, ...policies])).toEqual([
      ['lower-recovery-shorter', "top: circuit-breaker 'top'", "middle → leaf: circuit-breaker 'call'"],
      ['lower-recovery-shorter', "middle → leaf: circuit-breaker 'call'", "leaf: circuit-breaker 'leaf'"],
    ])
  })
})

describe('failures in a graph', () => {
  it('spread to critical callers, and stop where something answers', () => {
    const down = (graph: ServiceGraph, name: string): readonly string[] | undefined =>
      explain(graph).nodes.find((node) => node.name === name)?.takesDown
    expect(down(shop({}), 'database')).toEqual(['frontend', 'gateway', 'auth', 'data'])
    expect(down(shop({}), 'auth')).toEqual(['frontend', 'gateway'])
    expect(down(shop({}), 'api')).toEqual([])
    expect(down(shop({ gateway: composed(fallback()) }), 'database')).toEqual(['gateway', 'auth', 'data'])
    expect(down(shop({ database: composed(fallback()) }), 'database')).toEqual([])
  })
})

it('a graph checks each policy in it, and the targets', () => {
  const graph: ServiceGraph = {
    nodes: {
      a: { calls: [{ to: 'b', policy: composed(retry(2), fallback(true)) }] },
      b: { policy: composed(breaker('b', 60_000), timeout(100)) },
    },
  }
  const { warnings } = explain(graph, { target: { recovery: '30s', duration: 150 } })
  expect(warnings.map(({ code, policies }) => [code, ...policies])).toEqual([
    ['duration-misses-target'],
    ['recovery-misses-target', "b: circuit-breaker 'b'"],
    ['fallback-inside-retry', 'a → b: retry', 'a → b: fallback'],
    ['fallback-hides-bugs', 'a → b: fallback'],
  ])
})

describe('a graph that makes no sense', () => {
  const refusal = (graph: unknown): string => {
    try {
      explain(graph as ServiceGraph)
    } catch (error) {
      if (error instanceof InvalidOptionError) return error.message
    }
    throw new Error('was accepted')
  }

  it('is refused with the name that is wrong and those that are right', () => {
    expect(refusal({ nodes: { gateway: { calls: ['datbase'] }, database: {} } })).toBe(
      'nodes.gateway.calls[0] must be the name of a node: gateway, database; got "datbase"',
    )
  })

  it('is refused with the circle it goes in', () => {
    const message = refusal({
      nodes: { root: { calls: ['a'] }, a: { calls: ['b'] }, b: { calls: ['c', 'a'] }, c: {} },
    })
    expect(message).toMatch(/^nodes\.a\.calls must be free of circles.*got "b → a → b"$/)
    expect(refusal({ nodes: { a: { calls: ['a'] } } })).toContain('a → a')
  })

  it('is refused when it is empty, misspelt or not made of policies', () => {
    expect(refusal({ nodes: {} })).toContain('at least one node')
    expect(refusal({ nodes: { a: { call: [] } } })).toContain("nodes.a option 'call'")
    expect(refusal({ nodes: { a: { calls: [{ to: 'b', criticl: false }] }, b: {} } })).toContain("'criticl'")
    expect(refusal({ nodes: { a: { calls: 'b' }, b: {} } })).toContain('a list of node names')
    expect(refusal({ nodes: { a: { policy: {} } } })).toContain('nodes.a.policy must be a policy')
    expect(refusal({ nodes: { a: { calls: [{ to: 'b', times: 0 }] }, b: {} } })).toContain('times')
    expect(refusal({ nodes: { a: { duration: -1 } } })).toContain('nodes.a.duration')
  })
})

it('a diamond of many levels is explained at once', () => {
  const levels = 40
  const nodes: Record<string, ServiceNode> = { end: { duration: 1 } }
  for (let level = 0; level < levels; level++) {
    const next = level + 1 < levels ? [`left${level + 1}`, `right${level + 1}`] : ['end']
    nodes[`left${level}`] = { calls: next }
    nodes[`right${level}`] = { calls: next }
  }
  const end = explain({ nodes }).nodes.find(({ name }) => name === 'end')
  expect(end?.fanOut).toBe(2 ** (levels - 1))
})
