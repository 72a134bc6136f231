import { memoryBreakerStore } from '@seaworthy/circuit-breaker'
import { VirtualClock } from '@seaworthy/testing'
import { breakerStoreContract } from './store-contract.ts'

breakerStoreContract('memoryBreakerStore', async () => {
  const clock = new VirtualClock()
  return {
    store: memoryBreakerStore({ clock }),
    advance: (milliseconds) => clock.advance(milliseconds),
    close: async () => {},
  }
})
