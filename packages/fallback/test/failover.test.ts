import { AsyncLocalStorage } from 'node:async_hooks'
import { explain, Hub, InvalidOptionError, memoryJourney, SeaworthyError } from '@seaworthy/core'
import { abortListeners, expectNoLeaks, seededRandom, VirtualClock } from '@seaworthy/testing'
import { describe, expect, expectTypeOf, it } from 'vitest'
import {
  type FailoverHop,
  type FailoverOptions,
  type FailoverProvider,
  failover,
  failoverHops,
  ProvidersFailedError,
} from '../src/index.ts'
import { error, hang, limit, ok, ScriptedProvider, StatusError } from './scripted-provider.ts'

function setUp(
  behaviours: readonly ConstructorParameters<typeof ScriptedProvider>[2][],
  options: FailoverOptions<unknown, string> = {},
  each: readonly Partial<FailoverProvider<unknown, string>>[] = [],
) {
  const clock = new VirtualClock()
  const upstreams = behaviours.map(
    (behave, index) => new ScriptedProvider('abc'[index] as string, clock, behave),
  )
  const providers = failover<unknown, string>(
    upstreams.map((upstream, index) => upstream.with(each[index])),
    { clock, random: seededRandom(1), ...options },
  )
  const hops: FailoverHop[] = []
  providers.on('hop', ({ name: _, ...hop }) => hops.push(hop))
  const count = (): number[] => upstreams.map(({ received }) => received.length)
  return { clock, providers, upstreams, hops, count }
}

/** Fails all providers that are down, until they cool down. */
async function coolDown({ clock, providers }: ReturnType<typeof setUp>): Promise<void> {
  for (let call = 0; call < 5; call++) providers.call('x', { deadline: clock.now() + 100 }).catch(() => {})
  await clock.advance(100)
}

