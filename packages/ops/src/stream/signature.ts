/** Whether something that is shown has changed: all but what goes on with time alone. */
const ofTime: ReadonlySet<string> = new Set(['time', 'age', 'timeAt', 'ago', 'nextIn', 'oldestAge'])

/** Points in time are worked out anew from ages each time, so they vary by some milliseconds. */
const isPointInTime = (value: number): boolean => value > 1e12

/** A text that is the same as long as nothing has changed. Now and then another one although nothing has: that does no harm. */
export function signature(value: unknown): string {
  return JSON.stringify(value, (key, each: unknown) => {
    if (ofTime.has(key)) return undefined
    return typeof each === 'number' && isPointInTime(each) ? Math.round(each / 10_000) : each
  })
}
