import { SeaworthyError } from '@seaworthy/core'
import { abortListeners, expectNoLeaks, seededRandom, sometimes, VirtualClock } from '@seaworthy/testing'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  type FailoverEvents,
  type FailoverStrategy,
  failover,
  ProvidersFailedError,
  StreamInterruptedError,
} from '../src/index.ts'
import { StatusError } from './scripted-provider.ts'

const firstByte = 1000
const deadline = 12_000
const chaosEnds = 60_000
const chunks = 3

/** What a provider does during some time. */
interface Segment {
  readonly lasts: number
  readonly does: 'ok' | 'slow' | 'hang' | 'error' | 'refuse' | 'limit' | 'cut'
  readonly latency: number
  /** Of `limit`: the milliseconds it asks for, if it does. */
  readonly hint: number | undefined
  /** Of `cut`: pieces before the end. */
  readonly pieces: number
}

interface Request {
  readonly at: number
  readonly stream: boolean
  /** After so many milliseconds the caller gives up. */
  readonly abortAfter: number | undefined
}

interface World {
  readonly providers: readonly (readonly Segment[])[]
  readonly requests: readonly Request[]
  readonly strategy: FailoverStrategy
  readonly sharedQuota: boolean
  readonly hedged: boolean
  readonly probed: boolean
  readonly seed: number
}

const well: Segment = { lasts: Number.POSITIVE_INFINITY, does: 'ok', latency: 50, hint: undefined, pieces: 0 }

const segment: fc.Arbitrary<Segment> = fc.record({
  lasts: fc.constantFrom(500, 2000, 5000, 10_000, 20_000),
  does: fc.constantFrom<Segment['does'][]>(
    'ok',
    'ok',
    'ok',
    'slow',
    'hang',
    'error',
    'error',
    'refuse',
    'limit',
    'cut',
  ),
  latency: fc.constantFrom(0, 20, 400, 900),
  hint: fc.option(fc.constantFrom(0, 300, 2000, 5000), { nil: undefined, freq: 3 }),
  pieces: fc.integer({ min: 0, max: chunks }),
})

const world: fc.Arbitrary<World> = fc.record({
  providers: fc.array(fc.array(segment, { minLength: 2, maxLength: 7, size: 'max' }), {
    minLength: 1,
    maxLength: 3,
    size: 'max',
  }),
  requests: fc.array(
    fc.record({
      // Between the instants at which segments change.
      at: fc.integer({ min: 0, max: chaosEnds - 1 }).map((at) => at + 0.25),
      stream: fc.boolean(),
      abortAfter: fc.option(fc.constantFrom(0, 10, 500, 1500, 8000), { nil: undefined, freq: 6 }),
    }),
    { minLength: 5, maxLength: 60, size: 'max' },
  ),
  strategy: fc.constantFrom<FailoverStrategy[]>('ordered', 'ordered', 'weighted', 'latency'),
  sharedQuota: fc.boolean(),
  hedged: fc.boolean(),
  probed: fc.boolean(),
  seed: fc.integer(),
})

const seen = sometimes([
  'answered by the first',
  'answered by another',
  'answered by one that was slow',
  'a stream was passed on',
  'a stream broke before its first piece',
  'a stream broke after its first piece',
  'waited for the first that is well',
  'asked in spite of its health',
  'asked early',
  'asked again in another pass',
  'a server named a time',
  'nobody could answer',
  'the caller gave up',
  'a late answer was dropped',
  'a provider cooled down',
  'a probe succeeded',
  'a request that somebody could answer all the time was answered',
  'only a provider that counted as down could answer',
])

/** The provider as its script says: the model that the failover knows nothing of. */
class Upstream {
  readonly segments: readonly Segment[]
  readonly startedFor = new Map<Request | 'probe', number[]>()
  openStreams = 0

  constructor(segments: readonly Segment[]) {
    this.segments = segments
  }

