/** Lets Node import scripts and statements as text, as the build and the test runner do. */
import { readFile } from 'node:fs/promises'

export async function load(url, context, next) {
  if (!/\.(?:lua|sql)$/.test(url)) return next(url, context)
  const text = await readFile(new URL(url), 'utf8')
  return { format: 'module', shortCircuit: true, source: `export default ${JSON.stringify(text)}` }
}
