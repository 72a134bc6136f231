/**
 * What every stream has to do: one suite for all of them. Times are short and only compared in one direction, so it
 * runs on a virtual clock as well as against a server.
 */
import type { Delivery, ReapRequest, TaskAudit, TaskStream } from '@seaworthy/worker'
import { QueueFullError } from '@seaworthy/worker'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

/** A stream that is new and empty, with a capacity of 20, and command over its time. */
export interface StreamUnderTest {
  readonly stream: TaskStream
  /** Lets so many milliseconds pass on the clock of the stream, and everything settle. */
  advance(milliseconds: number): Promise<void>
  /** Ends what the test has made. */
  close(): Promise<void>
}

const vitest: Registry = { describe, it, beforeEach, afterEach }

/** What the suite registers its tests with: vitest, or whoever wants to run them by itself. */
export interface Registry {
  describe(name: string, register: () => void): unknown
  it(name: string, run: () => Promise<void>): unknown
  beforeEach(run: () => Promise<void>): unknown
  afterEach(run: () => Promise<void>): unknown
}

/**
 * Runs the suite.
 *
 * @param pace - Makes all times so many times longer: on a server time goes on while a busy machine stands still.
 */
export function streamContract(
  name: string,
  create: () => Promise<StreamUnderTest>,
  { describe, it, beforeEach, afterEach }: Registry = vitest,
  pace = 1,
): void {
  const minIdle = 100 * pace
  const reaping: ReapRequest = {
    minIdle,
    count: 10,
    suspects: 10,
    suspectAfter: 2,
    maxStarts: 3,
    maxDeliveries: 5,
    mode: 'claim',
    cursor: '',
  }

  describe(name, () => {
    let under: StreamUnderTest
    let stream: TaskStream
    beforeEach(async () => {
      under = await create()
      stream = under.stream
    })
    afterEach(() => under.close())

    const add = (...ids: string[]): Promise<readonly string[]> =>
      stream.enqueueMany(ids.map((id) => ({ id, payload: `payload of ${id}` })))
    const fetch = (owner: string, count = 10): Promise<readonly Delivery[]> =>
      stream.fetch(owner, { count, wait: 0 })
    const fetchOne = async (owner: string): Promise<Delivery> => {
      const [delivery] = await fetch(owner, 1)
      if (delivery === undefined) throw new Error(`nothing to fetch for ${owner}`)
      return delivery
    }
    const reap = (owner: string, request: Partial<ReapRequest> = {}) =>
      stream.reap(owner, { ...reaping, ...request })
    /** Lets `owner` take an entry over from whoever holds it. */
    const takeOver = async (owner: string, request: Partial<ReapRequest> = {}): Promise<Delivery> => {
      await under.advance(minIdle)
      const { claimed, poison } = await reap(owner, request)
      return [...claimed, ...poison][0] as Delivery
    }
    const tasks = (deliveries: readonly Delivery[]): string[] => deliveries.map(({ task }) => task)
    const history = async (task: string): Promise<string[]> =>
      (await stream.audit(task)).map(({ event }) => event).filter((event) => event !== 'delivered')
    const counts = async (): Promise<number[]> => {
      const { waiting, pending, due, acknowledged, dead, vanished, enqueued } = await stream.stats()
      expect(waiting + pending + due + acknowledged + dead + vanished).toBe(enqueued)
      return [waiting, pending, due, acknowledged, dead]
    }
    const none = { delay: 0, reason: 'test' }

    describe('enqueue', () => {
      it('keeps everything that was said about a task', async () => {
        const headers = { tenant: 'acme', 'weird key': '☃ \u0000 "{}"' }
        const payload = '{"n":12345678901234567,"list":[],"text":"☃\\u0000"}'
        expect(await stream.enqueue({ id: 'a {1}%', payload, headers, journey: 'j-1' })).toBe('a {1}%')
        expect(await fetchOne('w')).toMatchObject({
          task: 'a {1}%',
          payload,
          headers,
          journey: 'j-1',
          deliveries: 1,
          starts: 0,
          failures: 0,
        })
      })

      it('makes ids where none are given, a different one each time', async () => {
        const ids = await stream.enqueueMany([{ payload: '1' }, { payload: '' }])
        expect(new Set(ids).size).toBe(2)
        const got = await fetch('w')
        expect(tasks(got)).toEqual(ids)
        expect(got.map(({ payload, headers, journey }) => [payload, headers, journey])).toEqual([
          ['1', {}, undefined],
          ['', {}, undefined],
        ])
      })

      it('takes two tasks with one id for two entries', async () => {
        await add('a')
        await add('a')
        const [first, second] = await fetch('w')
        expect([first?.task, second?.task]).toEqual(['a', 'a'])
        expect(first?.entry).not.toBe(second?.entry)
        expect(first?.receipt).not.toBe(second?.receipt)
      })

      it('refuses what is too much, all of it or nothing, whatever the rest is doing', async () => {
        await add(...Array.from({ length: 17 }, (_, index) => `t${index}`))
        await fetch('w', 5)
        await stream.enqueue({ payload: 'later', delay: 60_000 })
        await expect(add('x', 'y', 'z')).rejects.toThrow(QueueFullError)
        await expect(add('x', 'y', 'z')).rejects.toMatchObject({ code: 'ERR_QUEUE_FULL', capacity: 20 })
        expect(await counts()).toEqual([12, 5, 1, 0, 0])
        await add('x', 'y')
        await expect(stream.enqueue({ payload: 'one more' })).rejects.toThrow(QueueFullError)
      })

      it('has room again when something is over, and lets what failed back in when it is full', async () => {
        await add(...Array.from({ length: 20 }, (_, index) => `t${index}`))
        const [first, second, third] = (await fetch('w', 3)) as [Delivery, Delivery, Delivery]
        await stream.retryLater('w', first.receipt, none)
        await stream.handBack('w', [second.receipt], none)
        await expect(add('x')).rejects.toThrow(QueueFullError)
        await stream.acknowledge('w', [third.receipt])
        await add('x')
        await expect(add('y')).rejects.toThrow(QueueFullError)
      })

      it('lets a task wait that is not due, and promotes it when it is', async () => {
        await stream.enqueue({ id: 'soon', payload: '1', delay: 100 * pace })
        await stream.enqueue({ id: 'later', payload: '1', delay: 60_000 })
        expect(await fetch('w')).toEqual([])
        const early = await stream.promote(10)
        expect(early.promoted).toBe(0)
        expect(early.next).toBeGreaterThan(0)
        expect(early.next).toBeLessThanOrEqual(100 * pace)
        await under.advance(100 * pace)
        expect((await stream.promote(10)).promoted).toBe(1)
        expect(tasks(await fetch('w'))).toEqual(['soon'])
        expect(await history('soon')).toEqual(['enqueued', 'promoted'])
        expect(await counts()).toEqual([0, 1, 1, 0, 0])
      })

      it('promotes soonest due first, and no more than asked', async () => {
        await stream.enqueueMany([
          { id: 'c', payload: '', delay: 30 * pace },
          { id: 'a', payload: '', delay: 10 * pace },
          { id: 'b', payload: '', delay: 20 * pace },
        ])
        await under.advance(30 * pace)
        expect(await stream.promote(2)).toEqual({ promoted: 2, next: 0 })
        expect(tasks(await fetch('w'))).toEqual(['a', 'b'])
        expect(await stream.promote(2)).toEqual({ promoted: 1, next: undefined })
        expect(tasks(await fetch('w'))).toEqual(['c'])
      })
    })

    describe('fetch', () => {
      it('hands each entry to one, longest waiting first, and no more than asked', async () => {
        await add('a', 'b', 'c')
        expect(tasks(await fetch('w', 2))).toEqual(['a', 'b'])
        expect(tasks(await fetch('v', 2))).toEqual(['c'])
        expect(await fetch('w')).toEqual([])
        expect(await counts()).toEqual([0, 3, 0, 0, 0])
      })

      it('hands each entry to one, when many ask at once', async () => {
        await add(...Array.from({ length: 20 }, (_, index) => `t${index}`))
        const got = await Promise.all(Array.from({ length: 8 }, (_, index) => fetch(`w${index}`, 3)))
        expect(new Set(got.flatMap(tasks)).size).toBe(20)
        expect(got.flat()).toHaveLength(20)
      })

      it('waits for the first one, and answers with what comes', async () => {
        const waiting = stream.fetch('w', { count: 5, wait: 5000 })
        await under.advance(10 * pace)
        await add('a')
        expect(tasks(await waiting)).toEqual(['a'])
      })

      it('is woken by what is promoted, retried or handed back, too', async () => {
        await add('a')
        for (const wake of ['retry', 'handBack', 'promote']) {
          const { receipt } = await fetchOne('w')
          if (wake === 'promote') await stream.handBack('w', [receipt], { delay: 20 * pace, reason: 'test' })
          const waiting = stream.fetch('v', { count: 1, wait: 5000 })
          await under.advance(30 * pace)
          if (wake === 'retry') await stream.retryLater('w', receipt, none)
          else if (wake === 'handBack') await stream.handBack('w', [receipt], none)
          else await stream.promote(10)
          const [delivery] = await waiting
          expect(delivery?.task).toBe('a')
          await stream.handBack('v', [delivery?.receipt as string], none)
        }
      })

      it('answers with nothing when the wait is over', async () => {
        const waiting = stream.fetch('w', { count: 1, wait: 50 * pace })
        await under.advance(60 * pace)
        expect(await waiting).toEqual([])
      })

      it('rejects with the reason of its signal, at once, and hands out nothing then', async () => {
        const controller = new AbortController()
        const waiting = stream.fetch('w', { count: 1, wait: 60_000, signal: controller.signal })
        const rejected = expect(waiting).rejects.toBe('enough')
        await under.advance(10 * pace)
        controller.abort('enough')
        await rejected
        await expect(stream.fetch('w', { count: 1, wait: 60_000, signal: controller.signal })).rejects.toBe(
          'enough',
        )
        await add('a')
        expect(tasks(await fetch('v'))).toEqual(['a'])
      })
    })

    describe('the holder', () => {
      it('acknowledges, several at once, and hears which are lost', async () => {
        await add('a', 'b', 'c')
        const [a, b, c] = (await fetch('w')).map(({ receipt }) => receipt) as [string, string, string]
        expect(await stream.acknowledge('w', [a, 'made up', c])).toEqual(['made up'])
        expect(await counts()).toEqual([0, 1, 0, 2, 0])
        expect(await stream.acknowledge('w', [a, b])).toEqual([a])
        expect(await counts()).toEqual([0, 0, 0, 3, 0])
        expect(await stream.acknowledge('w', [])).toEqual([])
        expect(await history('a')).toEqual(['enqueued', 'acknowledged'])
      })

      it('reports a failure: one more of them, a fresh count of hand-outs, and a wait', async () => {
        await add('a')
        const { receipt, entry } = await fetchOne('w')
        await stream.beat('w', [receipt], [receipt])
        expect(await stream.retryLater('w', receipt, { delay: 100 * pace, reason: 'transient' })).toBe('done')
        expect(await stream.retryLater('w', receipt, { delay: 100 * pace, reason: 'transient' })).toBe('lost')
        expect(await counts()).toEqual([0, 0, 1, 0, 0])
        await under.advance(100 * pace)
        await stream.promote(10)
        const again = await fetchOne('v')
        expect(again).toMatchObject({ task: 'a', entry, deliveries: 1, starts: 0, failures: 1 })
        expect(again.receipt).not.toBe(receipt)
        const [, , retried] = (await stream.audit('a')).filter(({ event }) => event !== 'delivered')
        expect(retried).toMatchObject({
          event: 'retryScheduled',
          delay: 100 * pace,
          reason: 'transient',
          owner: 'w',
        })
      })

      it('hands back at no cost, whether it had started or not', async () => {
        await add('a')
        for (const started of [true, false, true]) {
          const { receipt, deliveries, starts } = await fetchOne('w')
          expect([deliveries, starts]).toEqual([1, 0])
          await stream.beat('w', [receipt], started ? [receipt, receipt] : [])
          expect(await stream.handBack('w', [receipt, 'made up'], { delay: 0, reason: 'drain' })).toEqual([
            'made up',
          ])
          expect(await stream.handBack('w', [receipt], none)).toEqual([receipt])
        }
        expect(await counts()).toEqual([1, 0, 0, 0, 0])
        expect(await history('a')).toEqual([
          'enqueued',
          'started',
          'handedBack',
          'handedBack',
          'started',
          'handedBack',
        ])
      })

      it('hands back for later', async () => {
        await add('a')
        await stream.handBack('w', [(await fetchOne('w')).receipt], {
          delay: 50 * pace,
          reason: 'quarantine',
        })
        expect(await counts()).toEqual([0, 0, 1, 0, 0])
        await under.advance(50 * pace)
        expect((await stream.promote(1)).promoted).toBe(1)
        expect(await fetchOne('w')).toMatchObject({ deliveries: 1, failures: 0 })
      })

      it('buries', async () => {
        await add('a')
        const { receipt } = await fetchOne('w')
        expect(await stream.bury('w', receipt, { reason: 'exhausted', letter: 'letter-1' })).toBe('done')
        expect(await stream.bury('w', receipt, { reason: 'exhausted', letter: 'letter-1' })).toBe('lost')
        expect(await counts()).toEqual([0, 0, 0, 0, 1])
        expect(await stream.audit('a')).toContainEqual(
          expect.objectContaining({ event: 'dead', reason: 'exhausted', owner: 'w' }),
        )
      })

      it('counts a start once for each hand-out, however often it is said', async () => {
        await add('a')
        const { receipt } = await fetchOne('w')
        await stream.beat('w', [receipt], [receipt])
        await stream.beat('w', [receipt], [receipt])
        expect(await takeOver('v')).toMatchObject({ deliveries: 2, starts: 1 })
        expect((await history('a')).filter((event) => event === 'started')).toHaveLength(1)
      })

      it('is nobody else, and nobody of the past: what others ask for is lost and changes nothing', async () => {
        await add('a')
        const old = await fetchOne('w')
        const asked = async (owner: string, receipt: string): Promise<void> => {
          expect(await stream.acknowledge(owner, [receipt])).toEqual([receipt])
          expect(await stream.beat(owner, [receipt], [receipt])).toEqual([receipt])
          expect(await stream.retryLater(owner, receipt, none)).toBe('lost')
          expect(await stream.handBack(owner, [receipt], none)).toEqual([receipt])
          expect(await stream.bury(owner, receipt, { reason: 'x', letter: undefined })).toBe('lost')
        }
        await asked('v', old.receipt)
        const taken = await takeOver('v')
        // The zombie wakes up.
        await asked('w', old.receipt)
        await asked('v', old.receipt)
        await stream.handBack('v', [taken.receipt], none)
        await asked('v', taken.receipt)
        // And gets the same entry again, which does not make its old receipt good.
        const again = await fetchOne('w')
        await asked('w', old.receipt)
        expect(await stream.acknowledge('w', [again.receipt])).toEqual([])
        expect(await counts()).toEqual([0, 0, 0, 1, 0])
        await asked('w', again.receipt)
        for (const garbage of ['', '.', '1', '1.', 'x.y', '99.1', '1-1:1', ' ']) await asked('w', garbage)
      })
    })

    describe('reap', () => {
      it('verify 50: never takes what was heard of within minIdle', async () => {
        await add('a', 'b')
        const [a] = (await fetch('w')) as [Delivery, Delivery]
        await under.advance(minIdle * 0.6)
        await stream.beat('w', [a.receipt], [])
        await under.advance(minIdle * 0.6)
        const { claimed } = await reap('v')
        expect(tasks(claimed)).toEqual(['b'])
        expect(await stream.acknowledge('w', [a.receipt])).toEqual([])
      })

      it('claims with one delivery more, and says from whom', async () => {
        await add('a')
        const { entry } = await fetchOne('w')
        const taken = await takeOver('v')
        expect(taken).toMatchObject({
          task: 'a',
          entry,
          previousOwner: 'w',
          deliveries: 2,
          starts: 0,
          failures: 0,
        })
        expect(taken.payload).toBe('payload of a')
        const claims = (await stream.audit('a')).filter(({ event }) => event === 'claimed')
        expect(claims).toEqual([expect.objectContaining({ owner: 'v', previousOwner: 'w', deliveries: 2 })])
        expect(claims[0]?.idle).toBeGreaterThanOrEqual(minIdle)
      })

      it('verify 51: of two reapers each entry goes to one, once for each time its owner falls silent', async () => {
        await add('a', 'b', 'c', 'd')
        await fetch('w')
        await under.advance(minIdle)
        const reaped = await Promise.all([
          reap('v', { count: 3 }),
          reap('u', { count: 3 }),
          reap('t', { count: 3 }),
        ])
        expect(reaped.flatMap(({ claimed }) => tasks(claimed)).sort()).toEqual(['a', 'b', 'c', 'd'])
        expect((await reap('v')).claimed).toEqual([])
      })

      it('takes no more than asked', async () => {
        await add('a', 'b', 'c')
        await fetch('w')
        await under.advance(minIdle)
        expect((await reap('v', { count: 2 })).claimed).toHaveLength(2)
        expect((await reap('v', { count: 2 })).claimed).toHaveLength(1)
      })

      it('lets them wait for anybody in mode republish, with their counts', async () => {
        await add('a', 'b')
        const [a] = (await fetch('w')) as [Delivery]
        await stream.beat('w', [a.receipt], [a.receipt])
        await under.advance(minIdle)
        expect(await reap('r', { mode: 'republish' })).toMatchObject({
          claimed: [],
          poison: [],
          republished: 2,
          vanished: 0,
          holdOff: 0,
        })
        expect(await counts()).toEqual([2, 0, 0, 0, 0])
        const again = await fetch('v')
        expect(again.map(({ task, deliveries, starts }) => [task, deliveries, starts])).toEqual([
          ['a', 2, 1],
          ['b', 2, 0],
        ])
        expect(again.map(({ entry }) => entry)).toContain(a.entry)
        expect(await stream.acknowledge('w', [a.receipt])).toEqual([a.receipt])
        expect(await history('a')).toEqual(['enqueued', 'started', 'republished'])
      })

      it('verify 48: hands poison to the caller when starts reach maxStarts, not before', async () => {
        await add('a')
        let { receipt } = await fetchOne('w0')
        for (let turn = 1; turn <= 3; turn++) {
          await stream.beat(`w${turn - 1}`, [receipt], [receipt])
          await under.advance(minIdle)
          const { claimed, poison } = await reap(`w${turn}`, { mode: turn < 3 ? 'claim' : 'republish' })
          expect([claimed.length, poison.length]).toEqual(turn < 3 ? [1, 0] : [0, 1])
          const [taken] = [...claimed, ...poison] as [Delivery]
          expect(taken).toMatchObject({ deliveries: turn + 1, starts: turn, previousOwner: `w${turn - 1}` })
          receipt = taken.receipt
        }
        expect(await counts()).toEqual([0, 1, 0, 0, 0])
        expect(await stream.bury('w3', receipt, { reason: 'crashed', letter: 'l' })).toBe('done')
        expect(await counts()).toEqual([0, 0, 0, 0, 1])
      })

      it('hands poison over when deliveries reach maxDeliveries, even if none started', async () => {
        await add('a')
        await fetchOne('w0')
        for (let turn = 1; turn <= 4; turn++) await takeOver(`w${turn}`)
        await under.advance(minIdle)
        const { claimed, poison } = await reap('last')
        expect(claimed).toEqual([])
        expect(poison).toEqual([expect.objectContaining({ deliveries: 6, starts: 0 })])
      })

      it('a reported failure clears the count towards poison', async () => {
        await add('a')
        let delivery = await fetchOne('w')
        for (let turn = 0; turn < 8; turn++) {
          await stream.beat('w', [delivery.receipt], [delivery.receipt])
          await stream.retryLater('w', delivery.receipt, none)
          delivery = await fetchOne('w')
        }
        expect(delivery).toMatchObject({ deliveries: 1, starts: 0, failures: 8 })
        await under.advance(minIdle)
        expect((await reap('v')).claimed).toHaveLength(1)
      })

      it('takes no more suspects than asked, and leaves no others behind for them', async () => {
        await add('a', 'b', 'c')
        const [a, b] = (await fetch('w')) as [Delivery, Delivery]
        await takeOver('v', { count: 3 })
        await under.advance(minIdle)
        // All three are suspects now; c comes to be none.
        const third = await reap('u', { suspects: 1 })
        expect(third.claimed).toHaveLength(1)
        expect((await reap('u', { suspects: 0 })).claimed).toEqual([])
        await add('d')
        await fetchOne('w')
        await under.advance(minIdle)
        const mixed = await reap('t', { suspects: 1 })
        expect(tasks(mixed.claimed)).toContain('d')
        expect(mixed.claimed).toHaveLength(2)
        expect([a.task, b.task]).toEqual(['a', 'b'])
      })

      it('verify 53: finds what is behind entries that it may not take', async () => {
        await add('a', 'b', 'c', 'd', 'e')
        await fetch('w', 4)
        await takeOver('v', { count: 4 })
        await fetch('x')
        await under.advance(minIdle)
        let cursor = ''
        const found: string[] = []
        do {
          const reaped = await reap('u', { count: 1, suspects: 0, cursor })
          found.push(...tasks(reaped.claimed))
          cursor = reaped.cursor
        } while (cursor !== '')
        expect(found).toEqual(['e'])
      })
    })

    describe('reconcile', () => {
      it('hands out again what was handed out and is not known: the same hand-out', async () => {
        await add('a', 'b')
        const [a, b] = (await fetch('w')) as [Delivery, Delivery]
        await under.advance(50 * pace)
        const found = await stream.reconcile('w', [a.receipt], { idle: 50 * pace, limit: 10 })
        expect(found).toEqual([expect.objectContaining({ receipt: b.receipt, task: 'b', deliveries: 1 })])
        expect(await history('b')).toEqual(['enqueued', 'resent'])
        expect(await stream.acknowledge('w', [b.receipt])).toEqual([])
      })

      it('counts as a beat, and leaves alone what was heard of or is held by others', async () => {
        await add('a', 'b')
        const { receipt } = await fetchOne('w')
        await fetchOne('v')
        expect(await stream.reconcile('w', [], { idle: 80 * pace, limit: 10 })).toEqual([])
        await under.advance(80 * pace)
        expect(await stream.reconcile('w', [], { idle: 80 * pace, limit: 10 })).toHaveLength(1)
        expect(await stream.reconcile('w', [], { idle: 80 * pace, limit: 10 })).toEqual([])
        await under.advance(80 * pace)
        expect(tasks((await reap('u')).claimed)).toEqual(['b'])
        expect(await stream.acknowledge('w', [receipt])).toEqual([])
      })

      it('answers with no more than asked', async () => {
        await add('a', 'b', 'c')
        await fetch('w')
        await under.advance(100 * pace)
        expect(await stream.reconcile('w', [], { idle: 100 * pace, limit: 2 })).toHaveLength(2)
        expect(await stream.reconcile('w', [], { idle: 100 * pace, limit: 2 })).toHaveLength(1)
      })
    })

    describe('owners', () => {
      it('leave when they hold nothing', async () => {
        await add('a')
        const { receipt } = await fetchOne('w')
        expect(await stream.leave('w')).toBe(false)
        expect(await stream.acknowledge('w', [receipt])).toEqual([])
        expect(await stream.leave('w')).toBe(true)
        expect(await stream.leave('w')).toBe(true)
        expect((await stream.stats()).owners).toBe(0)
      })

      it('are forgotten when they hold nothing and fell silent, and no others', async () => {
        await add('a')
        await fetchOne('holds')
        await fetch('silent')
        await stream.beat('alive', [], [])
        await under.advance(100 * pace)
        await stream.beat('alive', [], [])
        expect(await stream.prune(100)).toEqual(['silent'])
        expect(await stream.prune(100)).toEqual([])
        expect((await stream.stats()).owners).toBe(2)
        // Nothing that it holds is lost with an owner.
        expect(tasks((await reap('alive')).claimed)).toEqual(['a'])
      })
    })

    describe('audit', () => {
      it('tells the whole story of a task, in order, with who and why', async () => {
        await stream.enqueue({ id: 'a', payload: '', delay: 20 * pace })
        await under.advance(20 * pace)
        await stream.promote(1)
        const first = await fetchOne('w')
        await stream.beat('w', [first.receipt], [first.receipt])
        const taken = await takeOver('v')
        await stream.retryLater('v', taken.receipt, { delay: 0, reason: 'transient' })
        const last = await fetchOne('v')
        await stream.bury('v', last.receipt, { reason: 'exhausted', letter: 'l' })
        const story = (await stream.audit('a')).filter(({ event }) => event !== 'delivered')
        const told = ({ event, owner, deliveries, starts, failures }: TaskAudit) => [
          event,
          owner,
          deliveries,
          starts,
          failures,
        ]
        expect(story.map(told)).toEqual([
          ['enqueued', undefined, 0, 0, 0],
          ['promoted', undefined, 0, 0, 0],
          ['started', 'w', 1, 1, 0],
          ['claimed', 'v', 2, 1, 0],
          ['retryScheduled', 'v', 0, 0, 1],
          ['dead', 'v', 1, 0, 1],
        ])
        const times = story.map(({ at }) => at)
        expect(times).toEqual([...times].sort((left, right) => left - right))
        expect(await stream.audit('nobody')).toEqual([])
        const [only] = await stream.audit('a', 1)
        expect(only?.event).toBe('dead')
      })
    })
  })
}
