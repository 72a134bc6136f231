/** Where the tables are. */
import { InvalidOptionError } from '@seaworthy/core'

/** The schema unless an option says another. */
const defaultSchema = 'seaworthy'

/** The last migration this version needs. */
export const neededVersion = 2

/** Letters, digits and underscores; PostgreSQL cuts longer names, and keeps those with `pg_` for itself. */
const allowed = /^(?!pg_)[a-zA-Z_][a-zA-Z0-9_]{0,62}$/

/** @throws {@link @seaworthy/core!InvalidOptionError} */
export function checkedSchema(schema: string = defaultSchema): string {
  if (typeof schema === 'string' && allowed.test(schema)) return schema
  throw new InvalidOptionError(
    'schema',
    'a name of up to 63 letters, digits and underscores that does not begin with pg_',
    schema,
  )
}
