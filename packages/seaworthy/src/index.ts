/**
 * @module seaworthy
 */

export {}
