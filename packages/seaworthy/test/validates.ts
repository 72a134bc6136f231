/** As much of JSON Schema 2020-12 as the schema of configurations uses. An unknown keyword is an error, so that nothing is passed over. */
type Schema = { readonly [keyword: string]: unknown }

const silent = ['$schema', 'title', 'description', 'default']

/** Whether a value follows a schema. */
export function validates(schema: Schema, value: unknown): boolean {
  return Object.entries(schema).every(
    ([keyword, rule]) => silent.includes(keyword) || holds(keyword, rule, value, schema),
  )
}

function holds(keyword: string, rule: unknown, value: unknown, schema: Schema): boolean {
  const check = checks[keyword]
  if (check === undefined) throw new Error(`the keyword ${keyword} is not known`)
  return check(rule as never, value as never, schema)
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

// Each takes a rule and a value of the types that go with its keyword, which the callers have not checked.
const checks: Readonly<Record<string, (rule: never, value: never, schema: Schema) => boolean>> = {
  type: (rule: string, value: unknown) => {
    if (rule === 'object') return isObject(value)
    if (rule === 'array') return Array.isArray(value)
    return rule === 'integer' ? Number.isInteger(value) : typeof value === rule
  },
  enum: (rule: readonly unknown[], value: unknown) => rule.includes(value),
  const: (rule: unknown, value: unknown) => rule === value,
  anyOf: (rule: readonly Schema[], value: unknown) => rule.some((each) => validates(each, value)),
  not: (rule: Schema, value: unknown) => !validates(rule, value),
  pattern: (rule: string, value: unknown) => typeof value !== 'string' || new RegExp(rule, 'u').test(value),
  minLength: (rule: number, value: unknown) => typeof value !== 'string' || value.length >= rule,
  maxLength: (rule: number, value: unknown) => typeof value !== 'string' || value.length <= rule,
  minimum: (rule: number, value: unknown) => typeof value !== 'number' || value >= rule,
  exclusiveMinimum: (rule: number, value: unknown) => typeof value !== 'number' || value > rule,
  maximum: (rule: number, value: unknown) => typeof value !== 'number' || value <= rule,
  items: (rule: Schema, value: unknown) =>
    !Array.isArray(value) || value.every((each) => validates(rule, each)),
  required: (rule: readonly string[], value: unknown) =>
    !isObject(value) || rule.every((name) => Object.hasOwn(value, name)),
  propertyNames: (rule: Schema, value: unknown) =>
    !isObject(value) || Object.keys(value).every((name) => validates(rule, name)),
  properties: (rule: Readonly<Record<string, Schema>>, value: unknown) =>
    !isObject(value) ||
    Object.entries(value).every(
      ([name, each]) => !Object.hasOwn(rule, name) || validates(rule[name] as Schema, each),
    ),
  additionalProperties: (rule: Schema | false, value: unknown, { properties = {} }: Schema) =>
    !isObject(value) ||
    Object.entries(value).every(
      ([name, each]) =>
        Object.hasOwn(properties as object, name) || (rule !== false && validates(rule, each)),
    ),
}
