import type { Random } from '@seaworthy/core'

/** A UUID of version 4, RFC 9562, from 122 bits of chance. Unique, not secret. */
export function uuid(random: Random): string {
  return 'xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx'.replace(/[xy]/g, (digit) => {
    const chance = Math.floor(random() * 16)
    return (digit === 'x' ? chance : (chance & 3) | 8).toString(16)
  })
}
