/** A circuit breaker that never opens, as options of drill(). */
const breaker = () => ({
  state: 'closed',
  acquire: () => ({ success() {}, failure() {}, neutral() {} }),
  execute: async (operation) => operation(),
  trip() {},
  reset() {},
  isolate: () => ({ release() {} }),
  dispose() {},
  debugStats: () => ({}),
  on: () => () => {},
})

export default {
  breaker: { factory: breaker },
  without: ['CHAOS_INJECTION', 'CASCADING_FAILURE_TESTING', 'MEMORY_SOAK_TESTING', 'RECOVERY_VALIDATION'],
}
