import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { abortListeners, expectNoLeaks, VirtualClock } from '@seaworthy/testing'
import { describe, expect, it } from 'vitest'
import {
  type FailoverOptions,
  type FailoverProvider,
  failover,
  failoverHops,
  StreamInterruptedError,
} from '../src/index.ts'
import { StatusError } from './scripted-provider.ts'

/** A source of pieces that a test feeds, in each of the shapes that a stream may have. */
class Feed {
  readonly cancelled: unknown[] = []
  readonly #pieces: unknown[] = []
  #wake: () => void = () => {}

  push(...pieces: unknown[]): this {
    this.#pieces.push(...pieces)
    this.#wake()
    return this
  }

  end(): this {
    return this.push(endOf)
  }

  break(error: unknown): this {
    return this.push({ [broken]: error })
  }

  async next(): Promise<IteratorResult<unknown, undefined>> {
    while (this.#pieces.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve))
    const piece = this.#pieces.shift()
    if (piece === endOf) return { done: true, value: undefined }
    if (typeof piece === 'object' && piece !== null && broken in piece) throw piece[broken]
    return { done: false, value: piece }
  }

  iterable(): AsyncIterable<unknown> {
    const cancel = (): void => {
      this.cancelled.push('returned')
    }
    return {
      [Symbol.asyncIterator]: () => ({
        next: () => this.next(),
        return: async () => {
          cancel()
          return { done: true, value: undefined }
        },
      }),
    }
  }

  readable(): ReadableStream {
    return new ReadableStream({
      pull: async (controller) => {
        const { done, value } = await this.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel: (reason) => void this.cancelled.push(reason),
    })
  }

  response(): Response {
    return new Response(this.readable(), { status: 201, headers: { 'x-from': 'feed' } })
  }
}

const endOf = Symbol('end')
const broken = Symbol('broken')
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

function setUp(
  answers: readonly FailoverProvider<unknown, unknown>['call'][],
  options: FailoverOptions<unknown, unknown> = {},
) {
  const clock = new VirtualClock()
  const providers = failover<unknown, unknown>(
    answers.map((call, index) => ({ name: 'abc'[index] as string, call })),
    { clock, random: () => 0.5, ...options },
  )
  return { clock, providers }
}

async function readAll(answer: unknown): Promise<unknown[]> {
  const pieces: unknown[] = []
  for await (const piece of answer as AsyncIterable<unknown>) pieces.push(piece)
  return pieces
}

describe.each(['iterable', 'readable', 'response'] as const)('an answer that is %s', (shape) => {
  const piece = (text: string): unknown => (shape === 'response' ? bytes(text) : text)
  const open = (answer: unknown): unknown => (shape === 'response' ? (answer as Response).body : answer)

  it('arrives piece by piece and whole, with the first piece that decided for it', async () => {
    const feed = new Feed().push(piece('1'))
    const { clock, providers } = setUp([() => feed[shape]()])
    const answer = await clock.runUntilSettled(providers.call('x'))
    feed.push(piece('2'), piece('3')).end()
    expect(providers.debugStats()['streams']).toBe(1)
    expect(await readAll(open(answer))).toEqual([piece('1'), piece('2'), piece('3')])
    expectNoLeaks({ policies: [providers], clock })
  })

  it('is somebody else’s when it breaks before its first piece', async () => {
    const bad = new Feed().break(new StatusError(502))
    const good = new Feed().push(piece('good')).end()
    const { clock, providers } = setUp([() => bad[shape](), () => good[shape]()])
    const answer = await clock.runUntilSettled(providers.call('x'))
    expect(await readAll(open(answer))).toEqual([piece('good')])
  })

  it('is somebody else’s when its first piece does not come in time, and is then closed', async () => {
    const mute = new Feed()
    const good = new Feed().push(piece('good')).end()
    const { clock, providers } = setUp([() => mute[shape](), () => good[shape]()])
    const answer = await clock.runUntilSettled(providers.call('x'))
    expect(clock.now()).toBe(2000)
    expect(await readAll(open(answer))).toEqual([piece('good')])
    await clock.settle()
    expect(mute.cancelled).toHaveLength(1)
    expectNoLeaks({ policies: [providers], clock })
  })

  it('that breaks after its first piece is the reader’s, with a clear error; nobody else is asked', async () => {
    const cause = new StatusError(502)
    const feed = new Feed().push(piece('one'), piece('two')).break(cause)
    let others = 0
    const { clock, providers } = setUp([() => feed[shape](), () => others++])
    const interrupted: unknown[] = []
    providers.on('interrupted', (event) => interrupted.push(event))
    const answer = await clock.runUntilSettled(providers.call('x'))
    const failed: unknown = await readAll(open(answer)).catch((reason: unknown) => reason)
    expect(failed).toBeInstanceOf(StreamInterruptedError)
    const size = shape === 'response' ? 6 : 0
    expect(failed).toMatchObject({
      code: 'ERR_STREAM_INTERRUPTED',
      provider: 'a',
      chunks: 2,
      bytes: size,
      failureClass: 'transient',
      cause,
    })
    expect(String(failed)).toContain(
      `broke off after 2 pieces${size > 0 ? ', 6 bytes' : ''} had been delivered`,
    )
    expect(failoverHops(failed)).toHaveLength(1)
    expect(interrupted).toEqual([
      { name: undefined, provider: 'a', chunks: 2, bytes: size, failureClass: 'transient' },
    ])
    expect(others).toBe(0)
    expect(providers.snapshot().providers[0]).toMatchObject({ answers: 1, failures: 1 })
    expectNoLeaks({ policies: [providers], clock, except: ['listeners'] })
  })

  it('ends at once when the caller gives it up while it is read', async () => {
    const feed = new Feed().push(piece('1'))
    const signals: AbortSignal[] = []
    const { clock, providers } = setUp([
      (_, { signal }) => {
        signals.push(signal)
        return feed[shape]()
      },
    ])
    const controller = new AbortController()
    const answer = await clock.runUntilSettled(providers.call('x', { signal: controller.signal }))
    const reading = readAll(open(answer)).catch((reason: unknown) => reason)
    await clock.settle()
    controller.abort('enough')
    expect(await reading).toBe('enough')
    expect(signals[0]?.reason).toBe('enough')
    expect(feed.cancelled).toHaveLength(1)
    expect(abortListeners(controller.signal)).toBe(0)
    expect(providers.snapshot().providers[0]).toMatchObject({ failures: 0 })
    expectNoLeaks({ policies: [providers], clock })
  })

  it('is closed at its source when the reader leaves early', async () => {
    const feed = new Feed().push(piece('1'), piece('2'))
    const { signal } = new AbortController()
    const signals: AbortSignal[] = []
    const { clock, providers } = setUp([
      (_, context) => {
        signals.push(context.signal)
        return feed[shape]()
      },
    ])
    const answer = await clock.runUntilSettled(providers.call('x', { signal }))
    for await (const _ of open(answer) as AsyncIterable<unknown>) break
    await clock.settle()
    expect(feed.cancelled).toHaveLength(1)
    expect(signals[0]?.reason).toMatchObject({ name: 'AbortError' })
    expect(abortListeners(signal)).toBe(0)
    expectNoLeaks({ policies: [providers], clock })
  })

  it('may be empty', async () => {
    const { clock, providers } = setUp([() => new Feed().end()[shape]()])
    const answer = await clock.runUntilSettled(providers.call('x'))
    expect(await readAll(open(answer))).toEqual([])
    expectNoLeaks({ policies: [providers], clock })
  })
})

it('a provider whose streams break again and again cools down, though each of them began well', async () => {
  const { clock, providers } = setUp([
    () => new Feed().push('1').break(new StatusError(502)).iterable(),
    () => new Feed().push('fine').end().iterable(),
  ])
  for (let call = 0; call < 5; call++) {
    const answer = await clock.runUntilSettled(providers.call('x'))
    await readAll(answer).catch(() => {})
  }
  expect(providers.snapshot().providers[0]?.state).toBe('cooling')
  expect(await readAll(await clock.runUntilSettled(providers.call('x')))).toEqual(['fine'])
})

it('with commits, pieces without content decide nothing, and none of them is lost', async () => {
  const roleOnly = new Feed().push({ role: 'assistant' }).break(new StatusError(502))
  const good = new Feed().push({ role: 'assistant' }, { content: 'Hi' }).end()
  const { clock, providers } = setUp([() => roleOnly.iterable(), () => good.iterable()], {
    commits: (chunk) => (chunk as { content?: string }).content !== undefined,
  })
  const answer = await clock.runUntilSettled(providers.call('x'))
  expect(await readAll(answer)).toEqual([{ role: 'assistant' }, { content: 'Hi' }])
})

it('two reads at once get two pieces, in order', async () => {
  const feed = new Feed().push('1')
  const { clock, providers } = setUp([() => feed.iterable()])
  const answer = (await clock.runUntilSettled(providers.call('x'))) as AsyncIterableIterator<unknown>
  const reads = Promise.all([answer.next(), answer.next(), answer.next()])
  feed.push('2').end()
  expect((await reads).map(({ value }) => value)).toEqual(['1', '2', undefined])
})

it('is given up also by a listener that aborts the call while it is answered', async () => {
  const feed = new Feed().push('1')
  const { clock, providers } = setUp([() => feed.iterable()])
  const controller = new AbortController()
  providers.on('answered', () => controller.abort('enough'))
  const answer = await clock.runUntilSettled(providers.call('x', { signal: controller.signal }))
  await expect(readAll(answer)).rejects.toBe('enough')
  expectNoLeaks({ policies: [providers], clock, except: ['listeners'] })
})

it('without streams, an answer is passed on as it is', async () => {
  const answer = new Feed().iterable()
  const { clock, providers } = setUp([() => answer], { streams: false })
  expect(await clock.runUntilSettled(providers.call('x'))).toBe(answer)
})

describe('a Response', () => {
  it('keeps status, headers and address', async () => {
    const server = createServer((_request, response) => {
      response.writeHead(202, { 'x-model': 'large' }).end('hello')
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
    const providers = failover([{ name: 'a', call: (_: string, { signal }) => fetch(url, { signal }) }])
    const response = await providers.call('x')
    expect([response.status, response.headers.get('x-model'), response.url]).toEqual([202, 'large', url])
    expect(await response.text()).toBe('hello')
    await new Promise((resolve) => server.close(resolve))
    expectNoLeaks({ policies: [providers] })
  })

  it('with status 500 is a failure, and its body is closed', async () => {
    const feed = new Feed()
    const bad = new Response(feed.readable(), { status: 500 })
    const { clock, providers } = setUp([() => bad, () => new Response('good')])
    const answer = (await clock.runUntilSettled(providers.call('x'))) as Response
    expect(await answer.text()).toBe('good')
    expect(feed.cancelled).toHaveLength(1)
  })

  it('with status 429 and Retry-After is a rate limit, in seconds or as a date', async () => {
    const headers = [
      { 'retry-after': '7' },
      { 'retry-after': 'Wed, 21 Oct 2015 07:28:07 GMT', date: 'Wed, 21 Oct 2015 07:28:00 GMT' },
      { 'retry-after-ms': '7000' },
    ]
    for (const each of headers) {
      const limited = () => new Response('', { status: 429, headers: each as Record<string, string> })
      const { clock, providers } = setUp([limited, () => 'good'])
      expect(await clock.runUntilSettled(providers.call('x'))).toBe('good')
      expect(providers.snapshot().providers[0]?.limited).toBeGreaterThanOrEqual(7000)
    }
  })

  it('with status 429 counts also when it comes from an attempt that was overtaken', async () => {
    const clock = new VirtualClock()
    const late = async (): Promise<unknown> => {
      await clock.sleep(2500)
      return new Response('', { status: 429, headers: { 'retry-after': '30' } })
    }
    const providers = failover<unknown, unknown>(
      [
        { name: 'a', call: late },
        { name: 'b', call: () => 'good' },
      ],
      { clock },
    )
    expect(await clock.runUntilSettled(providers.call('x'))).toBe('good')
    await clock.advance('1s')
    expect(providers.snapshot().providers[0]?.limited).toBeGreaterThan(29_000)
  })

  it('with status 400 is the answer: nobody else would say otherwise', async () => {
    const { clock, providers } = setUp([() => new Response('no', { status: 400 }), () => 'other'])
    const answer = (await clock.runUntilSettled(providers.call('x'))) as Response
    expect([answer.status, await answer.text()]).toEqual([400, 'no'])
  })
})
