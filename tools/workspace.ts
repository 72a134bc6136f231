import { readdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root: string = dirname(dirname(fileURLToPath(import.meta.url)))

interface Manifest {
  readonly name: string
  readonly exports: Record<string, string | Entry>
  readonly dependencies?: Record<string, string>
  readonly peerDependencies?: Record<string, string>
  readonly peerDependenciesMeta?: Record<string, object>
  readonly devDependencies?: Record<string, string>
}

interface Entry {
  readonly '@seaworthy/source': string
}

export interface Package {
  /** Its folder below `packages`. */
  readonly folder: string
  readonly manifest: Manifest
  /** The import specifier of each entry and the source it stands for, from the root of the repository. */
  readonly entries: ReadonlyArray<{ readonly specifier: string; readonly source: string }>
}

export const packages: readonly Package[] = readdirSync(`${root}/packages`).map((folder) => {
  const manifest = JSON.parse(readFileSync(`${root}/packages/${folder}/package.json`, 'utf8')) as Manifest
  const entries = Object.entries(manifest.exports).flatMap(([path, target]) =>
    typeof target === 'string'
      ? []
      : {
          specifier: manifest.name + path.slice(1),
          source: `packages/${folder}/${target['@seaworthy/source'].slice(2)}`,
        },
  )
  return { folder, manifest, entries }
})

/** The first TypeScript code block of a Markdown file. */
export function firstExample(path: string): string {
  const example = /^```ts\n(.*?)^```$/ms.exec(readFileSync(`${root}/${path}`, 'utf8'))?.[1]
  if (example === undefined) throw new Error(`${path} has no \`\`\`ts block`)
  return example
}