describe('one call', () => {
  it('is answered by the first in the list, and the others are not asked', async () => {
    const { clock, providers, count, hops } = setUp([ok(), ok()])
    expect(await clock.runUntilSettled(providers.call('x'))).toBe('a')
    expect(count()).toEqual([1, 0])
    expect(hops).toEqual([{ provider: 'a', attempt: 1, reason: 'first', outcome: 'answered', duration: 10 }])
    expectNoLeaks({ policies: [providers], clock, except: ['listeners'] })
  })

  it('goes on to the next provider at once when one fails, for whatever reason of its own', async () => {
    for (const status of [500, 503, 429, 401, 404]) {
      const { clock, providers, hops } = setUp([error(status), ok()])
      expect(await clock.runUntilSettled(providers.call('x'))).toBe('b')
      expect(clock.now()).toBe(20)
      expect(hops.map(({ provider, reason }) => `${provider} ${reason}`)).toEqual(['a first', 'b failure'])
    }
  })

  it('does not go on when the request itself is wrong: the error passes on as the same object, with its hops', async () => {
    const own = new StatusError(400)
    const { clock, providers, count, hops } = setUp([ok(), ok()], {}, [{ call: () => Promise.reject(own) }])
    await expect(clock.runUntilSettled(providers.call('x'))).rejects.toBe(own)
    expect(count()).toEqual([0, 0])
    expect(failoverHops(own)).toEqual(hops)
    expect(providers.snapshot().providers[0]).toMatchObject({ failures: 0, inflight: 0 })
  })

  it('goes on all the same, and blames nobody, where tryElsewhere says so', async () => {
    const { clock, providers, count } = setUp([error(413), ok()], {
      tryElsewhere: (failure) => (failure as StatusError).status === 413,
    })
    for (let call = 0; call < 10; call++) expect(await clock.runUntilSettled(providers.call('x'))).toBe('b')
    expect(count()).toEqual([10, 10])
    expect(providers.snapshot().providers[0]?.state).toBe('healthy')
  })

  it('asks nobody twice who was the wrong one for the request', async () => {
    const { clock, providers, count } = setUp([error(413), error(413)], { tryElsewhere: () => true })
    await expect(clock.runUntilSettled(providers.call('x'))).rejects.toMatchObject({ reason: 'exhausted' })
    expect(count()).toEqual([1, 1])
  })

  it('treats a throw of the function like a rejection', async () => {
    const call = () => {
      throw new StatusError(500)
    }
    const { clock, providers } = setUp([ok(), ok()], {}, [{ call }])
    expect(await clock.runUntilSettled(providers.call('x'))).toBe('b')
  })

  it('passes over providers that do not accept the request', async () => {
    const { clock, providers, count } = setUp([ok(), ok(), ok()], {}, [
      { accepts: () => false },
      {
        accepts: () => {
          throw new Error('a predicate that throws says no')
        },
      },
    ])
    expect(await clock.runUntilSettled(providers.call('x'))).toBe('c')
    expect(count()).toEqual([0, 0, 1])
  })

  it('gives every attempt the key, the values, the journey, a number and a deadline', async () => {
    const { clock, providers, upstreams } = setUp([error(), ok()])
    const values = { tenant: 7 }
    const options = { key: 'k', values, journey: 'j', deadline: 5000 }
    await clock.runUntilSettled(providers.call('x', options))
    const contexts = upstreams.map(({ received }) => received[0]?.context)
    expect(contexts[0]).toMatchObject({ key: 'k', values, journey: 'j', attempt: 1, deadline: 5000 })
    expect(contexts[1]).toMatchObject({ key: 'k', values, journey: 'j', attempt: 2, deadline: 5000 })
  })

  it("runs every attempt in the caller's own async context, whatever started it", async () => {
    const storage = new AsyncLocalStorage<string>()
    const found: (string | undefined)[] = []
    const clock = new VirtualClock()
    const noting = (behave: ScriptedProvider): FailoverProvider<unknown, string> => ({
      name: behave.name,
      call: (request, context) => {
        found.push(storage.getStore())
        return behave.call(request, context)
      },
    })
    const providers = failover<unknown, string>(
      [
        noting(new ScriptedProvider('a', clock, hang)),
        noting(new ScriptedProvider('b', clock, (now) => (now < 2100 ? error() : ok()))),
      ],
      { clock, random: () => 0.5 },
    )
    const answer = storage.run('mine', () => providers.call('x'))
    storage.run('another', () => providers.exclude('a', 'test'))
    expect(await clock.runUntilSettled(answer)).toBe('b')
    expect(found).toEqual(['mine', 'mine', 'mine'])
  })

  it('has the types of its providers', () => {
    const typed = failover([{ name: 'a', call: async (question: { text: string }) => question.text.length }])
    expectTypeOf(typed.call).parameter(0).toEqualTypeOf<{ text: string }>()
    expectTypeOf(typed.call).returns.toEqualTypeOf<Promise<number>>()
  })
})

