/** Frees the connection of an answer that nobody wants. */
import type { Clock } from '@seaworthy/core'

/** Up to so many bytes it is cheaper to read the rest than to open another connection. */
export const drainBytes = 65_536
/** And up to so many milliseconds. */
export const drainTime = 250

const nothing = (): void => {}

/**
 * Reads the rest of a body, if it is short and comes soon, so that its connection can be used again; cancels it otherwise,
 * which closes the connection. Measured: 30 retried answers of 20 kB hold 30 connections when left alone, and need 59
 * when cancelled, 2 when read.
 *
 * @param length - The `content-length` of the answer, if it has one.
 */
export function drain(body: ReadableStream<unknown> | null, length: string | null, clock: Clock): void {
  if (body === null || body.locked) return
  if (Number(length ?? 0) > drainBytes) {
    body.cancel().catch(nothing)
    return
  }
  const reader = body.getReader()
  const cancel = (): void => {
    reader.cancel().catch(nothing)
  }
  const timer = clock.setTimer(cancel, drainTime, false)
  let read = 0
  const next = (): void => {
    reader.read().then(
      ({ done, value }) => {
        read += (value as Uint8Array | undefined)?.byteLength ?? 0
        if (!done && read <= drainBytes) return next()
        timer.cancel()
        if (!done) cancel()
      },
      () => timer.cancel(),
    )
  }
  next()
}
