import { VirtualClock } from '@seaworthy/testing'
import { memoryDegradationStore } from '../src/memory-store.ts'
import { degradationStoreContract } from './store-contract.ts'

degradationStoreContract('memoryDegradationStore', async () => {
  const clock = new VirtualClock()
  return {
    store: memoryDegradationStore({ clock }),
    advance: (milliseconds) => clock.advance(milliseconds),
    close: async () => {},
  }
})
