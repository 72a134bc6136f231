/**
 * @module @seaworthy/flow
 */

export {}
