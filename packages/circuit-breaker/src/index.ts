/**
 * @module @seaworthy/circuit-breaker
 */
export * as circuitMachine from './machine.ts'
export type { CircuitMode, CircuitOutcome, OpenCause } from './state.ts'
