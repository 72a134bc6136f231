/** The most characters of a key, and of a scope. */
const longest = 256

/**
 * The key of a record: `scope|key`, or the key alone if the scope is empty. `{`, `}`, `%` and `|` in either are
 * percent-encoded, so that no two pairs meet, and stores can put it in the braces of a Redis Cluster hash tag.
 *
 * @returns Undefined when the key is empty, or one of them is no text of at most 256 characters.
 */
export function recordKey(scope: string, key: string): string | undefined {
  if (!fits(scope) || !fits(key) || key === '') return undefined
  return scope === '' ? encoded(key) : `${encoded(scope)}|${encoded(key)}`
}

const fits = (text: unknown): boolean => typeof text === 'string' && text.length <= longest

function encoded(text: string): string {
  return text.replace(
    /[{}%|]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}
