/** What a command says to the shell. */

/** What the codes mean, for all commands. */
export const exitCodes = {
  passed: 0,
  failed: 1,
  partial: 2,
  notSteady: 3,
  cleanUpFailed: 4,
  usage: 64,
  internal: 70,
  interrupt: 130,
  terminate: 143,
} as const
