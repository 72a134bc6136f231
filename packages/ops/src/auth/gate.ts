/** Lets requests in, or not. */
import type { Clock } from '@seaworthy/core'
import { Fault } from '../http/fault.ts'
import type { RequestInfo } from '../http/request-info.ts'
import { tooLate, within } from '../http/within.ts'
import type { Scope } from '../wire.ts'
import { type Authenticate, bearerToken, may, type Principal } from './authenticate.ts'
import { type CrossSiteOptions, isCrossSite } from './cross-site.ts'
import { AuthFailures } from './failures.ts'

/** How long a hook of yours may take, in milliseconds; where it only decides about details, it has less. */
const patience = 5000
const patienceForDetails = 300

/** What the gate depends on. */
export interface GateOptions extends CrossSiteOptions {
  readonly authenticate: Authenticate | undefined
  readonly clock: Clock
}

export class Gate {
  readonly #options: GateOptions
  readonly #failures: AuthFailures

  constructor(options: GateOptions) {
    this.#options = options
    this.#failures = new AuthFailures(options.clock)
  }

  /** The address of the caller, as far as it is known. */
  addressOf(request: Request, { remoteAddress }: RequestInfo): string | undefined {
    if (!this.#options.trustProxy) return remoteAddress
    // The last one was written by the proxy, those before it by anybody.
    return request.headers.get('x-forwarded-for')?.split(',').at(-1)?.trim() || remoteAddress
  }

  /**
   * Finds out who asks.
   *
   * @throws Fault 401 when it is nobody, 429 when the address has failed too often, 500 when the hook throws, 504 when it hangs.
   */
  async identify(request: Request, info: RequestInfo): Promise<Principal> {
    const address = this.addressOf(request, info)
    const wait = this.#failures.wait(address)
    if (wait > 0)
      throw new Fault(429, 'too_many_requests', 'Too many failed attempts.', {
        'retry-after': String(Math.ceil(wait / 1000)),
      })
    const principal = await this.#ask(request, info, patience)
    if (principal !== null) return principal
    // Who sends nothing does not guess, and where there is nothing to guess nobody does.
    if (this.#options.authenticate !== undefined && request.headers.has('authorization'))
      this.#failures.add(address)
    throw new Fault(401, 'unauthorized', 'Authentication is required.', { 'www-authenticate': 'Bearer' })
  }

  /** The same for routes that everybody may read: those who are not known are nobody. It neither throws nor takes long. */
  async recognize(request: Request, info: RequestInfo): Promise<Principal | undefined> {
    const address = this.addressOf(request, info)
    if (this.#failures.wait(address) > 0) return undefined
    try {
      const principal = await this.#ask(request, info, patienceForDetails)
      if (principal === null && request.headers.has('authorization')) this.#failures.add(address)
      return principal !== null && may(principal, 'read') ? principal : undefined
    } catch {
      return undefined
    }
  }

  /**
   * @param scopes - Any of them will do.
   * @throws Fault 403 when somebody may not do it, or another site made their browser ask.
   */
  admit(request: Request, principal: Principal, ...scopes: readonly Scope[]): void {
    if (!scopes.some((scope) => may(principal, scope)))
      throw new Fault(
        403,
        'forbidden',
        `This needs the scope ${scopes.map((each) => `'${each}'`).join(' or ')}.`,
      )
    const safe = request.method === 'GET' || request.method === 'HEAD'
    // No page can make a browser send a bearer token to another site; cookies and passwords it sends by itself.
    if (safe || bearerToken(request) !== undefined) return
    if (isCrossSite(request, this.#options))
      throw new Fault(403, 'cross_site', 'Requests from other sites are refused.')
  }

  async #ask(request: Request, info: RequestInfo, limit: number): Promise<Principal | null> {
    const { authenticate, clock } = this.#options
    if (authenticate === undefined) return null
    try {
      return await within(clock, limit, () => authenticate(request, info), tooLate)
    } catch (error) {
      if (error instanceof Fault) throw error
      throw new Fault(500, 'authentication_failed', 'Authentication does not work at the moment.')
    }
  }
}
