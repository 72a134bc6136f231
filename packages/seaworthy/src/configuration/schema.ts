/** The JSON Schema of configuration files, for editors. */
import { namePattern } from './names.ts'
import { durationPattern, leastOf, longestText } from './read-value.ts'
import type { GroupSetting, LeafSetting, Setting } from './setting.ts'
import { everything } from './settings.ts'

/** A JSON Schema as plain data. */
export type JsonSchema = { readonly [keyword: string]: unknown }

/**
 * The schema that configuration files follow, of the draft 2020-12. The package has it as `seaworthy/configuration.schema.json`.
 *
 * It knows what each setting may be. What must be given is required in it but for secrets, which do not belong in files.
 */
export function configurationSchema(): JsonSchema {
  const { properties, ...rest } = schemaOf(everything) as { properties: object }
  const ownPlace = { $schema: { type: 'string', description: 'Where this schema is.' } }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Seaworthy configuration',
    ...rest,
    properties: { ...ownPlace, ...properties },
  }
}

function schemaOf(setting: Setting): JsonSchema {
  const description = setting.doc
  if (setting.kind === 'group') return { description, ...groupSchema(setting) }
  if (setting.kind === 'map')
    return {
      description,
      type: 'object',
      propertyNames: { pattern: namePattern, maxLength: 100, not: { enum: ['constructor', 'prototype'] } },
      additionalProperties: schemaOf(setting.entry),
    }
  const preset = setting.default === undefined ? {} : { default: setting.default }
  return { description, ...leafSchema(setting), ...preset }
}

function groupSchema({ fields }: GroupSetting): JsonSchema {
  const required = Object.entries(fields)
    .filter(([, field]) => 'required' in field && field.required && !field.secret)
    .map(([name]) => name)
  return {
    type: 'object',
    additionalProperties: false,
    ...(required.length > 0 && { required }),
    properties: Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, schemaOf(field)])),
  }
}

function leafSchema(setting: LeafSetting): JsonSchema {
  switch (setting.kind) {
    case 'duration': {
      const text = { type: 'string', pattern: durationPattern }
      const milliseconds = { type: 'number', minimum: setting.least ?? 0 }
      return { anyOf: [text, milliseconds, ...(setting.off ? [{ const: false }] : [])] }
    }
    case 'count':
    case 'number':
    case 'share':
      return setting.off ? { anyOf: [numberSchema(setting), { const: false }] } : numberSchema(setting)
    case 'switch':
      return { type: 'boolean' }
    case 'word':
      return { enum: setting.allowed }
    case 'text': {
      const { least = 1, most = longestText, pattern = '\\S' } = setting
      return { type: 'string', minLength: least, maxLength: most, pattern }
    }
    case 'list':
      return { type: 'array', items: { type: 'string', pattern: '\\S' } }
    case 'pairs':
      return {
        type: 'object',
        propertyNames: { minLength: 1, not: { enum: ['constructor', 'prototype', '__proto__'] } },
        additionalProperties: { enum: [...setting.allowed, false] },
      }
  }
}

function numberSchema(setting: Extract<LeafSetting, { kind: 'count' | 'number' | 'share' }>): JsonSchema {
  if (setting.kind === 'share')
    return { type: 'number', ...(setting.least === 0 ? { minimum: 0 } : { exclusiveMinimum: 0 }), maximum: 1 }
  const type = setting.kind === 'count' ? 'integer' : 'number'
  return { type, minimum: leastOf(setting) }
}
