/**
 * @module @seaworthy/testing
 */

export {}
