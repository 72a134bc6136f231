/** A drill that takes seconds of virtual time and does nothing else. */
export default {
  profile: {
    name: 'brief',
    simulated: {
      rate: 10,
      baseline: '20s',
      faultFor: '3s',
      rounds: 1,
      pairs: 1,
      recovery: '10s',
      recovered: { probes: 3, every: '1s', stable: '2s' },
    },
    memoryFor: 0,
    loadWhileSoaking: false,
    simulatedHours: 0,
    memoryGrowthPercent: 10,
  },
  limits: { rounds: 1 },
  without: ['CIRCUIT_BREAKER_TESTING', 'CASCADING_FAILURE_TESTING', 'MEMORY_SOAK_TESTING'],
}
