/** What charts leave out. */

/** Leaves out where a line would only run along the bottom: where nothing fails, nothing should look like failure. */
export function withoutFlat(values: readonly number[]): (number | null)[] {
  return values.map((value, index) =>
    value === 0 && !values[index - 1] && !values[index + 1] ? null : value,
  )
}

/** Leaves out the time before anybody counted: that nothing is known is not that nothing was. @param times - In seconds, each the end of a step. */
export function since<Value>(
  began: number,
  times: readonly number[],
  values: readonly Value[],
): (Value | null)[] {
  return values.map((value, index) => ((times[index] ?? 0) * 1000 <= began ? null : value))
}