  at(time: number): Segment {
    let start = 0
    for (const each of this.segments) {
      start += each.lasts
      if (time < start) return time < chaosEnds ? each : well
    }
    return well
  }

  /** Whether it behaves so, and only so, from one time to another. */
  always(from: number, to: number, test: (segment: Segment) => boolean): boolean {
    for (let time = from; time <= to; time += 250) if (!test(this.at(time))) return false
    return test(this.at(to))
  }
}

/** When a quota may be used again, as those can know it who were told. */
class Account {
  allowedAt = 0
  toldAt = Number.POSITIVE_INFINITY
  readonly early: string[] = []

  tell(now: number, hint: number): void {
    this.toldAt = now
    this.allowedAt = Math.max(this.allowedAt, now + hint)
  }

  attempt(now: number, who: string): void {
    // At the same instant nobody can know yet.
    if (now > this.toldAt && now < this.allowedAt)
      this.early.push(`${who} at ${now}, allowed at ${this.allowedAt}`)
  }
}

type Outcome =
  | { readonly status: 'fulfilled'; readonly by: number; readonly at: number; readonly broke?: unknown }
  | { readonly status: 'rejected'; readonly reason: unknown; readonly at: number }

async function play({ providers, requests, strategy, sharedQuota, hedged, probed, seed }: World) {
  const clock = new VirtualClock()
  const upstreams = providers.map((segments) => new Upstream(segments))
  const shared = new Account()
  const accounts = upstreams.map((_, index) => (sharedQuota && index < 2 ? shared : new Account()))
  const note = (index: number, request: Request | 'probe'): void => {
    const upstream = upstreams[index] as Upstream
    upstream.startedFor.set(request, [...(upstream.startedFor.get(request) ?? []), clock.now()])
    accounts[index]?.attempt(clock.now(), `provider ${index}`)
  }

  async function* pieces(index: number, count: number, broken: boolean) {
    const upstream = upstreams[index] as Upstream
    upstream.openStreams++
    try {
      for (let piece = 0; piece < count; piece++) {
        yield { by: index, piece }
        await clock.sleep(5)
      }
      if (broken) throw new StatusError(502)
    } finally {
      upstream.openStreams--
    }
  }

  const behave = async (index: number, stream: boolean, signal: AbortSignal): Promise<unknown> => {
    const { does, latency, hint, pieces: count } = (upstreams[index] as Upstream).at(clock.now())
    if (does === 'hang')
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    await clock.sleep(does === 'slow' ? firstByte + 1 + latency : latency)
    if (does === 'error' || (does === 'cut' && !stream)) throw new StatusError(500)
    if (does === 'refuse') throw new StatusError(403)
    if (does === 'limit') {
      if (hint !== undefined) accounts[index]?.tell(clock.now(), hint)
      throw new StatusError(429, hint === undefined ? {} : { 'retry-after-ms': String(hint) })
    }
    if (!stream) return { by: index }
    return does === 'cut' ? pieces(index, count, true) : pieces(index, chunks, false)
  }

  const policy = failover<Request, unknown>(
    upstreams.map((_, index) => ({
      name: `${index}`,
      call: (request, { signal }) => {
        note(index, request)
        return behave(index, request.stream, signal)
      },
      ...(sharedQuota && index < 2 && { quotaGroup: 'shared' }),
    })),
    {
      clock,
      random: seededRandom(seed),
      strategy,
      firstByteTimeout: firstByte,
      deadline,
      ...(hedged && { hedge: { delay: 300, budget: 0.5 } }),
      ...(probed && {
        probe: (name: string, signal: AbortSignal) => {
          note(Number(name), 'probe')
          return behave(Number(name), false, signal)
        },
      }),
    },
  )
  const committed: FailoverEvents['answered'][] = []
  policy.on('answered', (event) => committed.push(event))
  policy.on('hop', ({ outcome, reason }) => {
    if (outcome === 'answered' && reason === 'hedge') seen.mark('asked early')
    if (reason === 'waited') seen.mark('waited for the first that is well')
    if (reason === 'lastResort') seen.mark('asked in spite of its health')
    if (reason === 'pass') seen.mark('asked again in another pass')
  })
  policy.on('limited', ({ hinted }) => hinted && seen.mark('a server named a time'))
  policy.on('late', () => seen.mark('a late answer was dropped'))
  policy.on('stateChange', ({ to }) => to === 'cooling' && seen.mark('a provider cooled down'))
  policy.on('probed', ({ outcome }) => outcome === 'success' && seen.mark('a probe succeeded'))

  const outcomes = new Map<Request, Outcome>()
  const signals: AbortSignal[] = []
  const healthAt = new Map<Request, readonly string[]>()

  const read = async (request: Request, answer: unknown): Promise<Outcome> => {
    if (!request.stream) return { status: 'fulfilled', by: (answer as { by: number }).by, at: clock.now() }
    const at = clock.now()
    let by = -1
    let got = 0
    try {
      for await (const piece of answer as AsyncIterable<{ by: number; piece: number }>) {
        // One answer from one provider, without a gap: nothing was put together from two.
        expect(piece.piece).toBe(got++)
        expect(by === -1 || by === piece.by).toBe(true)
        by = piece.by
      }
      return { status: 'fulfilled', by, at }
    } catch (broke) {
      if (broke instanceof StreamInterruptedError) expect(broke.chunks).toBe(got)
      return { status: 'fulfilled', by, at, broke }
    }
  }

  const perform = (request: Request): void => {
    const controller = new AbortController()
    const { abortAfter } = request
    if (abortAfter !== undefined) clock.setTimer(() => controller.abort(request), abortAfter)
    signals.push(controller.signal)
    healthAt.set(
      request,
      policy.snapshot().providers.map(({ state }) => state),
    )
    policy
      .call(request, { signal: controller.signal })
      .then(
        (answer) => read(request, answer),
        (reason: unknown): Outcome => ({ status: 'rejected', reason, at: clock.now() }),
      )
      .then((outcome) => outcomes.set(request, outcome))
  }

  for (const request of [...requests].sort((a, b) => a.at - b.at)) {
    await clock.advance(Math.max(0, request.at - clock.now()))
    perform(request)
  }
  await clock.advance(chaosEnds - clock.now())
  // From now on all are well. Two requests a second follow.
  const later: Request[] = []
  for (let at = chaosEnds + 0.25; at < chaosEnds + 45_000; at += 500) {
    await clock.advance(at - clock.now())
    const request: Request = { at, stream: false, abortAfter: undefined }
    later.push(request)
    perform(request)
  }
  await clock.advance('1m')
  return { clock, policy, upstreams, accounts, outcomes, signals, committed, healthAt, later }
}

