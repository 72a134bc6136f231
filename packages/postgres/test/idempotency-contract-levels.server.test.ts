import { setTimeout as sleep } from 'node:timers/promises'
import { type PostgresConnection, postgresIdempotency } from '@seaworthy/postgres'
import { idempotencyStoreConformance } from '@seaworthy/testing/conformance'
import { breakable, onSharedServer, processes, upperLevels } from './contract-levels.ts'

const make = (pool: PostgresConnection, schema: string) => {
  const store = postgresIdempotency({ pool, schema, sweep: false })
  return { store, advance: (time: number) => sleep(time + 2), close: () => store.close() }
}

upperLevels(
  idempotencyStoreConformance({
    name: 'postgresIdempotency',
    clock: 'real',
    durable: true,
    processes,
    create: onSharedServer(make),
    breakable: breakable(make),
  }),
)
