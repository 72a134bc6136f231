/** Waits for what happens soon on a real server. */
import { systemClock } from '@seaworthy/core'

/** Asks until there is an answer. @throws What it was told last, when there is none within some 20 seconds. */
export async function answerOf<T>(ask: () => Promise<T>): Promise<T> {
  const until = systemClock.now() + 20_000
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (systemClock.now() > until) throw error
      await systemClock.sleep(50)
    }
  }
}

/** @throws Error when it neither resolves nor rejects within `milliseconds`. */
export async function endsWithin<T>(
  milliseconds: number,
  call: Promise<T>,
): Promise<PromiseSettledResult<T>> {
  const controller = new AbortController()
  const late = systemClock.sleep(milliseconds, controller.signal).then(() => {
    throw new Error(`A call did not end within ${milliseconds} ms`)
  })
  late.catch(() => {})
  try {
    const [settled] = await Promise.race([Promise.allSettled([call]), late])
    return settled as PromiseSettledResult<T>
  } finally {
    controller.abort()
  }
}
