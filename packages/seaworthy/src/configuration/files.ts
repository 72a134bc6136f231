/** Reads files, and says what is wrong with one without showing what is in it. */
import { readFileSync } from 'node:fs'

/** The text of a file, or the code of the error: its message has the path, which can be a secret in the wrong place. */
export function readText(path: string): { readonly text: string } | { readonly problem: string } {
  try {
    return { text: readFileSync(path, 'utf8') }
  } catch (error) {
    const { code = 'unknown reason' } = error as { readonly code?: string }
    return { problem: code }
  }
}
