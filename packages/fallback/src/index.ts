/**
 * @module @seaworthy/fallback
 */

export {}
