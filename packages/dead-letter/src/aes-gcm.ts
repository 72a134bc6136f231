import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { InvalidOptionError, knownOptions } from '@seaworthy/core'
import { jsonPayload, type PayloadCodec } from './payload.ts'

/** Options of {@link aesGcm}. */
export interface AesGcmOptions {
  /** Keys of 32 bytes by id, as bytes or base64. Ids are letters, digits, `_` and `-`; they are stored in the clear. */
  readonly keys: Readonly<Record<string, Uint8Array | string>>
  /** The id of the key to encrypt with. The others only decrypt. */
  readonly current: string
  /** Whether letters that were written before encryption was turned on can be read. @defaultValue `false` */
  readonly acceptPlain?: boolean
  /** Makes the text that is encrypted, for example `taggedJson` of `@seaworthy/idempotency`. @defaultValue {@link jsonPayload} */
  readonly codec?: PayloadCodec
}

const version = 'gcm1'

/**
 * Encrypts message and config with AES-256-GCM. A text is bound to its letter and its key id: it cannot be read as that of another
 * letter, and what was changed cannot be read at all. To change keys, add one, make it `current`, and keep the old ones until their
 * letters are gone.
 *
 * With random nonces of 96 bits, use one key for at most 2^32 letters.
 * *Source:* M. Dworkin, NIST SP 800-38D, 2007, section 8.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when a key is none, or `current` names none.
 *
 * @example
 * ```ts
 * import { randomBytes } from 'node:crypto'
 * import { aesGcm, deadLetters, memoryDeadLetters } from '@seaworthy/dead-letter'
 *
 * const codec = aesGcm({ keys: { k1: randomBytes(32) }, current: 'k1' })
 * const queue = deadLetters({ store: memoryDeadLetters(), codec })
 * const id = await queue.add({ card: '4111' }, new Error('declined'))
 * console.log((await queue.view(id, { actor: 'ada' }))?.message) // { card: '4111' }
 * ```
 */
export function aesGcm(options: AesGcmOptions): PayloadCodec {
  knownOptions('aesGcm', options, ['keys', 'current', 'acceptPlain', 'codec'])
  const { current, acceptPlain = false, codec = jsonPayload } = options
  if (typeof codec?.encode !== 'function' || typeof codec.decode !== 'function')
    throw new InvalidOptionError('codec', 'an object with encode and decode', codec)
  const keys = new Map(Object.entries(options.keys ?? {}).map(([id, key]) => [id, keyOf(id, key)]))
  const currentKey = keys.get(current)
  if (currentKey === undefined) throw new InvalidOptionError('current', 'the id of one of the keys', current)

  return {
    async encode(content, token) {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', currentKey, nonce)
      cipher.setAAD(boundTo(current, token))
      const text = await codec.encode(content, token)
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return [version, current, ...[nonce, cipher.getAuthTag(), sealed].map(toText)].join('.')
    },
    decode(payload, token) {
      const [marker, id = '', nonce = '', tag = '', sealed = ''] = payload.split('.')
      if (marker !== version) {
        if (acceptPlain) return codec.decode(payload, token)
        throw new Error('The payload is not encrypted')
      }
      const key = keys.get(id)
      if (key === undefined)
        throw new Error(`The payload is encrypted with key '${id}', which is not among the keys`)
      const decipher = createDecipheriv('aes-256-gcm', key, toBytes(nonce), { authTagLength: 16 })
      decipher.setAAD(boundTo(id, token))
      decipher.setAuthTag(toBytes(tag))
      const text = Buffer.concat([decipher.update(toBytes(sealed)), decipher.final()]).toString('utf8')
      return codec.decode(text, token)
    },
  }
}

/** Never shows the key itself, not in an error either. */
function keyOf(id: string, key: Uint8Array | string): Buffer {
  if (!/^[\w-]{1,64}$/.test(id))
    throw new InvalidOptionError('keys', 'named with up to 64 letters, digits, _ and -', id)
  const bytes = typeof key === 'string' ? Buffer.from(key, 'base64') : key
  if (bytes instanceof Uint8Array && bytes.length === 32) return Buffer.from(bytes)
  throw new InvalidOptionError(`keys.${id}`, '32 bytes, as bytes or base64', 'something else')
}

const boundTo = (keyId: string, token: string): Buffer => Buffer.from(`${version}.${keyId}.${token}`)
const toText = (bytes: Buffer): string => bytes.toString('base64url')
const toBytes = (text: string): Buffer => Buffer.from(text, 'base64url')
