/** Who may look after dead letters. */
import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { HttpError } from './http.ts'

/** Names by token: what an operator does is audited under the name, whatever they say who they are. */
export type Operators = Readonly<Record<string, string>>

/** Operators with tokens that are made up now. */
export function hire(names: readonly string[]): Operators {
  return Object.fromEntries(names.map((name) => [randomBytes(24).toString('base64url'), name]))
}

/** Tells who sends a request. */
export type Authenticate = (headers: IncomingMessage['headers']) => string

/** @throws HttpError (401) for requests without a token that is known. */
export function authentication(operators: Operators): Authenticate {
  // By their hashes: how long a look-up takes says nothing about a token then.
  const names = new Map(Object.entries(operators).map(([token, name]) => [hashOf(token), name]))
  return ({ authorization = '' }) => {
    const [, token = ''] = /^Bearer +(\S+)$/i.exec(authorization) ?? []
    const name = names.get(hashOf(token))
    if (name !== undefined) return name
    throw new HttpError(401, 'unauthorized', 'send the token of an operator: "authorization: Bearer TOKEN"', {
      'www-authenticate': 'Bearer realm="dead letters"',
    })
  }
}

const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64')
