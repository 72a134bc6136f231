import { type Check, type ConformanceKit, idempotencyStoreConformance } from '@seaworthy/testing/conformance'
import { firstLevels } from './contract-levels.ts'
import { storeOnServer } from './idempotency-servers.ts'

const ofMany = ({ name }: Check): boolean => name.startsWith('many claims at once')
const kit = (queue?: string): ConformanceKit =>
  idempotencyStoreConformance({
    name: queue === undefined ? 'Redis store (ioredis 6)' : 'Redis store beside a queue (ioredis 6)',
    clock: 'real',
    histories: 200,
    create: () => storeOnServer('ioredis 6', queue),
  })

firstLevels(kit(), { only: (check) => !ofMany(check) })
firstLevels(kit('tasks'), { only: ofMany })
