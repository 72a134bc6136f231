/**
 * @module @seaworthy/retry
 */

export {}
