/** Histories of processes that fight for keys, some of which are killed, can be explained by the claim machine. */
import { setTimeout as sleep } from 'node:timers/promises'
import { claimMachine } from '@seaworthy/idempotency'
import {
  checkLinearizability,
  type Operation,
  type RecordInput,
  type RecordOutput,
  recordModel,
  type Verdict,
} from '@seaworthy/testing/conformance'
import { type RedisServer, startRedis } from '@seaworthy/testing/servers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startProcess } from '../../../tools/processes/start-process.ts'
import { freshPrefix } from './idempotency-servers.ts'

type RecordOperation = Operation<RecordInput, RecordOutput>

/** What processes print. */
interface Line {
  readonly ready?: true
  readonly right?: true
  readonly id: string
  readonly key?: string
  readonly call?: number
  readonly input?: RecordInput
  readonly return?: number
  readonly output?: RecordOutput
  readonly unsent?: true
}

let redis: RedisServer
/** Of the right store and of the wrong one, by key. */
let right: RecordOperation[][]
let wrong: RecordOperation[][]

beforeAll(async () => {
  redis = await startRedis({ persistence: 'everysec' })
  const prefix = freshPrefix()
  const children = ['50', '150', '', ''].map((lastOperation, number) =>
    startProcess(new URL('./processes/claiming-lanes.ts', import.meta.url), [
      redis.url,
      prefix,
      String(number),
      '600',
      '4000',
      lastOperation,
    ]),
  )
  await Promise.all(children.map((child) => child.line<Line>(({ ready }) => ready === true)))
  for (const child of children) child.go()
  await Promise.all(children.map((child) => child.line<Line>(({ right: begun }) => begun === true)))
  await sleep(1800)
  await redis.kill()
  await redis.restart()
  await Promise.all(children.map(({ ended }) => ended))
  const lines = children.flatMap((child) => child.lines as Line[])
  right = histories(lines.filter(({ key }) => !key?.startsWith('wrong')))
  wrong = histories(lines.filter(({ key }) => !key?.startsWith('right')))
})

afterAll(() => redis.stop())

/** By key. */
function histories(lines: readonly Line[]): RecordOperation[][] {
  const ends = new Map<string, Line>()
  for (const line of lines) if (line.return !== undefined || line.unsent) ends.set(line.id, line)
  const byKey = new Map<string, RecordOperation[]>()
  for (const { id, key, call, input } of lines) {
    const end = ends.get(id)
    if (key === undefined || call === undefined || input === undefined || end?.unsent) continue
    const operation = { call, input, return: end?.return, output: end?.output }
    byKey.set(key, [...(byKey.get(key) ?? []), operation])
  }
  return [...byKey.values()]
}

const verdicts = (all: readonly RecordOperation[][]): Verdict<RecordInput, RecordOutput>[] =>
  all.map((operations) => checkLinearizability(operations, recordModel(claimMachine)))

it('the store is linearizable, also when clients and the server are killed', () => {
  const operations = right.flat()
  const kinds = new Set(operations.map(({ output }) => (typeof output === 'object' ? output.kind : output)))
  const expected = [
    'acquired',
    'retried',
    'recovered',
    'inFlight',
    'abandoned',
    'completed',
    'stored',
    'already',
  ]
  expect([...kinds]).toEqual(expect.arrayContaining([...expected, 'stale', 'renewed', 'forgotten']))
  expect(operations.length).toBeGreaterThan(300)
  expect(operations.filter((operation) => operation.return === undefined).length).toBeGreaterThanOrEqual(2)
  expect(verdicts(right).filter(({ verdict }) => verdict !== 'linearizable')).toEqual([])
})

it('a store that reads and then writes is caught', () => {
  expect(verdicts(wrong).filter(({ verdict }) => verdict === 'violation').length).toBeGreaterThan(0)
})
