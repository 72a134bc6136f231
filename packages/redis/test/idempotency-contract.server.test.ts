import { storeContract } from '../../idempotency/test/store-contract.ts'
import { storeOnServer } from './idempotency-servers.ts'

storeContract('Redis store (ioredis 6)', () => storeOnServer('ioredis 6'))
