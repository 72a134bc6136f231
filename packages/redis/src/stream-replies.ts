/** What the scripts of a stream answer, as what callers get. */
import type { PayloadCodec } from '@seaworthy/dead-letter'
import type { Delivery, StreamStats, TaskAudit, TaskEvent } from '@seaworthy/worker'
import { entryFields, taskOfLetter } from './stream-entry.ts'

/** An entry as the server has it: its id, and names and values of its fields in turn. */
export type RawEntry = readonly [id: string, fields: readonly string[] | null]

/** A delivery as scripts give it. */
export type RawDelivery = readonly [
  receipt: string,
  deliveries: number,
  starts: number,
  failures: number,
  previousOwner: string,
  fields: readonly string[],
]

/** When something was handed out, and how to read replayed letters. */
export interface Reading {
  /** Milliseconds on the clock of the server. */
  readonly now: number
  readonly codec: PayloadCodec
}

/** Deliveries of a first hand-out. What is no task is left out: it stays pending, and {@link TaskStream.reap} drops it. */
export async function deliveriesOfEntries(
  entries: readonly RawEntry[],
  reading: Reading,
): Promise<Delivery[]> {
  const rows: RawDelivery[] = []
  for (const [id, fields] of entries) {
    if (fields === null) continue
    const [deliveries, starts, failures] = beginning(fields)
    rows.push([`${id}.1`, deliveries + 1, starts, failures, '', fields])
  }
  return deliveriesOf(rows, reading)
}

/** Deliveries of any hand-out. */
export async function deliveriesOf(rows: readonly RawDelivery[], reading: Reading): Promise<Delivery[]> {
  const deliveries: Delivery[] = []
  for (const row of rows) {
    const delivery = deliveryOf(row, reading.now)
    if (delivery !== undefined)
      deliveries.push(delivery.letter === '' ? delivery.task : await replayed(delivery, reading.codec))
  }
  return deliveries
}

interface Read {
  readonly task: Delivery
  /** The dead letter that it was; empty for tasks that were never dead. */
  readonly letter: string
}

function deliveryOf(row: RawDelivery, now: number): Read | undefined {
  const [receipt, deliveries, starts, failures, previousOwner, fields] = row
  let [entry, task, payload, enqueuedAt]: (string | undefined)[] = []
  let [headers, journey, letter] = ['', '', '']
  for (let index = 0; index < fields.length; index += 2) {
    const value = fields[index + 1] as string
    switch (fields[index]) {
      case entryFields.entry:
        entry = value
        break
      case entryFields.task:
        task = value
        break
      case entryFields.payload:
        payload = value
        break
      case entryFields.headers:
        headers = value
        break
      case entryFields.journey:
        journey = value
        break
      case entryFields.enqueuedAt:
        enqueuedAt = value
        break
      case entryFields.letter:
        letter = value
        break
    }
  }
  if (entry === undefined || task === undefined || payload === undefined || enqueuedAt === undefined)
    return undefined
  return {
    letter,
    task: {
      receipt,
      entry: `${enqueuedAt}-${entry}`,
      task,
      payload,
      headers: headers === '' ? {} : (JSON.parse(headers) as Record<string, string>),
      journey: journey === '' ? undefined : journey,
      age: Math.max(0, now - Number(enqueuedAt)),
      deliveries,
      starts,
      failures,
      ...(previousOwner !== '' && { previousOwner }),
    },
  }
}

/** A payload that cannot be opened goes on as it is: the worker finds it unreadable, and it is a dead letter again. */
async function replayed({ task, letter }: Read, codec: PayloadCodec): Promise<Delivery> {
  try {
    return { ...task, ...(await taskOfLetter(task.payload, letter, task.task, codec)) }
  } catch {
    return task
  }
}

/** The counts with which an entry was put back. */
function beginning(fields: readonly string[]): [deliveries: number, starts: number, failures: number] {
  const at = fields.lastIndexOf('c')
  if (at < 0 || at % 2 !== 0) return [0, 0, 0]
  const [deliveries, starts, failures] = (fields[at + 1] as string).split(',')
  return [Number(deliveries), Number(starts), Number(failures)]
}

/** A row of the audit script. */
export type RawAudit = readonly [id: string, event: TaskEvent, owner: string, reason: string, step: string]

type AuditStep = [
  task: string,
  entry: string,
  deliveries: number,
  starts: number,
  failures: number,
  delay: number | false,
  previousOwner: string | false,
  idle: number | false,
]

export function auditOf([id, event, owner, reason, text]: RawAudit): TaskAudit {
  const [task, entry, deliveries, starts, failures, delay, previousOwner, idle] = JSON.parse(
    text,
  ) as AuditStep
  return {
    at: Number(id.slice(0, id.indexOf('-'))),
    event,
    task,
    entry,
    deliveries,
    starts,
    failures,
    owner: owner === '' ? undefined : owner,
    previousOwner: previousOwner === false ? undefined : previousOwner,
    idle: idle === false ? undefined : idle,
    delay: delay === false ? undefined : delay,
    reason: reason === '' ? undefined : reason,
  }
}

export function statsOf(answer: readonly number[], capacity: number): StreamStats {
  const [waiting, pending, due, enqueued, acknowledged, dead, vanished, owners] = answer as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  return { waiting, pending, due, enqueued, acknowledged, dead, vanished, owners, capacity }
}
