// In a file of its own since most of its time is waiting.

import { claimManyContract, storeContract } from '../../idempotency/test/store-contract.ts'
import { storeOnServer } from './idempotency-servers.ts'

storeContract('Redis store (ioredis 5)', () => storeOnServer('ioredis 5'))
claimManyContract('Redis store (ioredis 5) beside a queue', () => storeOnServer('ioredis 5', 'tasks'))
