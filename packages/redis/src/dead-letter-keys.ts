/** Where the dead letters of a queue are. */

/** In the order in which `letters.open` of `lua/dead-letter-common.lua` reads them. The first two begin the names of many keys. */
const places = [
  'e:',
  'x:',
  'records',
  'meta',
  'keys',
  'audit',
  'groups',
  'due',
  'settled',
  'leases:leased',
  'leases:replaying',
  'dead',
  'leased',
  'replaying',
  'replayed',
  'resolved',
  'discarded',
] as const

/** The keys every script gets. All have one hash tag, so they are on one node of a cluster. */
export function deadLetterKeys(prefix: string, name: string): readonly string[] {
  return places.map((place) => `${prefix}{${name}}:${place}`)
}
