/** How stores reach the functions that the migrations installed: on any connection of a pool, or in a transaction of yours. */
import type { PostgresQueries } from './client.ts'
import type { PostgresConnection } from './connection.ts'
import { PostgresSchemaError, PostgresUnavailableError, type StaleGrant, StaleGrantError } from './errors.ts'
import { failureOf, isSchemaProblem, sqlState } from './failure.ts'
import { neededVersion } from './schema.ts'

/** A call of a function. */
export interface FunctionCall {
  /** What it is, for errors and events, for example `idempotency.claim`. */
  readonly operation: string
  /** The function, without its schema. */
  readonly name: string
  readonly values: unknown[]
  /** As of {@link Operation}, where nobody knows the transaction but us. */
  late?(answer: string | null): void
  lost?(): void
}

/** Calls functions of a schema. The answer is text, so that nobody's type parsers matter. */
export interface Functions {
  readonly connection: PostgresConnection
  call(call: FunctionCall): Promise<string | null>
}

/** Each call takes a connection of the pool and is a transaction of its own. */
export function functionsOfPool(connection: PostgresConnection, schema: string): Functions {
  const textOf = statements(schema)
  return {
    connection,
    call: ({ operation, name, values, ...rest }) => {
      const text = textOf(name, values.length)
      const send = async (client: PostgresQueries): Promise<string | null> => {
        try {
          return await answerTo(client, text, values)
        } catch (cause) {
          throw isSchemaProblem(cause) ? await schemaError(client, schema, cause) : cause
        }
      }
      return connection.operate({ name: operation, send, ...rest })
    },
  }
}

/** All calls are part of the transaction that is open on a client. An error leaves it nothing but to roll back. */
export function functionsOfTransaction(
  connection: PostgresConnection,
  schema: string,
  client: PostgresQueries,
): Functions {
  const textOf = statements(schema)
  return {
    connection,
    call: async ({ operation, name, values }) => {
      try {
        return await connection.within(operation, () => answerTo(client, textOf(name, values.length), values))
      } catch (cause) {
        if (cause instanceof PostgresUnavailableError) throw cause
        if (isSchemaProblem(cause)) throw new PostgresSchemaError(schema, 0, neededVersion, cause)
        const { detail } = cause as { readonly detail?: unknown }
        if (sqlState(cause) === staleGrant)
          throw new StaleGrantError(connection.name, detail as StaleGrant, cause)
        throw new PostgresUnavailableError(connection.name, operation, failureOf(cause), cause)
      }
    },
  }
}

/** What `idempotency_complete` raises if it is told to insist. */
const staleGrant = 'SW001'

/** Texts of statements, made once. */
function statements(schema: string): (name: string, count: number) => string {
  const known = new Map<string, string>()
  return (name, count) => {
    let text = known.get(name)
    if (text === undefined) {
      const places = Array.from({ length: count }, (_, at) => `$${at + 1}`)
      text = `SELECT "${schema}".${name}(${places.join(', ')})::text AS answer`
      known.set(name, text)
    }
    return text
  }
}

async function answerTo(client: PostgresQueries, text: string, values: unknown[]): Promise<string | null> {
  const { rows } = await client.query(text, values)
  // The one column of the statement, cast to text.
  return rows[0]?.['answer'] as string | null
}

/** Looks how far the schema is, to say what is to be done. */
async function schemaError(
  client: PostgresQueries,
  schema: string,
  cause: unknown,
): Promise<PostgresSchemaError> {
  let version = 0
  try {
    const { rows } = await client.query(`SELECT max(version) AS version FROM "${schema}".migrations`)
    version = Number(rows[0]?.['version'] ?? 0)
  } catch {
    // There is none.
  }
  return new PostgresSchemaError(schema, version, neededVersion, cause)
}

/** U+0000 is no part of any text in PostgreSQL. */
export const storable = (text: string): string => text.replaceAll('\0', '\uFFFD')

/** Longer times are for ever. */
const longest = 1e15

/** A length of time that fits. */
export const lasting = (milliseconds: number): number => Math.min(milliseconds, longest)
