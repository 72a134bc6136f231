// In a file of its own since most of its time is waiting.

import { storeContract } from '../../idempotency/test/store-contract.ts'
import { storeOnServer } from './idempotency-servers.ts'

storeContract('Redis store (ioredis 5)', () => storeOnServer('ioredis 5'))
