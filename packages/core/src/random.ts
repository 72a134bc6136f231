/** A source of randomness: numbers in [0, 1). Policies draw only from the one they were given. */
export type Random = () => number

/** The randomness of the machine, `Math.random`. The default of every policy. */
export const systemRandom: Random = () => Math.random()
