/** Who is asking, and what they may do. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { InvalidOptionError, knownOptions, oneOf } from '@seaworthy/core'
import type { RequestInfo } from '../http/request-info.ts'
import type { Scope } from '../wire.ts'

/** Somebody who is known. */
export interface Principal {
  /** A name, for the audit. */
  readonly id: string
  /** What they may do: `operate` includes `read`, `override` includes both, `chaos` includes `read`. */
  readonly scopes: readonly Scope[]
}

/**
 * Finds out who asks: `null` for nobody. A throw denies, too. Called for every request to a route that is not public.
 */
export type Authenticate = (
  request: Request,
  info: RequestInfo,
) => Principal | null | Promise<Principal | null>

/** A token that somebody sends as `Authorization: Bearer …`. */
export interface BearerToken {
  /** Who has it, for the audit. While a token is replaced, old and new may have one id. */
  readonly id: string
  /** At least 16 characters, better 32 random ones. */
  readonly token: string
  /** What its holder may do, as one scope or several: see {@link Scope}. */
  readonly scope: Scope | readonly Scope[]
}

/** Each scope, with those that it includes. Breaking a service takes a scope of its own: who may mend it in an emergency need not be who may break it. */
const included: ReadonlyMap<Scope, readonly Scope[]> = new Map([
  ['read', ['read']],
  ['operate', ['read', 'operate']],
  ['override', ['read', 'operate', 'override']],
  ['chaos', ['read', 'chaos']],
])

const shortest = 16
const longest = 4096

/**
 * Authentication by tokens. Only digests are kept, and a token is compared with all of them, in the same time whether it matches or not.
 *
 * @throws {@link @seaworthy/core!InvalidOptionError} when there is no token, or one is shorter than 16 characters.
 *
 * @example
 * ```ts
 * import { bearer, createOps } from '@seaworthy/ops'
 *
 * const ops = createOps({ auth: bearer([{ id: 'grace', token: 'correct horse battery staple', scope: 'operate' }]) })
 * const headers = { authorization: 'Bearer correct horse battery staple' }
 * const answer = await ops.fetch(new Request('http://localhost/admin/reliability/session', { headers }))
 * const { scopes } = (await answer.json()) as { scopes: string[] }
 * console.log(answer.status, scopes) // 200 [ 'read', 'operate' ]
 * await ops.close()
 * ```
 */
export function bearer(tokens: readonly BearerToken[]): Authenticate {
  if (!Array.isArray(tokens) || tokens.length === 0)
    throw new InvalidOptionError('tokens', 'a list of at least one token', 'none')
  const known = tokens.map((each) => {
    knownOptions('token', each, ['id', 'token', 'scope'])
    const { id, token, scope } = each
    // What was given is a secret even if it is too short.
    if (typeof token !== 'string' || token.length < shortest || token.length > longest)
      throw new InvalidOptionError('token', `a text of ${shortest} to ${longest} characters`, '[redacted]')
    if (typeof id !== 'string' || id === '') throw new InvalidOptionError('id', 'a name for the audit', id)
    const principal: Principal = { id, scopes: allOf([scope].flat() as readonly Scope[]) } // checked there
    return { digest: digestOf(token), principal }
  })
  return (request) => {
    const given = bearerToken(request)
    if (given === undefined || given.length > longest) return null
    const digest = digestOf(given)
    let found: Principal | null = null
    for (const each of known) if (timingSafeEqual(each.digest, digest)) found = each.principal
    return found
  }
}

/** The token of a request. Those in query strings end up in logs, so they are not looked at. */
export function bearerToken(request: Request): string | undefined {
  return /^bearer +(\S.*)$/i.exec(request.headers.get('authorization') ?? '')?.[1]?.trim()
}

/** Scopes and those that they include. */
function allOf(given: readonly Scope[]): readonly Scope[] {
  if (given.length === 0) throw new InvalidOptionError('scope', 'one scope at least', given)
  const known = [...included.keys()]
  return [...new Set(given.flatMap((each) => included.get(oneOf('scope', each, known)) ?? []))]
}

/** Whether somebody may do what needs `scope`. */
export const may = (principal: Principal, scope: Scope): boolean =>
  principal.scopes.some((each) => included.get(each)?.includes(scope) ?? false)

const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest()