describe('time', () => {
  it('asks the next provider when there is no first byte in time, and tells the first to stop when another one answers', async () => {
    const { clock, providers, upstreams, hops } = setUp([{ does: 'hang', obedient: true }, ok()])
    expect(await clock.runUntilSettled(providers.call('x'))).toBe('b')
    expect(clock.now()).toBe(2010)
    expect(hops.map(({ provider, outcome }) => `${provider} ${outcome}`)).toEqual(['a slow', 'b answered'])
    expect(upstreams[0]?.received[0]?.context.signal.reason).toMatchObject({ name: 'AbortError' })
    await clock.settle()
    expectNoLeaks({ policies: [providers], clock, except: ['listeners'] })
  })

  it('an attempt that was slow still wins if it answers first', async () => {
    const { clock, providers, hops } = setUp([ok(2500), ok(1000)])
    expect(await clock.runUntilSettled(providers.call('x'))).toBe('a')
    expect(clock.now()).toBe(2500)
    expect(hops.map(({ provider, outcome }) => `${provider} ${outcome}`)).toEqual([
      'a slow',
      'a answered',
      'b overtaken',
    ])
    expect(providers.snapshot().providers.map(({ inflight }) => inflight)).toEqual([0, 0])
  })

  it('learns how long a provider takes, and then waits three times its 95th percentile, half a second at least', async () => {
    const { clock, providers, upstreams, hops } = setUp([ok(300), ok()])
    for (let call = 0; call < 100; call++) await clock.runUntilSettled(providers.call('x'))
    upstreams[0]?.becomes(hang)
    await clock.runUntilSettled(providers.call('x'))
    const took = hops.find(({ outcome }) => outcome === 'slow')?.duration ?? 0
    expect(took).toBeGreaterThanOrEqual(900)
    expect(took).toBeLessThan(950)
  })

  it('shares the time to the target among many providers: four that hang are over in five seconds', async () => {
    const clock = new VirtualClock()
    const names = ['a', 'b', 'c', 'd', 'e']
    const providers = failover<unknown, string>(
      names.map((name) => new ScriptedProvider(name, clock, name === 'e' ? ok() : hang).with()),
      { clock },
    )
    expect(await clock.runUntilSettled(providers.call('x'))).toBe('e')
    expect(clock.now()).toBeLessThan(5000)
  })

  it('rejects at its deadline, and says who was asked', async () => {
    const { clock, providers } = setUp([hang, hang], { name: 'models', hub: new Hub(), deadline: '3s' })
    const failed = await clock.runUntilSettled(providers.call('x').catch((reason: unknown) => reason))
    expect(clock.now()).toBe(3000)
    expect(failed).toBeInstanceOf(ProvidersFailedError)
    expect(failed).toMatchObject({
      code: 'ERR_PROVIDERS_FAILED',
      policy: 'models',
      reason: 'deadline',
      failureClass: 'transient',
      message: "failover 'models': no provider answered within 3s: a (slow after 2s), b (abandoned after 1s)",
    })
    expect((failed as ProvidersFailedError).errors[0]).toMatchObject({
      code: 'ERR_TIMEOUT',
      provider: 'a',
      limit: 2000,
    })
    expect(failoverHops(failed)).toEqual((failed as ProvidersFailedError).hops)
  })

  it('keeps to a deadline of the caller that is earlier than its own', async () => {
    const { clock, providers } = setUp([hang, hang])
    await expect(clock.runUntilSettled(providers.call('x', { deadline: 1000 }))).rejects.toMatchObject({
      reason: 'deadline',
    })
    expect(clock.now()).toBe(1000)
    await expect(providers.call('x', { deadline: 500 })).rejects.toMatchObject({
      reason: 'deadline',
      hops: [],
    })
  })
})

describe('giving up', () => {
  it("rejects at once with the caller's reason, tells the provider, and asks nobody else", async () => {
    const { clock, providers, upstreams, count } = setUp([{ does: 'hang', obedient: true }, ok()])
    const controller = new AbortController()
    const answer = providers.call('x', { signal: controller.signal })
    await clock.advance(100)
    const reason = new Error('changed my mind')
    controller.abort(reason)
    await expect(answer).rejects.toBe(reason)
    await clock.advance('1m')
    expect(count()).toEqual([1, 0])
    expect(upstreams[0]?.received[0]?.context.signal.reason).toBe(reason)
    expect(abortListeners(controller.signal)).toBe(0)
    expect(providers.snapshot().providers[0]).toMatchObject({ failures: 0, inflight: 0 })
    expectNoLeaks({ policies: [providers], clock, except: ['listeners'] })
  })

  it('asks nobody when the signal has aborted before', async () => {
    const { providers, count } = setUp([ok()])
    await expect(providers.call('x', { signal: AbortSignal.abort('no') })).rejects.toBe('no')
    expect(count()).toEqual([0])
  })

  it('leaves no listener on the signal of a call that was answered', async () => {
    const { clock, providers } = setUp([error(), ok()])
    const { signal } = new AbortController()
    await clock.runUntilSettled(providers.call('x', { signal }))
    expect(abortListeners(signal)).toBe(0)
  })

  it('ends a wait for the first provider that is well', async () => {
    const all = setUp([limit(20_000)])
    const controller = new AbortController()
    const answer = all.providers.call('x', { signal: controller.signal })
    await all.clock.advance('1s')
    expect(all.providers.debugStats()['waiting']).toBe(1)
    controller.abort('enough')
    await expect(answer).rejects.toBe('enough')
    expectNoLeaks({ policies: [all.providers], clock: all.clock, except: ['listeners'] })
  })
})

