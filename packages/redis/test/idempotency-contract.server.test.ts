import { claimManyContract, storeContract } from '../../idempotency/test/store-contract.ts'
import { storeOnServer } from './idempotency-servers.ts'

storeContract('Redis store (ioredis 6)', () => storeOnServer('ioredis 6'))
claimManyContract('Redis store (ioredis 6) beside a queue', () => storeOnServer('ioredis 6', 'tasks'))
