import { createHash } from 'node:crypto'
import { isIP } from 'node:net'
import { count } from '@seaworthy/core'
import type { IncomingRequest } from './request.ts'

/** Longer keys are remembered by their hash, so that a client cannot fill the memory with them. */
const longestKey = 128

/**
 * The address of the client, to limit its rate by.
 *
 * `X-Forwarded-For` is whatever a client writes, unless proxies of your own append to it. Say how many of them stand
 * between the client and this process, and the address that the outermost of them saw is taken. By default none do,
 * and the header is not looked at. An IPv6 client owns a whole /64 network, so that is what counts as its address.
 *
 * @param trustedProxies - How many proxies of your own append to `X-Forwarded-For`. @defaultValue 0
 * @returns A function for the option `key` of a rule; undefined where nothing is known.
 * @throws {@link @seaworthy/core!InvalidOptionError} when `trustedProxies` is no count.
 */
export function clientAddress(trustedProxies = 0): (request: IncomingRequest) => string | undefined {
  count('trustedProxies', trustedProxies, 0)
  return (request) => {
    const peer = request.remoteAddress
    if (trustedProxies === 0) return peer && network(peer)
    const hops = request.header('x-forwarded-for')?.split(',') ?? []
    // Each proxy appends who spoke to it: the last of them is the nearest proxy's word.
    const seen = hops.at(-trustedProxies)?.trim()
    return seen !== undefined && isIP(seen) !== 0 ? network(seen) : peer && network(peer)
  }
}

/** A key of bounded length. */
export function boundedKey(key: string): string {
  return key.length <= longestKey ? key : createHash('sha256').update(key).digest('base64url')
}

function network(address: string): string {
  if (isIP(address) !== 6) return address
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  const [head = '', tail] = (address.split('%', 1)[0] as string).split('::')
  const first = head === '' ? [] : head.split(':')
  const last = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Math.max(0, 8 - first.length - last.length)
  const groups = tail === undefined ? first : [...first, ...Array<string>(zeros).fill('0'), ...last]
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}
