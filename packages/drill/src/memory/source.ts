/** Where figures about the memory of a process come from. */

/** The memory of a process at one moment. Sizes are bytes. */
export interface MemoryReading {
  /** Resident memory. */
  readonly rss: number
  /** The heap, garbage included. Undefined for a process that only the system can be asked about; so are the others. */
  readonly heapUsed?: number
  /** What the heap has taken from the system. */
  readonly heapTotal?: number
  /** Memory outside of the heap that belongs to objects in it, buffers above all. */
  readonly external?: number
  /** What was left right after a major garbage collection since the last reading: the lowest. Undefined when there was none. */
  readonly floor?: { readonly heapUsed: number; readonly external: number }
  /** Major garbage collections so far. */
  readonly collections: number
  /** What the process may use. */
  readonly limits: MemoryLimits
  /** Milliseconds that the process has spent for this reading, forced collections included. */
  readonly busy: number
  /** Milliseconds of processor time that forced collections took of that. */
  readonly collecting: number
}

/** What a process may use, in bytes. */
export interface MemoryLimits {
  /** Resident memory: what its container allows, or what the machine has. */
  readonly rss: number
  /** The heap. */
  readonly heap?: number
}

/** A process whose memory can be read. */
export interface MemorySource {
  /**
   * Reads it.
   *
   * @param collect - Whether to force garbage collections first. One that cannot does not.
   * @throws Error when the process is gone.
   */
  read(collect: boolean): Promise<MemoryReading>
  /** No reading follows. Leaves neither observer nor listener. */
  close(): void
}

/**
 * What resident memory may come to.
 *
 * @param constrained - As Node's `process.constrainedMemory()` says. Without a limit it says 0, undefined or some 1.8e19, which no machine has.
 * @param total - What the machine has.
 */
export function residentLimit(constrained: number | undefined, total: number): number {
  return constrained !== undefined && constrained > 0 && constrained <= total ? constrained : total
}
