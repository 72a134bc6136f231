/** Checks for the texts that keys are made of. */
import { InvalidOptionError } from '@seaworthy/core'

/** Braces would move the hash tag, by which a cluster places keys. */
const braces = /[{}]/

/** @throws {@link @seaworthy/core!InvalidOptionError} */
export function checkedPrefix(prefix: string | undefined, standard: string): string {
  if (prefix === undefined) return standard
  if (typeof prefix === 'string' && !braces.test(prefix)) return prefix
  throw new InvalidOptionError('prefix', 'a text without { and }', prefix)
}

/** @throws {@link @seaworthy/core!InvalidOptionError} */
export function checkedQueue(queue: string | undefined): string | undefined {
  if (queue === undefined) return undefined
  if (typeof queue === 'string' && queue !== '' && !braces.test(queue)) return queue
  throw new InvalidOptionError('queue', 'the name of a stream, without { and }', queue)
}
