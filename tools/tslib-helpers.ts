import { readFile } from 'node:fs/promises'
import type { Options } from 'tsup'
import ts from 'typescript'

type EsbuildPlugin = NonNullable<Options['esbuildPlugins']>[number]

/** What Node 20 cannot parse and TypeScript turns into calls of tslib: `using` and decorators. */
const lowered = /\busing\b|^\s*@\w/m

/** The source with `using` and decorators lowered to tslib calls, or `undefined` when it has neither. */
export function lowerToTslib(path: string, source: string): { code: string; map: string } | undefined {
  if (!lowered.test(source)) return undefined
  const { outputText, sourceMapText = '' } = ts.transpileModule(source, {
    fileName: path,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      importHelpers: true,
      verbatimModuleSyntax: true,
      sourceMap: true,
      inlineSources: true,
    },
  })
  return { code: outputText.replace(/\/\/# sourceMappingURL=.*\s*$/, ''), map: sourceMapText }
}

/** esbuild would lower `using` with a helper of its own in every file; this way all share tslib's. */
export const tslibHelpers: EsbuildPlugin = {
  name: 'tslib-helpers',
  setup(build) {
    build.onLoad({ filter: /\/src\/.*\.ts$/ }, async ({ path }) => {
      const result = lowerToTslib(path, await readFile(path, 'utf8'))
      if (!result) return undefined
      const map = Buffer.from(result.map).toString('base64')
      const contents = `${result.code}//# sourceMappingURL=data:application/json;base64,${map}\n`
      return { contents, loader: 'js' }
    })
  },
}
