/** The part of two libraries that come without types. */
declare module 'opossum' {
  interface Options {
    timeout?: number | false
    errorThresholdPercentage?: number
    resetTimeout?: number
    rollingCountTimeout?: number
    rollingCountBuckets?: number
    rollingPercentilesEnabled?: boolean
    enableSnapshots?: boolean
    volumeThreshold?: number
    capacity?: number
  }

  export default class CircuitBreaker<Args extends unknown[], R> {
    constructor(action: (...args: Args) => Promise<R>, options?: Options)
    fire(...args: Args): Promise<R>
    fallback(answer: (...args: Args) => unknown): this
    on(event: string, listener: (...args: unknown[]) => void): this
    open(): void
    shutdown(): void
  }
}

declare module 'async-retry' {
  interface Options {
    retries?: number
    minTimeout?: number
    maxTimeout?: number
    randomize?: boolean
  }

  export default function retry<T>(fn: () => Promise<T>, options?: Options): Promise<T>
}
