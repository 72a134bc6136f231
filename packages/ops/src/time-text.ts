/** A point in time, in milliseconds since 1970, as ISO 8601. */
export function timeText(time: number): string {
  // biome-ignore lint/style/noRestrictedGlobals: it writes a time that it is given, and reads no clock
  return new Date(time).toISOString()
}