describe('passes', () => {
  it('asks all that are well three times, with pauses of up to 250 and 500 ms, and then gives up', async () => {
    const { clock, providers, count, hops } = setUp([error(), error()], { random: () => 0.999_999 })
    const failed = await clock.runUntilSettled(providers.call('x').catch((reason: unknown) => reason))
    expect(failed).toMatchObject({ reason: 'exhausted' })
    expect(count()).toEqual([3, 3])
    expect(clock.now()).toBeCloseTo(6 * 10 + 750, 0)
    expect(hops.map(({ reason }) => reason)).toEqual([
      'first',
      'failure',
      'pass',
      'failure',
      'pass',
      'failure',
    ])
    expect((failed as ProvidersFailedError).errors.map((each) => (each as StatusError).status)).toEqual([
      503, 503, 503, 503, 503, 503,
    ])
  })

  it('a request that must not run twice is passed on only by who refused it', async () => {
    const options: FailoverOptions<unknown, string> = { idempotent: () => false }
    const refused = setUp([error(429), ok()], options)
    expect(await refused.clock.runUntilSettled(refused.providers.call('x'))).toBe('b')

    const broken = setUp([error(500), ok()], options)
    await expect(broken.clock.runUntilSettled(broken.providers.call('x'))).rejects.toMatchObject({
      status: 500,
    })
    expect(broken.count()).toEqual([1, 0])

    const slow = setUp([ok(3000), ok()], options)
    expect(await slow.clock.runUntilSettled(slow.providers.call('x'))).toBe('a')
    expect(slow.count()).toEqual([1, 0])
  })
})

describe('when none is well', () => {
  it('a call waits for the first that is, instead of failing', async () => {
    const all = setUp([(now) => (now < 4000 ? error() : ok()), (now) => (now < 60_000 ? error() : ok())])
    await coolDown(all)
    expect(all.providers.snapshot().providers.map(({ state }) => state)).toEqual(['cooling', 'cooling'])
    const waits: number[] = []
    all.providers.on('waiting', ({ wait }) => waits.push(wait))
    const answer = all.providers.call('x')
    expect(await all.clock.runUntilSettled(answer)).toBe('a')
    expect(waits[0]).toBeGreaterThan(1000)
    expect(waits[0]).toBeLessThanOrEqual(5500)
  })

  it('one that has no time to wait asks the least bad one in spite of its health, then the others', async () => {
    const all = setUp(
      [(now) => (now < 2000 ? error() : error(500)), (now) => (now < 2000 ? error() : ok())],
      { random: () => 0.5 },
    )
    await coolDown(all)
    all.hops.length = 0
    await all.clock.advance(2000)
    const answer = all.providers.call('x', { deadline: all.clock.now() + 400 })
    expect(await all.clock.runUntilSettled(answer)).toBe('b')
    expect(all.hops.map(({ provider, reason }) => `${provider} ${reason}`)).toEqual([
      'a lastResort',
      'b lastResort',
    ])
  })

  it('one that has asked all the others in vain asks those in spite of their health while there is time', async () => {
    const all = setUp(
      [
        (now) => (now < 1000 ? ok() : hang),
        (now) => (now < 1000 ? ok() : hang),
        (now) => (now < 1000 ? error(401) : ok()),
      ],
      { firstByteTimeout: '2s', deadline: '10s', random: () => 0.5 },
      [{}, {}, { tier: 0 }],
    )
    all.providers.exclude('a', 'test')
    all.providers.exclude('b', 'test')
    await coolDown(all)
    all.providers.include('a')
    all.providers.include('b')
    await all.clock.advance('1s')
    expect(all.providers.snapshot().providers[2]?.cooldown).toBeGreaterThan(10_000)
    all.hops.length = 0
    expect(await all.clock.runUntilSettled(all.providers.call('x'))).toBe('c')
    const asked = all.hops.filter(({ outcome }) => outcome === 'slow').map(({ provider }) => provider)
    expect(asked).toEqual(['a', 'b', 'a'])
    expect(all.hops.at(-1)).toMatchObject({ provider: 'c', reason: 'lastResort', outcome: 'answered' })
  })

  it('rejects at once when nobody may be asked before the deadline, and says when', async () => {
    const all = setUp([limit(60_000)], { deadline: '5s' })
    const failed = await all.clock.runUntilSettled(all.providers.call('x').catch((reason: unknown) => reason))
    expect(all.clock.now()).toBe(10)
    expect(failed).toMatchObject({ failureClass: 'degraded', errors: [{ status: 429 }] })
    expect((failed as ProvidersFailedError).retryAfter).toBeGreaterThanOrEqual(60_000)
    await expect(all.providers.call('y')).rejects.toMatchObject({
      reason: 'unavailable',
      hops: [],
      failureClass: 'degraded',
    })
    expect(all.count()).toEqual([1])
  })

  it('only so many calls wait; further ones ask at once', async () => {
    const all = setUp([(now) => (now < 1000 ? error() : ok())], { maxWaiting: 1 })
    await coolDown(all)
    await all.clock.advance('2s')
    const first = all.providers.call('x')
    const second = all.providers.call('y')
    await all.clock.advance(10)
    await expect(second).resolves.toBe('a')
    expect(all.hops.at(-1)?.reason).toBe('lastResort')
    // What it found out lets the other one go on.
    await all.clock.advance(10)
    await expect(first).resolves.toBe('a')
  })

  it('calls that waited do not come down on a provider all at once', async () => {
    const all = setUp([(now) => (now < 2000 ? error() : ok())])
    await coolDown(all)
    const answers = Array.from({ length: 50 }, () => all.providers.call('x'))
    await all.clock.runUntilSettled(Promise.all(answers))
    const later = all.upstreams[0]?.received.slice(-48).map(({ at }) => at) ?? []
    expect((later.at(-1) ?? 0) - (later[0] ?? 0)).toBeGreaterThan(300)
  })
})

