/**
 * @module @seaworthy/circuit-breaker
 */

export {}
