/** Encryption at rest. */
import { aesGcm, deadLetters, memoryDeadLetters } from '@seaworthy/dead-letter'
import { describe, expect, it } from 'vitest'
import { ada } from './toys.ts'

const key = (fill: number) => new Uint8Array(32).fill(fill)
const content = { message: { card: '4111', ключ: [] }, config: null }
const old = aesGcm({ keys: { a: key(1) }, current: 'a' })

describe('aesGcm', () => {
  it('brings back what it encrypted, and shows nothing of it', async () => {
    const sealed = await old.encode(content, 'token')
    expect(sealed).toMatch(/^gcm1\.a\.[\w-]{16}\.[\w-]{22}\.[\w-]+$/)
    expect(Buffer.from(sealed.split('.')[4] ?? '', 'base64url').toString('latin1')).not.toContain('4111')
    expect(await old.decode(sealed, 'token')).toEqual(content)
    expect(await old.encode(content, 'token')).not.toBe(sealed)
  })

  it('refuses the text of another letter, and every text that was changed', async () => {
    const sealed = await old.encode(content, 'token')
    expect(() => old.decode(sealed, 'other')).toThrow()
    const parts = sealed.split('.')
    for (const at of [2, 3, 4]) {
      const bytes = Buffer.from(parts[at] ?? '', 'base64url')
      for (let index = 0; index < bytes.length; index++) {
        const changed = Buffer.from(bytes)
        changed[index] = (changed[index] ?? 0) ^ 1
        const text = parts.with(at, changed.toString('base64url')).join('.')
        expect(() => old.decode(text, 'token')).toThrow()
      }
    }
    expect(() => old.decode(parts.with(3, (parts[3] ?? '').slice(0, 6)).join('.'), 'token')).toThrow()
  })

  it('changes keys: the new one encrypts, the old one still reads', async () => {
    const sealed = await old.encode(content, 'token')
    const both = aesGcm({ keys: { a: key(1), b: Buffer.from(key(2)).toString('base64') }, current: 'b' })
    expect(await both.decode(sealed, 'token')).toEqual(content)
    const renewed = await both.encode(content, 'token')
    expect(renewed).toContain('gcm1.b.')
    expect(() => old.decode(renewed, 'token')).toThrow("key 'b', which is not among the keys")
    // A key id that was changed does not help either.
    expect(() => both.decode(renewed.replace('gcm1.b', 'gcm1.a'), 'token')).toThrow()
  })

  it('reads what is not encrypted only if that is allowed', async () => {
    const plain = JSON.stringify(content)
    expect(() => old.decode(plain, 'token')).toThrow('not encrypted')
    const lenient = aesGcm({ keys: { a: key(1) }, current: 'a', acceptPlain: true })
    expect(await lenient.decode(plain, 'token')).toEqual(content)
  })

  it('binds the text to the letter that a queue stores', async () => {
    const store = memoryDeadLetters()
    const queue = deadLetters({ store, codec: old })
    const id = await queue.add({ card: '4111' }, new Error('declined'), { config: { host: 'a' } })
    const letter = await store.get(id, { actor: 'thief', reason: undefined })
    expect(letter?.payload).not.toContain('4111')
    expect(await queue.view(id, ada)).toMatchObject({ message: { card: '4111' }, config: { host: 'a' } })
    const other = await queue.add({}, new Error('x'))
    expect(() => old.decode(letter?.payload ?? '', other.slice(other.indexOf('-') + 1))).toThrow()
  })

  it.each([
    [{ keys: { a: key(1) }, current: 'b' }, 'current must be the id of one of the keys; got "b"'],
    [{ keys: { a: new Uint8Array(16) }, current: 'a' }, 'keys.a must be 32 bytes'],
    [{ keys: { 'a.b': key(1) }, current: 'a.b' }, 'keys must be named with'],
    [{ keys: {}, current: 'a', iv: 1 }, "aesGcm option 'iv'"],
  ])('refuses keys that are none', (options, message) => {
    expect(() => aesGcm(options)).toThrow(message)
  })
})
