import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import ts from 'typescript'

const relativeSpecifier = /(["']\.\.?\/[^"']+)\.ts(["'])/g

/**
 * Writes `dist/*.d.ts` and `dist/*.d.cts` for every entry in `sources` and all it imports, from one program
 * for the whole repository. `isolatedDeclarations` lets it skip the type check, which `npm run typecheck` does.
 */
export function declarations(sources: string[]): void {
  const { config } = ts.readConfigFile('tsconfig.base.json', ts.sys.readFile)
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, '.')
  const program = ts.createProgram(sources, {
    ...options,
    noCheck: true,
    noEmit: false,
    emitDeclarationOnly: true,
    sourceMap: false,
  })
  const { diagnostics } = program.emit(undefined, write)
  if (diagnostics.length > 0) throw new Error(ts.formatDiagnostics(diagnostics, ts.createCompilerHost({})))
}

function write(path: string, text: string): void {
  const target = path.replace('/src/', '/dist/')
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, text.replaceAll(relativeSpecifier, '$1.js$2'))
  writeFileSync(target.replace(/\.ts$/, '.cts'), text.replaceAll(relativeSpecifier, '$1.cjs$2'))
}
