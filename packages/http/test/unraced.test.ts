/** Sends that reject by themselves when they are aborted: nothing races them, and nothing gets lost by that. */

import type { Clock } from '@seaworthy/core'
import { type Abortable, type Exchange, outboundHttp, type Sending } from '@seaworthy/http'
import { VirtualClock } from '@seaworthy/testing'
import { describe, expect, it } from 'vitest'

interface Answer {
  readonly status: number
}

const well: Answer = { status: 200 }
const busy: Answer = { status: 503 }

/** What a client does with one send. */
type Behave = (sending: Sending<Answer>) => Promise<Answer>

/** A client that does as told, send by send. */
class Scripted implements Exchange<Answer> {
  readonly method = 'GET'
  readonly origin = 'http://shop.test'
  readonly signal = undefined
  readonly replayable = true
  readonly promises = true
  readonly discarded: Answer[] = []
  sends = 0
  readonly #script: readonly Behave[]

  constructor(...script: Behave[]) {
    this.#script = script
  }

  send(sending: Sending<Answer>): Promise<Answer> {
    return (this.#script[this.sends++] as Behave)(sending)
  }

  header = () => undefined
  headerOf = () => undefined
  originOf = () => this.origin
  passedOn = () => false
  status = ({ status }: Answer) => status
  deliver = (answer: Answer) => answer
  discard(answer: Answer): void {
    this.discarded.push(answer)
  }
}

const hangs: Behave = () => new Promise(() => {})

/** Rejects when it is aborted, with an error of its own, as `fetch` does. */
const rejects: Behave = (sending) =>
  new Promise((_, reject) => {
    const target: Abortable = {
      settles: true,
      abort: (reason) => reject(new TypeError('failed', { cause: reason })),
    }
    sending.reach(target)
  })

/** Had its answer already when it was aborted. */
const answersLate: Behave = (sending) =>
  new Promise((resolve) => {
    sending.reach({ settles: true, abort: () => resolve(well) })
  })

const tooLate = { name: 'HttpTimeoutError', scope: 'attempt', phase: 'headers' }

function setUp(options = {}) {
  const clock = new VirtualClock()
  const http = outboundHttp({ clock, breaker: { failureThreshold: 3 }, ...options })
  const leftovers = () => [http.debugStats()['timed'], http.debugStats()['calls'], clock.pendingTimers]
  return { clock, http, leftovers }
}

describe('a send that rejects by itself when it is aborted', () => {
  it('is answered, and leaves nothing behind', async () => {
    const { http, leftovers } = setUp()
    const exchange = new Scripted((sending) => {
      sending.reach({ settles: true, abort: () => {} })
      return Promise.resolve(well)
    })
    expect(await http.run(exchange)).toBe(well)
    expect(leftovers()).toEqual([0, 0, 0])
  })

  it('ends with the error of its limit, not with what the client made of that', async () => {
    const { clock, http, leftovers } = setUp({ retry: false })
    const failing = http.run(new Scripted(rejects)).catch((error: unknown) => error)
    await clock.advance('10s')
    expect(await failing).toMatchObject(tooLate)
    expect(leftovers()).toEqual([0, 0, 0])
  })

  it('is repeated after that', async () => {
    const { clock, http, leftovers } = setUp()
    const exchange = new Scripted(rejects, () => Promise.resolve(well))
    const answer = http.run(exchange)
    await clock.advance('11s')
    expect([await answer, exchange.sends]).toEqual([well, 2])
    expect(leftovers()).toEqual([0, 0, 0])
  })

  it('ends with that error, too, if its answer came at the same moment, which nobody gets', async () => {
    const { clock, http, leftovers } = setUp({ retry: false })
    const exchange = new Scripted(answersLate)
    const failing = http.run(exchange).catch((error: unknown) => error)
    await clock.advance('10s')
    expect(await failing).toMatchObject(tooLate)
    expect(exchange.discarded).toEqual([well])
    expect(leftovers()).toEqual([0, 0, 0])
  })

  it('counts for the circuit: well, badly, and when the last answer is delivered', async () => {
    const { clock, http } = setUp({ retry: { attempts: 2, delay: 1 } })
    const state = () => http.origin('http://shop.test').circuit
    const send = async (...script: Behave[]): Promise<unknown> => {
      const outcome = http.run(new Scripted(...script)).catch((error: unknown) => error)
      await clock.advance('30s')
      return outcome
    }
    const answers =
      (answer: Answer): Behave =>
      () =>
        Promise.resolve(answer)
    await send(answers(well)) // makes the circuit
    expect(await send(rejects, answers(well))).toBe(well)
    expect(await send(answers(busy), rejects)).toMatchObject(tooLate)
    expect([await send(answers(well)), state()]).toEqual([well, 'closed'])
    expect([await send(answers(busy), answers(busy)), state()]).toEqual([busy, 'closed'])
    expect(await send(rejects)).toMatchObject({ name: 'CircuitOpenError' })
    expect(state()).toBe('open') // the third in a row
  })
})

describe('other sends are raced', () => {
  it('when what they reach does not settle them', async () => {
    const { clock, http, leftovers } = setUp({ retry: false })
    const failing = http.run(new Scripted(hangs)).catch((error: unknown) => error)
    await clock.advance('10s')
    expect(await failing).toMatchObject(tooLate)
    expect(leftovers()).toEqual([0, 0, 0])
  })

  it('when their time is over before they have been sent', async () => {
    let now = 0
    let ring = (): void => {}
    const timer = { cancel: () => {} }
    const sleep = () => Promise.resolve()
    const setTimer = (callback: () => void) => {
      ring = callback
      return timer
    }
    const clock: Clock = { grain: 0, now: () => now, setTimer, sleep }
    const http = outboundHttp({ clock, retry: false })
    const exchange = new Scripted((sending) => {
      now = 10_000
      ring()
      sending.reach({ abort: () => {} })
      return Promise.resolve(well)
    })
    await expect(http.run(exchange)).rejects.toMatchObject(tooLate)
    await Promise.resolve()
    expect(exchange.discarded).toEqual([well])
  })

  it('when they return no promise after all, and are not sent twice', async () => {
    const { clock, http, leftovers } = setUp({ retry: false })
    // As a mock of `fetch` that was not told what to return: the types do not allow it, hence the cast.
    const exchange = new Scripted(() => undefined as unknown as Promise<Answer>)
    const failing = http.run(exchange).catch((error: unknown) => error)
    await clock.advance('10s')
    expect([await failing, exchange.sends]).toMatchObject([tooLate, 1])
    expect(leftovers()).toEqual([0, 0, 0])
  })

  it('when they throw, which is how they end', async () => {
    const { http, leftovers } = setUp({ retry: false })
    const thrown = new Error('no such header')
    const exchange = new Scripted(() => {
      throw thrown
    })
    await expect(http.run(exchange)).rejects.toBe(thrown)
    expect(leftovers()).toEqual([0, 0, 0])
  })
})
