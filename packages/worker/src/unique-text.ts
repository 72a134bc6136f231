import type { Random } from '@seaworthy/core'

/** 20 letters and digits, some 100 bits of chance: no two are ever the same. */
export function uniqueText(random: Random): string {
  const part = (): string =>
    Math.floor(random() * 36 ** 10)
      .toString(36)
      .padStart(10, '0')
  return part() + part()
}
