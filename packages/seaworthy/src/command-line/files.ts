/** Reading files that users name. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Session } from './session.ts'
import { UsageError } from './usage-error.ts'

/** The value in a JSON file. @throws UsageError when there is none. */
export async function readJson({ directory }: Session, path: string): Promise<unknown> {
  let text: string
  try {
    text = await readFile(resolve(directory, path), 'utf8')
  } catch (error) {
    throw new UsageError(path, [`cannot be read: ${(error as NodeJS.ErrnoException).code ?? error}`])
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new UsageError(path, [`is no JSON: ${(error as Error).message}`])
  }
}

/** Whether a path names a module, which is run, and not JSON, which is read. */
export const isModule = (path: string): boolean => /\.[cm]?js$/.test(path)

/** The default export of a module. @throws UsageError when it cannot be loaded or has none. */
export async function loadModule({ directory }: Session, path: string): Promise<unknown> {
  let loaded: { readonly default?: unknown }
  try {
    loaded = (await import(pathToFileURL(resolve(directory, path)).href)) as typeof loaded
  } catch (error) {
    throw new UsageError(path, [
      `cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
    ])
  }
  if (loaded.default === undefined) throw new UsageError(path, ['has no default export'])
  return loaded.default
}

/** A module's default export, or the value of a JSON file. */
export function readEither(session: Session, path: string): Promise<unknown> {
  return isModule(path) ? loadModule(session, path) : readJson(session, path)
}
