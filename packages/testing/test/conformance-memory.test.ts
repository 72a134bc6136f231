/** The stores in memory, through the kits. */
import { memoryDeadLetters } from '@seaworthy/dead-letter'
import { memoryIdempotencyStore } from '@seaworthy/idempotency'
import { leaks, VirtualClock } from '@seaworthy/testing'
import {
  type ConformanceKit,
  deadLetterStoreConformance,
  idempotencyStoreConformance,
  runConformance,
  taskStreamConformance,
} from '@seaworthy/testing/conformance'
import { memoryStream } from '@seaworthy/worker'
import { expect, it } from 'vitest'

const kits: readonly ConformanceKit[] = [
  idempotencyStoreConformance({
    name: 'memoryIdempotencyStore',
    clock: 'controlled',
    async create() {
      const clock = new VirtualClock()
      const store = memoryIdempotencyStore({ clock })
      return { store, advance: (time) => clock.advance(time), leftBehind: () => leaks({ clock }) }
    },
  }),
  deadLetterStoreConformance({
    name: 'memoryDeadLetters',
    clock: 'controlled',
    async create(setup) {
      const clock = new VirtualClock()
      const store = memoryDeadLetters({ ...setup, clock })
      return { store, advance: (time) => clock.advance(time), leftBehind: () => leaks({ clock }) }
    },
  }),
  taskStreamConformance({
    name: 'memoryStream',
    clock: 'controlled',
    async create({ capacity, maxLetters }) {
      const clock = new VirtualClock()
      const stream = memoryStream({ capacity, clock })
      return {
        stream,
        letters: memoryDeadLetters({ maxCount: maxLetters, clock }),
        advance: (time) => clock.advance(time),
        close: () => stream.close(),
        leftBehind: () => leaks({ clock }),
      }
    },
  }),
]

it.each(kits)('$name does all that can be asked of a store in memory', async (kit) => {
  const report = await runConformance(kit)
  expect(report.failures).toEqual([])
  expect(report).toMatchObject({ name: kit.name, kind: kit.kind, level: 'L2' })
  const below = report.skipped.filter(({ level }) => level !== 'L3' && level !== 'L4')
  const lacking = kit.kind === 'task-stream' ? ['No idempotency records live beside the stream'] : []
  expect([...new Set(below.map(({ reason }) => reason))]).toEqual(lacking)
  expect(report.passed + report.skipped.length).toBe(kit.checks.length)
  expect(report.figures['operationsPerSecond']).toBeGreaterThan(0)
})
