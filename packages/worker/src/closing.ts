/** The end of a worker: nothing new, what runs may finish, the rest goes back. */
import { answerWithin, type Desk, storeLimit } from './desk.ts'
import { TaskAbortedError } from './errors.ts'
import type { Held } from './hands.ts'
import type { Heartbeat } from './heartbeat.ts'
import { classOf } from './insist.ts'
import type { Intake } from './intake.ts'
import type { Runner } from './runner.ts'

/** How long handlers have to react to their signal, in milliseconds. */
const grace = 1000

/** The parts of a worker that end one after the other. */
export interface ClosingParts {
  readonly desk: Desk
  readonly intake: Intake
  readonly runner: Runner
  readonly heartbeat: Heartbeat
  /** Resolves when somebody does not want to wait any more. */
  readonly forced: Promise<void>
}

/** Ends a worker. Never rejects: what cannot be told to the stream is taken over by others. */
export async function closeWorker({ desk, intake, runner, heartbeat, forced }: ClosingParts): Promise<void> {
  const { hands, settings } = desk
  const { stream, owner, drain, name } = settings
  const upTo = (limit: number, event: Promise<unknown>): Promise<void> =>
    within(desk, limit, Promise.race([event, forced]))
  desk.draining = true
  await upTo(storeLimit, intake.stop())
  await once(desk, 'reconcile', () => intake.reconcile(0))
  await handBack(desk, runner, ({ stage }) => stage === 'queued' || stage === 'waiting')
  if (hands.size > 0) await upTo(drain, hands.empty())
  for (const held of [...hands.all()]) held.context.abort(new TaskAbortedError(name, 'drain'))
  if (hands.size > 0) await upTo(grace, hands.empty())
  await acknowledge(desk)
  await bury(desk)
  await handBack(desk, runner, () => true)
  desk.end()
  await upTo(storeLimit, heartbeat.stop())
  await once(desk, 'leave', () => stream.leave(owner))
}

/** Waits for something, but not for ever. */
async function within(desk: Desk, limit: number, event: Promise<unknown>): Promise<void> {
  const over = new AbortController()
  const time = desk.settings.clock.sleep(limit, over.signal).catch(() => {})
  await Promise.race([event, time])
  over.abort()
}

/** Says a last time what is done. If nobody hears it, it is done again elsewhere. */
async function acknowledge(desk: Desk): Promise<void> {
  const { hands, settings } = desk
  const { stream, owner } = settings
  const done = [...hands.all()].filter((held) => held.done)
  if (done.length === 0) return
  for (const held of done) hands.putDown(held)
  const receipts = done.map(({ delivery }) => delivery.receipt)
  await once(desk, 'acknowledge', () => stream.acknowledge(owner, receipts))
}

/**
 * Puts down what has its letter, or may have it, and says a last time that it is dead. It is not given back: as a new task it would run again.
 * If nobody hears it, it is taken over, and the letter found.
 */
async function bury(desk: Desk): Promise<void> {
  const { hands, settings } = desk
  const { stream, owner } = settings
  const dying = [...hands.all()].filter(({ burial }) => burial !== undefined)
  for (const held of dying) hands.putDown(held)
  const told = dying.map(({ burial, delivery }) =>
    typeof burial === 'object'
      ? once(desk, 'bury', () => stream.bury(owner, delivery.receipt, burial))
      : undefined,
  )
  await Promise.all(told)
}

/** Puts down what is chosen and gives it back. What its handlers may still do counts for nothing. */
async function handBack(desk: Desk, runner: Runner, chosen: (held: Held) => boolean): Promise<void> {
  const { hands, events, settings } = desk
  const { stream, owner, name } = settings
  const back = [...hands.all()].filter((held) => chosen(held))
  if (back.length === 0) return
  for (const held of back) {
    hands.putDown(held)
    void runner.guard?.abandon(held)
  }
  const receipts = back.map(({ delivery }) => delivery.receipt)
  const lost = await once(desk, 'handBack', () =>
    stream.handBack(owner, receipts, { delay: 0, reason: 'drain' }),
  )
  for (const held of back) {
    const { receipt, journey, task } = held.delivery
    if (lost === undefined || lost.includes(receipt) || !events.wants('handedBack', journey)) continue
    events.emit('handedBack', { name, task, attempt: held.attempt, started: held.ran }, journey)
  }
}

/** A call that is not worth waiting for a store that is down. */
async function once<T>(desk: Desk, operation: string, call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await answerWithin(desk.settings.clock, storeLimit, operation, call)
  } catch (error) {
    desk.trouble({ operation, failures: 1, delay: 0, failureClass: classOf(error) })
    return undefined
  }
}
