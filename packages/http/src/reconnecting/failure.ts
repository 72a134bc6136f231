/** What is read from errors of attempts and connections, which may be anything. */

/** Whether an error ends all attempts. A judge that throws has said no. */
export function isFatal(error: unknown, judge: (error: unknown) => boolean): boolean {
  try {
    return judge(error) === true
  } catch {
    return false
  }
}

/** Milliseconds that an error asks to wait. */
export function retryAfterOf(error: unknown): number | undefined {
  try {
    const { retryAfter } = (error ?? {}) as { retryAfter?: unknown }
    return typeof retryAfter === 'number' && retryAfter > 0 && Number.isFinite(retryAfter)
      ? retryAfter
      : undefined
  } catch {
    return undefined
  }
}