describe('rate limits', () => {
  it('waits no shorter than the server asked for, when it is the only one', async () => {
    const { clock, providers, upstreams } = setUp([(now) => (now < 3000 ? limit(3000) : ok())])
    expect(await clock.runUntilSettled(providers.call('x'))).toBe('a')
    expect(upstreams[0]?.received.map(({ at }) => at)[1]).toBeGreaterThanOrEqual(3010)
    expect(upstreams[0]?.received.map(({ at }) => at)[1]).toBeLessThanOrEqual(3311)
  })

  it('is not a matter of health', async () => {
    const all = setUp([limit(), ok()])
    for (let call = 0; call < 20; call++) await all.clock.runUntilSettled(all.providers.call('x'))
    expect(all.providers.snapshot().providers[0]).toMatchObject({ state: 'healthy', failures: 0 })
  })

  it('of one provider is that of all who share its quota', async () => {
    const all = setUp([limit(9000), ok(), ok()], {}, [{ quotaGroup: 'org' }, { quotaGroup: 'org' }, {}])
    const limited: unknown[] = []
    all.providers.on('limited', (event) => limited.push(event))
    expect(await all.clock.runUntilSettled(all.providers.call('x'))).toBe('c')
    expect(all.count()).toEqual([1, 0, 1])
    expect(limited).toEqual([
      { name: undefined, provider: 'a', quotaGroup: 'org', cooldown: expect.any(Number), hinted: true },
    ])
    await all.clock.advance('8s')
    expect(await all.clock.runUntilSettled(all.providers.call('x'))).toBe('c')
    all.upstreams[0]?.becomes(ok())
    await all.clock.advance('3s')
    expect(await all.clock.runUntilSettled(all.providers.call('x'))).toBe('a')
  })

  it('counts as well when it comes with an attempt that is long overtaken', async () => {
    const all = setUp([limit(20_000, 2500), ok(600)])
    expect(await all.clock.runUntilSettled(all.providers.call('x'))).toBe('b')
    expect(all.providers.snapshot().providers[0]?.limited).toBeGreaterThan(19_000)
  })

  it('of a 503 with Retry-After counts for both: its health, and the time', async () => {
    const call = () => Promise.reject(new StatusError(503, { 'Retry-After': '20' }))
    const all = setUp([ok(), ok()], {}, [{ call }])
    await all.clock.runUntilSettled(all.providers.call('x'))
    expect(all.providers.snapshot().providers[0]).toMatchObject({ failures: 1 })
    expect(all.providers.snapshot().providers[0]?.limited).toBeGreaterThanOrEqual(20_000 - 10)
  })

  it("rejections of the user's own policies keep attempts away, and are nobody's failure", async () => {
    const rejection = new SeaworthyError('ERR_RATE_LIMITED', 'own limit', {
      failureClass: 'degraded',
      retryAfter: 4000,
    })
    const all = setUp([ok(), ok()], {}, [{ call: () => Promise.reject(rejection) }])
    for (let call = 0; call < 3; call++)
      expect(await all.clock.runUntilSettled(all.providers.call('x'))).toBe('b')
    expect(all.hops.filter(({ provider }) => provider === 'a')).toHaveLength(1)
    expect(all.providers.snapshot().providers[0]).toMatchObject({
      failures: 0,
      state: 'healthy',
      limited: 4000 - 30,
    })
  })
})

