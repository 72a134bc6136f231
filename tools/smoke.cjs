// Every entry of every built package loads through `require` and through `import` and exports the same names
// both ways; then real calls cross the CommonJS builds. Loading alone proves little: a wrong interop of an
// ESM-only dependency, p-retry's for one, fails on the first call and not before.
const assert = require('node:assert/strict')
const { readdirSync, readFileSync } = require('node:fs')
const { resolve } = require('node:path')
const { pathToFileURL } = require('node:url')

async function main() {
  let entries = 0
  for (const folder of readdirSync('packages')) {
    const { exports } = JSON.parse(readFileSync(`packages/${folder}/package.json`, 'utf8'))
    for (const target of Object.values(exports)) {
      if (typeof target === 'string') continue
      const path = (file) => resolve('packages', folder, file)
      const cjs = require(path(target.require.default))
      const esm = await import(pathToFileURL(path(target.import.default)))
      assert.deepEqual(Object.keys(cjs).sort(), Object.keys(esm).sort(), `${folder}: CommonJS and ESM differ`)
      for (const file of [target.import.types, target.require.types]) readFileSync(path(file))
      entries++
    }
  }
  const load = (folder) => require(resolve(`packages/${folder}/dist/index.cjs`))
  await retries(load('retry'))
  await retries(load('seaworthy'))
  console.log(`${process.version}: ${entries} entries load both ways`)
}

async function retries({ retry }) {
  let calls = 0
  const flaky = async () => {
    if (++calls < 3) throw Object.assign(new Error('again'), { code: 'ECONNRESET' })
    return 'third time'
  }
  assert.equal(await retry({ attempts: 3 }).execute(flaky), 'third time')
  assert.equal(calls, 3)
}

main()
