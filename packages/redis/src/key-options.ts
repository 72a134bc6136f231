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

/**
 * A name that becomes the hash tag of its keys.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError}
 */
export function checkedTag(option: string, name: string): string {
  if (typeof name === 'string' && name !== '' && !braces.test(name)) return name
  throw new InvalidOptionError(option, 'a text without { and }', name)
}

/**
 * The key of something with any name, all of which is its hash tag. A name with braces, which would end the tag, has its own name behind it as
 * well, so that no two names share a key.
 */
export function taggedKey(prefix: string, name: string): string {
  if (!braces.test(name)) return `${prefix}{${name}}`
  return `${prefix}{${name.replaceAll('{', '(').replaceAll('}', ')')}}${name}`
}