/** The rules that hold for every world. */
async function judge(given: World): Promise<void> {
  const { clock, policy, upstreams, accounts, outcomes, signals, committed, healthAt, later } =
    await play(given)
  const { requests, strategy, sharedQuota } = given

  // Nobody is asked before the time that a server named: neither by calls nor by probes.
  expect(accounts.flatMap(({ early }) => early)).toEqual([])

  // Every call ends, by its deadline; one that was given up ends at once, and starts nothing more.
  for (const request of [...requests, ...later]) {
    const outcome = outcomes.get(request)
    if (outcome === undefined) throw new Error(`No outcome: ${JSON.stringify(request)}`)
    const { at, abortAfter = Number.POSITIVE_INFINITY } = request
    expect(outcome.at).toBeLessThanOrEqual(at + Math.min(deadline, abortAfter) + 1e-6)
    const starts = upstreams.flatMap(({ startedFor }) => startedFor.get(request) ?? [])
    expect(starts.filter((start) => start > at + abortAfter || start >= at + deadline)).toEqual([])
    // No storm: each provider is asked once a pass, once in spite of its health, and as often as it says when to come back.
    expect(starts.length).toBeLessThanOrEqual(upstreams.length * (4 + deadline / 250))
    if (outcome.status === 'rejected' && outcome.reason === request) seen.mark('the caller gave up')
    else if (outcome.status === 'rejected') {
      expect(outcome.reason).toBeInstanceOf(ProvidersFailedError)
      expect((outcome.reason as ProvidersFailedError).errors).toHaveLength(
        (outcome.reason as ProvidersFailedError).hops.length,
      )
      seen.mark('nobody could answer')
    } else markAnswer(request, outcome, upstreams)
  }

  // No request is lost that somebody could have answered all the time.
  for (const request of requests) {
    const outcome = outcomes.get(request)
    const able = upstreams.findIndex((_, index) => couldAnswer(given, upstreams, index, request, sharedQuota))
    if (able < 0 || request.abortAfter !== undefined) continue
    if (outcome?.status === 'rejected')
      throw new Error(`Lost: ${JSON.stringify(request)}; ${String(outcome.reason)}`)
    seen.mark('a request that somebody could answer all the time was answered')
    if (outcome?.by === able && healthAt.get(request)?.[able] !== 'healthy')
      seen.mark('only a provider that counted as down could answer')
  }

  // One answer for a call, and all calls of which the primary could be the answer are back there in 30 s.
  expect(committed).toHaveLength([...outcomes.values()].filter(({ status }) => status === 'fulfilled').length)
  if (strategy === 'ordered') {
    const elsewhere = later.filter((request) => {
      const outcome = outcomes.get(request)
      return request.at > chaosEnds + 30_000 && !(outcome?.status === 'fulfilled' && outcome.by === 0)
    })
    expect(elsewhere).toEqual([])
  }

  // Nothing stays behind: no timer, no listener, no stream, no attempt.
  for (const signal of signals) expect(abortListeners(signal)).toBe(0)
  expect(upstreams.map(({ openStreams }) => openStreams)).toEqual(upstreams.map(() => 0))
  policy.dispose()
  expectNoLeaks({ policies: [policy], clock })
  expect(policy.snapshot().providers.map(({ inflight }) => inflight)).toEqual(upstreams.map(() => 0))
}

