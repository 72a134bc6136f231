/** Packages that not everybody needs: loaded when a command needs them, and named when they are not there. */
import { UsageError } from './usage-error.ts'

/**
 * Loads what a command needs.
 *
 * @param names - What to install if it is not there.
 * @throws UsageError that says what to install.
 */
export async function loaded<T>(names: readonly string[], load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const missing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND'
    if (!missing) throw error
    throw new UsageError('something is not installed', [
      `npm install ${names.join(' ')}   (${message.split('\n')[0]})`,
    ])
  }
}
