/** Marks, colours and numbers as a terminal shows them. */
import type { Session, Writer } from './session.ts'

/** Whether a stream shows colours. */
export function colours(stream: Writer, { environment }: Pick<Session, 'environment'>): boolean {
  // https://no-color.org: any value that is not empty.
  return stream.isTTY === true && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb'
}

const byMark: Readonly<Record<string, number>> = { '✔': 32, '✘': 31, '?': 33 }

/** Colours the mark that a line begins with. */
export function painted(text: string, colour: boolean): string {
  if (!colour) return text
  return text.replaceAll(/^( *)([✔✘?])(?= )/gm, (_all, space: string, mark: string) => {
    return `${space}\u001b[${byMark[mark]}m${mark}\u001b[39m`
  })
}

/** Rows below each other, the first column left. */
export function table(rows: ReadonlyArray<readonly string[]>): string {
  const columns = Math.max(0, ...rows.map(({ length }) => length))
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** `1.2 s`, `45 ms`, `12 min`. */
export function time(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  if (milliseconds < 120_000) return `${(milliseconds / 1000).toFixed(1)} s`
  return milliseconds < 7_200_000
    ? `${Math.round(milliseconds / 60_000)} min`
    : `${(milliseconds / 3_600_000).toFixed(1)} h`
}

/** A number as people write it. */
export const figure = (value: number): string =>
  Number.isInteger(value) ? value.toLocaleString('en') : String(Number(value.toPrecision(4)))

/** A point in time, in milliseconds since 1970, as ISO 8601. */
export function timeText(time: number): string {
  // biome-ignore lint/style/noRestrictedGlobals: it writes a time that it is given, and reads no clock
  return new Date(time).toISOString()
}
