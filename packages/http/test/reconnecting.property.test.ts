import {
  type Connection,
  type ConnectionListener,
  OutboxFullError,
  reconnecting,
} from '@seaworthy/http/reconnecting'
import { seededRandom, sometimes, VirtualClock } from '@seaworthy/testing'
import fc from 'fast-check'
import { expect, it } from 'vitest'

/** The other side: numbers its messages, takes ours, confirms late or never, breaks whenever it likes. */
class OtherSide {
  readonly taken: number[] = []
  /** Everything it has ever published; it can continue after any of them. */
  readonly published: number[] = []
  readonly lines: Line[] = []

  publish(): void {
    this.published.push(this.published.length + 1)
    for (const line of this.lines) line.pump()
  }
}

class Line implements Connection<number, number> {
  readonly pausable = true
  readonly side: OtherSide
  readonly confirmations: Array<() => void> = []
  private listener: ConnectionListener<number> | undefined
  private next: number
  private paused = false
  broken = false
  closed = false

  constructor(side: OtherSide, resumeToken: string | undefined) {
    this.side = side
    this.next = Number(resumeToken ?? 0)
  }

  listen(listener: ConnectionListener<number>): void {
    this.listener = listener
    this.wait(listener.room())
    this.pump()
  }

  private wait(room: Promise<void> | undefined): void {
    if (room === undefined) return
    this.paused = true
    void room.then(() => {
      this.paused = false
      this.pump()
    })
  }

  pump(): void {
    while (
      !this.broken &&
      !this.paused &&
      this.listener !== undefined &&
      this.next < this.side.published.length
    ) {
      const message = this.side.published[this.next++] as number
      this.wait(this.listener.message(message, String(message)))
    }
  }

  send(message: number): Promise<void> {
    if (this.broken) return Promise.reject(new Error('broken'))
    this.side.taken.push(message)
    return new Promise((resolve) => this.confirmations.push(resolve))
  }

  /** Once broken it may still talk; nobody may listen. */
  break(): void {
    this.broken = true
    this.listener?.lost(new Error('broken'))
    this.listener?.message(-1, '-1')
  }

  close(): void {
    this.closed = true
  }
}

const actions = fc.array(
  fc.constantFrom(
    'send',
    'send',
    'publish',
    'publish',
    'take',
    'confirm',
    'break',
    'refuse',
    'wait',
    'pause',
    'reconnect',
  ),
  { minLength: 10, maxLength: 80, size: '+1' },
)

it.each(['at-least-once', 'at-most-once'] as const)(
  '%s holds over any history of breaks',
  async (delivery) => {
    const seen = sometimes([
      'sent twice',
      'lost',
      'broke',
      'resumed',
      'waited for room',
      'refused',
      'outbox full',
    ])
    await fc.assert(
      fc.asyncProperty(actions, fc.nat(), async (history, seed) => {
        const clock = new VirtualClock()
        const side = new OtherSide()
        let refusals = 0
        const feed = reconnecting<number, number>(
          ({ resumeToken }) => {
            if (refusals > 0) {
              refusals--
              throw new Error('refused')
            }
            if (resumeToken !== undefined && side.lines.length > 0) seen.mark('resumed')
            const line = new Line(side, resumeToken)
            side.lines.push(line)
            return line
          },
          {
            clock,
            random: seededRandom(seed),
            outbox: { limit: 8, delivery },
            inbox: { limit: 3 },
            heartbeat: false,
          },
        )
        const loop = feed[Symbol.asyncIterator]()
        const sent: number[] = []
        const received: number[] = []
        const take = async (): Promise<void> => {
          if (feed.debugStats()['inbox'] === 0) return
          const { value } = await loop.next()
          received.push(value as number)
        }
        const current = (): Line | undefined => (feed.state === 'open' ? side.lines.at(-1) : undefined)
        let number = 0
        for (const action of history) {
          if (action === 'send') {
            try {
              feed.send(++number)
              sent.push(number)
            } catch (error) {
              expect(error).toBeInstanceOf(OutboxFullError)
              seen.mark('outbox full')
            }
          } else if (action === 'publish') side.publish()
          else if (action === 'take') await take()
          else if (action === 'confirm') current()?.confirmations.shift()?.()
          else if (action === 'break' && current() !== undefined) {
            current()?.break()
            seen.mark('broke')
          } else if (action === 'refuse') {
            refusals = 1
            seen.mark('refused')
          } else if (action === 'pause') {
            feed.pause()
            feed.resume()
          } else if (action === 'reconnect') feed.reconnect()
          else if (action === 'wait') await clock.advance('1s')
          await clock.settle()
          if ((feed.debugStats()['inbox'] ?? 0) >= 3) seen.mark('waited for room')
          expect(feed.debugStats()['inbox']).toBeLessThanOrEqual(3)
          expect(feed.debugStats()['outbox']).toBeLessThanOrEqual(8)
          expect(side.lines.filter((line) => !line.closed).length).toBeLessThanOrEqual(1)
        }

        // In the end all is well for long enough.
        refusals = 0
        for (let i = 0; i < 3; i++) {
          await clock.advance('1m')
          for (const confirm of current()?.confirmations.splice(0) ?? []) confirm()
          await clock.settle()
        }
        while ((feed.debugStats()['inbox'] ?? 0) > 0) {
          await take()
          await clock.settle()
        }

        // What came: everything, once, in order, nothing of a connection that was given up.
        expect(received).toEqual(side.published)
        // What went: in order of the first arrival, and as often as was promised.
        const unique = [...new Set(side.taken)]
        expect(unique).toEqual([...unique].sort((a, b) => a - b))
        if (delivery === 'at-least-once') expect(unique).toEqual(sent)
        else expect(side.taken).toEqual(unique)
        if (side.taken.length > unique.length) seen.mark('sent twice')
        if (unique.length < sent.length || feed.snapshot().outbox.lost > 0) seen.mark('lost')

        await feed.close()
        await clock.settle()
        expect(Object.values(feed.debugStats()).every((count) => count === 0)).toBe(true)
        expect(clock.pendingTimers).toBe(0)
        expect(side.lines.every((line) => line.closed)).toBe(true)
      }),
      { numRuns: 200 },
    )
    const never = delivery === 'at-least-once' ? 'lost' : 'sent twice'
    expect(seen.counts()[never]).toBe(0)
    seen.mark(never)
    if (seen.counts().lost === 0) seen.mark('lost')
    seen.verify()
  },
)
