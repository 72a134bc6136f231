import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findPrograms, type ServerPrograms } from '../src/server-programs.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'seaworthy-programs-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const wanted: ServerPrograms = {
  label: 'Lighthouse',
  sets: [['lighthouse-init', 'lighthouse'], ['beacon']],
  debianPackage: 'lighthouse-server',
  variable: 'LIGHTHOUSE_URL',
}
const machine = (path: string) => ({ path, canInstall: false, lock: directory })

test('programs of one set come from one folder', async () => {
  await program('one/lighthouse')
  await program('two/lighthouse-init')
  await program('two/lighthouse')
  await program('one/beacon')
  expect(findPrograms(wanted, machine(`${directory}/none:${directory}/one:${directory}/two`))).toEqual([
    `${directory}/two/lighthouse-init`,
    `${directory}/two/lighthouse`,
  ])
})

test('the second set serves where the first is not complete, or not executable', async () => {
  await program('one/lighthouse')
  await program('one/beacon')
  await writeFile(join(directory, 'one/lighthouse-init'), '')
  expect(findPrograms(wanted, machine(`${directory}/one`))).toEqual([`${directory}/one/beacon`])
})

test('the newest of several versions serves where there is none in PATH', async () => {
  for (const version of ['9', '15', '9.6']) await program(`versions/${version}/bin/beacon`)
  expect(findPrograms({ ...wanted, versions: `${directory}/versions` }, machine(''))).toEqual([
    `${directory}/versions/15/bin/beacon`,
  ])
  await program('one/beacon')
  expect(findPrograms({ ...wanted, versions: `${directory}/versions` }, machine(`${directory}/one`))).toEqual(
    [`${directory}/one/beacon`],
  )
})

test('where there is none, the error says how to get one', () => {
  expect(() => findPrograms(wanted, machine(directory))).toThrow(
    'Tests need Lighthouse, and there is no lighthouse-init and lighthouse, or beacon. Install it (Debian: apt-get install lighthouse-server), put it into PATH, or set LIGHTHOUSE_URL to the address of one that runs.',
  )
})

test('the package is installed under a lock, after an update of the lists where it is not in them', async () => {
  const lock = join(directory, 'lock')
  await program(
    'bin/apt-get',
    `flock --nonblock ${lock} true; echo "$1 locked:$?" >>${directory}/log
     case $1 in
       update) touch ${directory}/updated ;;
       install) [ -e ${directory}/updated ] && echo >${directory}/bin/beacon && chmod +x ${directory}/bin/beacon ;;
     esac`,
  )
  const path = `${directory}/bin:/usr/bin:/bin`
  expect(findPrograms(wanted, { path, canInstall: true, lock })).toEqual([`${directory}/bin/beacon`])
  findPrograms(wanted, { path, canInstall: true, lock })
  expect(await readFile(join(directory, 'log'), 'utf8')).toBe(
    'install locked:1\nupdate locked:1\ninstall locked:1\n',
  )
})

test('where the installation fails, the error says why', async () => {
  await program('bin/apt-get', 'echo "no network" >&2; exit 100')
  const path = `${directory}/bin:/usr/bin:/bin`
  expect(() => findPrograms(wanted, { path, canInstall: true, lock: directory })).toThrow(
    /that runs\.\nInstalling it failed: no network/,
  )
})

async function program(path: string, script = ''): Promise<void> {
  const file = join(directory, path)
  await mkdir(join(file, '..'), { recursive: true })
  await writeFile(file, `#!/bin/sh\n${script}\n`)
  await chmod(file, 0o755)
}
