/** Where a server listens and how to log in. */
export interface ServerAddress {
  /** All of it in one: `redis://user:password@host:port`, `postgres://user:password@host:port/database`. */
  readonly url: string
  readonly host: string
  readonly port: number
  /** Empty where the URL has none. */
  readonly username: string
  /** Empty where the URL has none. */
  readonly password: string
}

/**
 * Reads the address of a server from a URL.
 *
 * @param variable - Where it came from, for the error.
 * @throws Error when it is not a URL. The message does not repeat it, since there may be a password in it.
 */
export function addressFrom(variable: string, url: string, defaultPort: number): ServerAddress {
  if (!URL.canParse(url)) throw new Error(`${variable} is not a URL such as redis://:password@host:6379`)
  const { hostname, port, username, password } = new URL(url)
  return {
    url,
    host: hostname.replace(/^\[(.*)\]$/, '$1'), // an IPv6 address
    port: port === '' ? defaultPort : Number(port),
    username: decodeURIComponent(username),
    password: decodeURIComponent(password),
  }
}

/**
 * Starts something on the first call and gives the same to all who ask later, whichever copy of this package they
 * ask. One that fails to start is tried again by the next who asks.
 */
export function oncePerProcess<T>(name: string, start: () => Promise<T>): Promise<T> {
  const key = Symbol.for(`@seaworthy/testing/${name}`)
  const shared = globalThis as { [key: symbol]: Promise<T> | undefined }
  const known = shared[key]
  if (known !== undefined) return known
  const started = start()
  shared[key] = started
  started.catch(() => {
    shared[key] = undefined
  })
  return started
}
