/**
 * The command `seaworthy` as a function, for Node.
 *
 * @module seaworthy/command-line
 */
export type { Signals } from './command-line/interruption.ts'
export { type CommandLineOptions, run } from './command-line/run.ts'
export type { Programs, Writer } from './command-line/session.ts'
