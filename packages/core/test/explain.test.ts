import {
  type Describable,
  explain,
  InvalidOptionError,
  type PolicyDescription,
  pipeline,
  type ServiceGraph,
} from '@seaworthy/core'
import { describe, expect, it } from 'vitest'
import {
  breaker,
  bulkhead,
  composed,
  deadBreaker,
  fallback,
  hedge,
  rateLimit,
  retry,
  timeout,
} from './explain-descriptions.ts'

const inventory = composed(fallback(), retry(5, 15_000), breaker('inventory', 5000, 60_000), timeout(2000))

describe('the explanation of a composition', () => {
  it('has the order, the counts and the longest wait', () => {
    expect(explain(inventory)).toMatchObject({
      layers: inventory.describe(),
      order: "fallback > retry > circuit-breaker 'inventory' > timeout > function",
      attempts: 5,
      copies: 1,
      amplification: 5,
      worstCase: 25_000,
      warnings: [],
    })
  })

  it('is a page for people', () => {
    expect(`${explain(inventory, { target: { recovery: '30s' } })}`).toMatchInlineSnapshot(`
      "fallback                      answers in place of errors
      retry                         5 attempts, pausing up to 15s in all
      circuit-breaker 'inventory'   opens after 5 failures in a row or by rate after 10 calls, for 5s to 1m
      timeout                       gives up after 2s
      your function                 may hang

      longest wait    25s
      function runs   up to 5 times for one call

      warning: recovery-misses-target
        circuit-breaker 'inventory' stays open for up to 1m after failed trials. A dependency that is well
        again just after a trial waits that long for the next, more than the 30s that recovery may take.
        → Set recoveryTimeout so that it stays below 30s, with room for the trial calls that close the
          circuit."
    `)
  })

  it('says of each policy what it does', () => {
    const text = explain(
      composed(
        timeout(9000, 'cooperative'),
        retry(2),
        retry(3),
        hedge(3, 200),
        bulkhead(10, Number.POSITIVE_INFINITY),
        rateLimit(250),
        deadBreaker,
        { kind: 'audit', options: { sample: 0.1 } },
      ),
      { functionDuration: '1.5s' },
    ).text
    expect(text.slice(0, text.indexOf('\n\nwarning'))).toMatchInlineSnapshot(`
      "timeout           asks to stop after 9s
      retry             2 attempts, without a pause
      retry             never tries again, since a retry outside does
      hedge             3 side by side
      bulkhead          10 calls at once; waits without limit
      rate-limit        waits up to 250ms
      circuit-breaker   never opens
      audit             sample 0.1
      your function     takes up to 1.5s

      longest wait    10.5s
      function runs   up to 6 times, up to 3 side by side for one call"
    `)
  })

  it('is plain data besides', () => {
    const explanation = explain(inventory)
    expect(String(explanation)).toBe(explanation.text)
    expect(Object.keys(explanation)).not.toContain('toString')
    expect(JSON.parse(JSON.stringify(explanation))).toEqual(explanation)
  })

  it('takes what you know about the function into account', () => {
    expect(explain(composed(retry(3)), { functionDuration: '2s' })).toMatchObject({
      worstCase: 6000,
      warnings: [],
    })
    expect(explain(pipeline())).toMatchObject({ order: 'function', worstCase: Number.POSITIVE_INFINITY })
  })

  it('counts a retry inside a retry once, unless it multiplies or the outer one never repeats', () => {
    const attempts = (...layers: PolicyDescription[]): number => explain(composed(...layers)).attempts
    expect(attempts(retry(3), timeout(100), retry(4))).toBe(3)
    expect(attempts(retry(3), { ...retry(4), multiplies: true })).toBe(12)
    expect(attempts(retry(1), retry(4))).toBe(4)
  })

  it('lets copies of which nobody knows the delay start as late as they can', () => {
    const { delays: _, ...unknown } = hedge(3)
    expect(explain(composed(unknown, timeout(100))).worstCase).toBe(300)
    expect(explain(composed(hedge(3, 80), timeout(100))).worstCase).toBe(180)
  })

  it('writes times so that people need not convert them', () => {
    const lines = (limit: number): string | undefined => explain(composed(timeout(limit))).text.split('\n')[0]
    expect(lines(65_000)).toContain('after 65s')
    expect(lines(90_000)).toContain('after 1.5m')
    expect(lines(1234)).toContain('after 1.23s')
    expect(lines(7_200_000)).toContain('after 2h')
  })

  it('does not confuse nothing with endless', () => {
    const endless = composed(retry(Number.POSITIVE_INFINITY))
    expect(explain(endless, { functionDuration: 0 })).toMatchObject({
      worstCase: 0,
      attempts: Number.POSITIVE_INFINITY,
    })
  })
})

describe('the explanation of a graph', () => {
  const graph: ServiceGraph = {
    nodes: {
      frontend: { calls: ['gateway'] },
      gateway: { policy: composed(timeout(800)), calls: ['auth', 'data'] },
      auth: { policy: composed(timeout(400)), calls: ['database'] },
      data: {
        policy: composed(timeout(400)),
        calls: ['database', { to: 'ads', critical: false, times: 2, policy: composed(fallback()) }],
      },
      database: { policy: composed(retry(2), timeout(120)), calls: ['disk'] },
      disk: { duration: 100 },
      ads: { policy: composed(breaker('ads', 10_000), timeout(100)) },
    },
  }

  it('is a page for people', () => {
    expect(`${explain(graph)}`).toMatchInlineSnapshot(`
      "frontend
      └─ gateway          timeout
         ├─ auth          timeout
         │  └─ database   retry > timeout
         │     └─ disk
         └─ data          timeout
            ├─ database   retry > timeout                        calls as above
            └─ ads        fallback > circuit-breaker > timeout   optional, 2 times

      node       longest wait   calls   without failures   amplification   takes down
      frontend   600ms          1       1                  × 1             -
      gateway    600ms          1       1                  × 1             frontend
      auth       200ms          1       1                  × 1             frontend, gateway
      data       400ms          1       1                  × 1             frontend, gateway
      database   200ms          4       2                  × 2             frontend, gateway, auth, data
      disk       100ms          4       2                  × 2             frontend, gateway, auth, data, database
      ads        100ms          2       2                  × 1             -

      Calls are the most that one request can cause.

      No known trap."
    `)
  })

  it('lists callers before those they call', () => {
    const { order, roots, worstCase, amplification } = explain(graph)
    expect({ order, roots, worstCase, amplification }).toEqual({
      order: 'frontend > gateway > auth > data > database > disk > ads',
      roots: ['frontend'],
      worstCase: 600,
      amplification: 2,
    })
  })
})

describe('explain', () => {
  const refusal = (subject: unknown, options?: unknown): unknown => {
    try {
      explain(subject as Describable, options as object)
    } catch (error) {
      return error
    }
    return undefined
  }

  it.each([undefined, null, 5, {}, () => 1])(
    'refuses %o, which is neither a policy nor a graph',
    (subject) => {
      expect(refusal(subject)).toBeInstanceOf(InvalidOptionError)
    },
  )

  it.each([
    [{ functionDuration: 'soon' }, /functionDuration must be/],
    [{ targets: {} }, /'targets'/],
    [{ target: { mttr: 5 } }, /'mttr'/],
    [{ target: { recovery: -1 } }, /target\.recovery must be/],
    [{ margin: '1 day' }, /margin must be/],
  ])('refuses the options %o and says what is allowed', (options, message) => {
    expect(refusal(inventory, options)).toMatchObject({ message: expect.stringMatching(message) })
  })
})
