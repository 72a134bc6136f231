import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as core from '@seaworthy/core'
import * as deadLetter from '@seaworthy/dead-letter'
import * as idempotency from '@seaworthy/idempotency'
import * as retry from '@seaworthy/retry'
import * as testing from '@seaworthy/testing'
import * as worker from '@seaworthy/worker'
import * as seaworthy from 'seaworthy'
import * as configuration from 'seaworthy/configuration'
import ts from 'typescript'
import { describe, expect, it, vi } from 'vitest'
// This package does not depend on it.
import * as postgres from '../../postgres/src/index.ts'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '../../..')
const guides = [
  'README.md',
  'docs/getting-started.md',
  'docs/composing.md',
  'docs/configuration.md',
  'docs/explain.md',
  'docs/errors.md',
  'docs/own-policies.md',
  'docs/durable-work.md',
  'packages/seaworthy/README.md',
  'packages/idempotency/README.md',
  'packages/dead-letter/README.md',
  'packages/worker/README.md',
]
const pglite: unknown = createRequire(join(root, 'packages/postgres/package.json'))('@electric-sql/pglite')
const modules: Readonly<Record<string, unknown>> = {
  seaworthy,
  'seaworthy/configuration': configuration,
  '@electric-sql/pglite': pglite,
  '@seaworthy/core': core,
  '@seaworthy/dead-letter': deadLetter,
  '@seaworthy/idempotency': idempotency,
  '@seaworthy/postgres': postgres,
  '@seaworthy/retry': retry,
  '@seaworthy/testing': testing,
  '@seaworthy/worker': worker,
}

interface Example {
  /** For example `docs/errors.md 1`. */
  readonly name: string
  readonly source: string
  /** The block that follows, if it shows what the example prints. */
  readonly output: string | undefined
}

/** A TypeScript block, and the plain block after it with at most a few words in between. */
const block = /^```ts\n(.*?)^```$(?:[^`]{0,40}^```\n(.*?)^```$)?/gms

const examples: readonly Example[] = guides.flatMap((guide) =>
  [...readFileSync(join(root, guide), 'utf8').matchAll(block)].map(([, source = '', output], index) => ({
    name: `${guide} ${index + 1}`,
    source,
    output,
  })),
)

describe('the examples of the guides', () => {
  it.each(examples)('$name runs, and prints what it says', async ({ source, output }) => {
    const lines: string[] = []
    const log = vi
      .spyOn(console, 'log')
      .mockImplementation((...words) => lines.push(words.map(String).join(' ')))
    try {
      await run(source)
    } finally {
      log.mockRestore()
    }
    expect(lines.length).toBeGreaterThan(0)
    if (output !== undefined) expect(lines.join('\n').trimEnd()).toBe(output.trimEnd())
  })
})

async function run(source: string): Promise<void> {
  const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 }
  const { outputText } = ts.transpileModule(source, { compilerOptions })
  const body = `return (async () => {${outputText}\n})()`
  await new Function('require', 'exports', body)((name: string) => modules[name], {})
}

it('the examples of the guides are strict TypeScript', () => {
  const folder = mkdtempSync(join(here, '../node_modules/guides-'))
  try {
    mkdirSync(folder, { recursive: true })
    const files = examples.map(({ source }, index) => {
      const file = join(folder, `example-${index}.ts`)
      writeFileSync(file, source)
      return file
    })
    const { config } = ts.readConfigFile(join(root, 'tsconfig.base.json'), ts.sys.readFile)
    const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root)
    const paths = {
      '@seaworthy/postgres': [join(root, 'packages/postgres/src/index.ts')],
      '@electric-sql/pglite': [
        join(root, 'packages/postgres/node_modules/@electric-sql/pglite/dist/index.d.ts'),
      ],
    }
    const program = ts.createProgram(files, {
      ...options,
      paths,
      isolatedDeclarations: false,
      declaration: false,
    })
    const problems = files.flatMap((file, index) =>
      ts.getPreEmitDiagnostics(program, program.getSourceFile(file)).map(({ messageText }) => ({
        example: examples[index]?.name,
        problem: ts.flattenDiagnosticMessageText(messageText, '\n'),
      })),
    )
    expect(problems).toEqual([])
  } finally {
    rmSync(folder, { recursive: true })
  }
}, 60_000)