describe('recovery', () => {
  it('one trial at a time; two successes; then a growing share of the calls', async () => {
    const all = setUp([(now) => (now < 1000 ? error(503, 0) : ok(100)), ok(0)])
    const states: string[] = []
    all.providers.on('stateChange', ({ provider, from, to }) => states.push(`${provider}: ${from} to ${to}`))
    await coolDown(all)
    await all.clock.advance('6s')
    const answers = Promise.all([all.providers.call('x'), all.providers.call('x'), all.providers.call('x')])
    expect(await all.clock.runUntilSettled(answers)).toEqual(['a', 'b', 'b'])
    expect(await all.clock.runUntilSettled(all.providers.call('x'))).toBe('a')
    expect(states).toEqual(['a: healthy to cooling', 'a: cooling to probing', 'a: probing to healthy'])
    const share = async (): Promise<number> => {
      let own = 0
      for (let call = 0; call < 400; call++)
        if ((await all.clock.runUntilSettled(all.providers.call('x'))) === 'a') own++
      return own / 400
    }
    // 40 s of calls one after the other: the slow start is over in the first ones.
    await share()
    expect(await share()).toBe(1)
  })

  it('a primary that flaps is trusted a little, and cools down for longer', async () => {
    const all = setUp([error(503, 0), ok(0)])
    const cooldowns: number[] = []
    all.providers.on('stateChange', ({ cooldown }) => cooldown !== undefined && cooldowns.push(cooldown))
    await coolDown(all)
    all.upstreams[0]?.becomes(ok(0))
    await all.clock.advance('6s')
    for (let trial = 0; trial < 2; trial++)
      expect(await all.clock.runUntilSettled(all.providers.call('x'))).toBe('a')
    expect(all.providers.snapshot().providers[0]?.state).toBe('healthy')
    all.upstreams[0]?.becomes(error(503, 0))
    const before = all.upstreams[0]?.received.length ?? 0
    for (let at = 0; at < 4000; at += 20) {
      await all.clock.advance(20)
      all.providers.call('x').catch(() => {})
    }
    expect((all.upstreams[0]?.received.length ?? 0) - before).toBe(2)
    expect(cooldowns[0]).toBeLessThanOrEqual(5500)
    expect(cooldowns[1]).toBeGreaterThanOrEqual(10_000)
    expect(cooldowns[1]).toBeLessThanOrEqual(11_000)
  })

  it('a probe is asked only while a provider is down, on its own, and no user is a trial', async () => {
    const probes: number[] = []
    const all = setUp([error(503, 0), ok(0)], {
      probe: (name) => {
        probes.push(all.clock.now())
        if (all.clock.now() < 12_000) throw new Error(`${name} is down`)
      },
    })
    await all.clock.advance('1m')
    expect(probes).toEqual([])
    const began = all.clock.now()
    all.upstreams[0]?.becomes((now) => (now < began + 12_000 ? error(503, 0) : ok(0)))
    await coolDown(all)
    expect(all.providers.debugStats()['timers']).toBe(1)
    await all.clock.advance('30s')
    expect(all.providers.snapshot().providers[0]?.state).toBe('healthy')
    expect(all.upstreams[0]?.received).toHaveLength(5)
    expect(probes.length).toBeGreaterThanOrEqual(2)
    expectNoLeaks({ policies: [all.providers], clock: all.clock, except: ['listeners'] })
  })

  it('a probe that hangs is told to stop and counts as a failure; dispose ends it', async () => {
    const signals: AbortSignal[] = []
    const all = setUp([error(503, 0), ok(0)], {
      probe: (_, signal) => {
        signals.push(signal)
        return new Promise(() => {})
      },
    })
    const probed: string[] = []
    all.providers.on('probed', ({ outcome }) => probed.push(outcome))
    await coolDown(all)
    await all.clock.advance('8s')
    expect(probed).toEqual(['slow'])
    expect(signals[0]?.reason).toMatchObject({ code: 'ERR_TIMEOUT' })
    await all.clock.advance('11s')
    expect(all.providers.debugStats()['probes']).toBe(1)
    all.providers.dispose()
    expect(signals[1]?.aborted).toBe(true)
    expectNoLeaks({ policies: [all.providers], clock: all.clock })
    expect(await all.clock.runUntilSettled(all.providers.call('x'))).toBe('b')
    expectNoLeaks({ policies: [all.providers], clock: all.clock })
  })
})

