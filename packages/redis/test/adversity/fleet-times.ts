/** Milliseconds. Short, for tests; long enough that a busy machine is not taken for a dead worker too often. */
export const heartbeat = 500
export const minIdle = 1500