function markAnswer(
  request: Request,
  outcome: Outcome & { status: 'fulfilled' },
  upstreams: readonly Upstream[],
): void {
  const { by, at, broke } = outcome
  seen.mark(by === 0 ? 'answered by the first' : 'answered by another')
  if (request.stream && broke === undefined) seen.mark('a stream was passed on')
  if (broke instanceof SeaworthyError) seen.mark('a stream broke after its first piece')
  const starts = upstreams[by]?.startedFor.get(request) ?? []
  if (starts.some((start) => at - start > firstByte)) seen.mark('answered by one that was slow')
  for (const upstream of upstreams) {
    for (const start of upstream.startedFor.get(request) ?? []) {
      const { does, pieces } = upstream.at(start)
      if (request.stream && does === 'cut' && pieces === 0) seen.mark('a stream broke before its first piece')
    }
  }
}

/** Well from the call to its deadline, and no rate limit of its account can be in the way. */
function couldAnswer(
  { providers }: World,
  upstreams: readonly Upstream[],
  index: number,
  { at }: Request,
  sharedQuota: boolean,
): boolean {
  const members = sharedQuota && index < 2 ? [0, 1].filter((each) => each < providers.length) : [index]
  const isWell = upstreams[index]?.always(at, at + deadline, ({ does }) => does === 'ok') ?? false
  const unlimited = members.every((each) =>
    upstreams[each]?.always(Math.max(0, at - 20_000), at + deadline, ({ does }) => does !== 'limit'),
  )
  return isWell && unlimited
}

it('random histories of one to three providers: every rule holds', { timeout: 120_000 }, async () => {
  await fc.assert(fc.asyncProperty(world, judge), { numRuns: 150 })
  seen.verify()
})