describe('the choice', () => {
  it('weighted: by chance, in proportion to the weights', async () => {
    const { clock, providers, count } = setUp([ok(0), ok(0)], { strategy: 'weighted' }, [
      { weight: 3 },
      { weight: 1 },
    ])
    for (let call = 0; call < 800; call++) await clock.runUntilSettled(providers.call('x'))
    expect((count()[0] ?? 0) / 800).toBeCloseTo(0.75, 1)
  })

  it('latency: prefers who answers faster, and forgets a slow past', async () => {
    const { clock, providers, upstreams, count } = setUp([ok(200), ok(20)], { strategy: 'latency' })
    for (let call = 0; call < 100; call++) await clock.runUntilSettled(providers.call('x'))
    expect(count()[1]).toBeGreaterThan(80)
    upstreams[0]?.becomes(ok(5))
    const before = count()[0] ?? 0
    for (let call = 0; call < 200; call++) {
      await clock.runUntilSettled(providers.call('x'))
      await clock.advance('1s')
    }
    expect((count()[0] ?? 0) - before).toBeGreaterThan(100)
  })

  it('tiers: the next one only when nobody of the first is well', async () => {
    const { clock, providers, upstreams, count } = setUp([ok(0), ok(0), ok(0)], { strategy: 'weighted' }, [
      {},
      {},
      { tier: 1 },
    ])
    for (let call = 0; call < 40; call++) await clock.runUntilSettled(providers.call('x'))
    expect(count()[2]).toBe(0)
    upstreams[0]?.becomes(error(503, 0))
    upstreams[1]?.becomes(error(503, 0))
    expect(await clock.runUntilSettled(providers.call('x'))).toBe('c')
  })

  it('hedge: the next one is asked early, within the budget; never while most are down', async () => {
    const { clock, providers, count, hops } = setUp([ok(500), ok(10)], { hedge: { delay: 100, budget: 0.5 } })
    for (let call = 0; call < 10; call++) await clock.runUntilSettled(providers.call('x'))
    expect(count()).toEqual([10, 5])
    expect(hops.filter(({ reason, outcome }) => reason === 'hedge' && outcome === 'answered')).toHaveLength(5)
    expect(hops.filter(({ outcome }) => outcome === 'overtaken')).toHaveLength(5)
    await clock.advance('1s')
    expectNoLeaks({ policies: [providers], clock, except: ['listeners'] })
  })

  it('late answers go to disposeResult, and its errors to the hub', async () => {
    const hub = new Hub()
    const disposed: string[] = []
    const { clock, providers } = setUp([ok(500), ok(10)], {
      hub,
      hedge: { delay: 100, budget: 1 },
      disposeResult: (answer) => {
        disposed.push(answer)
        throw new Error('cannot')
      },
    })
    await clock.runUntilSettled(providers.call('x'))
    await clock.advance('1s')
    expect(disposed).toEqual(['a'])
    expect(hub.listenerErrors).toBe(1)
  })
})

