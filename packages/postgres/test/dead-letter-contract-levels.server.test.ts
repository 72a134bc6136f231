import { setTimeout as sleep } from 'node:timers/promises'
import { type PostgresConnection, postgresDeadLetters } from '@seaworthy/postgres'
import { deadLetterStoreConformance } from '@seaworthy/testing/conformance'
import { breakable, onSharedServer, processes, upperLevels } from './contract-levels.ts'

const make = (pool: PostgresConnection, schema: string) => {
  const store = postgresDeadLetters({ pool, schema })
  return { store, advance: (time: number) => sleep(time + 2), close: async () => {} }
}

upperLevels(
  deadLetterStoreConformance({
    name: 'postgresDeadLetters',
    clock: 'real',
    durable: true,
    processes,
    create: onSharedServer(make),
    breakable: breakable(make),
  }),
)
