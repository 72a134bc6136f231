/** What the reader has chosen, kept by the browser where it may. */

const prefix = 'seaworthy.'

export type Setting = 'theme' | 'density' | 'pinned'

export function read(name: Setting): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(prefix + name) ?? '[]')
    return Array.isArray(kept) ? kept.filter((each) => typeof each === 'string') : []
  } catch {
    return []
  }
}

export function write(name: Setting, value: readonly string[]): void {
  try {
    localStorage.setItem(prefix + name, JSON.stringify(value))
  } catch {
    // Some browsers keep nothing; the choice then lasts as long as the page.
  }
}

/** The token lasts as long as the tab. */
export const tokenStore = {
  read(): string | undefined {
    try {
      return sessionStorage.getItem(`${prefix}token`) ?? undefined
    } catch {
      return undefined
    }
  },
  write(token: string | undefined): void {
    try {
      if (token === undefined) sessionStorage.removeItem(`${prefix}token`)
      else sessionStorage.setItem(`${prefix}token`, token)
    } catch {
      // As above.
    }
  },
}