describe('by hand', () => {
  it('an excluded provider is not asked until it is included; attempts that run go on', async () => {
    const { clock, providers, count } = setUp([ok(1000), ok(10)])
    const seen: unknown[] = []
    providers.on('excluded', (event) => seen.push(event))
    providers.on('included', (event) => seen.push(event))
    const running = providers.call('x')
    await clock.advance(10)
    providers.exclude('a', 'costs too much')
    expect(await clock.runUntilSettled(providers.call('x'))).toBe('b')
    expect(await clock.runUntilSettled(running)).toBe('a')
    providers.include('a')
    expect(await clock.runUntilSettled(providers.call('x'))).toBe('a')
    expect(count()).toEqual([2, 1])
    const payload = { name: undefined, provider: 'a', reason: 'costs too much' }
    expect(seen).toEqual([payload, payload])
    expect(() => providers.exclude('x', 'no such')).toThrow(InvalidOptionError)
  })

  it('with all excluded a call rejects at once', async () => {
    const { providers } = setUp([ok()])
    providers.exclude('a', 'maintenance')
    await expect(providers.call('x')).rejects.toMatchObject({ reason: 'unavailable', retryAfter: undefined })
  })
})

describe('for those who watch', () => {
  it('is on the hub under its name, with a snapshot, actions and a journey for every call', async () => {
    const hub = new Hub()
    const journeys = memoryJourney()
    hub.recordJourneys(journeys)
    const { clock, providers } = setUp([error(401), ok()], { name: 'models', hub })
    await clock.runUntilSettled(providers.call('x', { journey: 'order-7' }))
    const story = (await journeys.journey('order-7')).map(({ type }) => type)
    expect(story).toEqual(['stateChange', 'misconfigured', 'hop', 'hop', 'answered'])
    const component = hub.component('failover', 'models')
    expect(component?.snapshot()).toMatchObject({
      providers: [
        { provider: 'a', state: 'cooling' },
        { provider: 'b', answers: 1 },
      ],
    })
    component?.actions['exclude']?.(...(['b', 'test'] as never[]))
    expect(providers.snapshot().providers[1]?.excluded).toBe('test')
    providers[Symbol.dispose]()
    expect(hub.components()).toEqual([])
  })

  it('explains itself', () => {
    const { providers } = setUp([ok(), ok()])
    expect(explain(providers).worstCase).toBe(30_000)
    expect(explain(providers).attempts).toBe(8)
  })
})

it.each<[FailoverOptions<unknown, string>, string]>([
  [{ strategy: 'best' as 'ordered' }, 'strategy'],
  [{ firstByteTimeout: { least: '2s', most: '1s' } }, 'firstByteTimeout.most'],
  [{ cooldown: { initial: '20s', max: '10s' } }, 'cooldown.max'],
  [{ hedge: { budget: 2 } }, 'hedge.budget'],
  [{ passes: 0 }, 'passes'],
  [{ probe: 1 as never }, 'probe'],
  [{ tries: 3 } as never, "failover option 'tries'"],
])('refuses options that make no sense: %j', (options, option) => {
  expect(() => setUp([ok()], options)).toThrow(expect.objectContaining({ option }))
})

it.each<[unknown, string]>([
  [[], 'providers'],
  [[{ name: 'a' }], 'providers[0].call'],
  [[{ name: '', call: () => 'x' }], 'providers[0].name'],
  [
    [
      { name: 'a', call: () => 'x' },
      { name: 'a', call: () => 'x' },
    ],
    'providers[1].name',
  ],
  [[{ name: 'a', call: () => 'x', weight: 0 }], 'providers[0].weight'],
  [[{ name: 'a', call: () => 'x', policy: {} }], 'providers[0].policy'],
])('refuses providers that make no sense: %j', (providers, option) => {
  expect(() => failover(providers as never)).toThrow(expect.objectContaining({ option }))
})
