/** Where the programs of a server are. */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** What to look for. */
export interface ServerPrograms {
  /** For the error message, for example `Redis`. */
  readonly label: string
  /** Sets of programs, best first. The programs of one set are taken from one folder, so that they fit. */
  readonly sets: readonly (readonly string[])[]
  /** The Debian package that has them. */
  readonly debianPackage: string
  /** A folder with a folder for each version, each with programs in `bin`. */
  readonly versions?: string
  /** The variable that names a server which runs already. */
  readonly variable: string
}

/** What {@link findPrograms} may assume. */
export interface Machine {
  /** Folders to look in, as in `PATH`. */
  readonly path: string
  /** Whether `apt-get` can be asked to install: Debian, and we are root. */
  readonly canInstall: boolean
  /** Whoever installs holds a lock on this file or folder. */
  readonly lock: string
}

/** Debian packages are installed by one process at a time; who comes second finds nothing left to do. */
const install = `
export DEBIAN_FRONTEND=noninteractive
get() { apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$1"; }
get "$1" || { apt-get update && get "$1"; }
`

/** The machine we run on. */
function thisMachine(): Machine {
  return {
    path: process.env['PATH'] ?? '',
    canInstall: process.getuid?.() === 0 && existsSync('/etc/debian_version'),
    lock: '/var/cache/apt',
  }
}

/**
 * Looks in `PATH` and in the usual place of several versions, newest first. On Debian as root, which is a container
 * or a machine for tests, installs the package if there is none.
 *
 * @returns The paths of the first set that is complete.
 * @throws Error that says how to get the programs.
 */
export function findPrograms(wanted: ServerPrograms, machine: Machine = thisMachine()): readonly string[] {
  const found = search(wanted, machine.path)
  if (found !== undefined) return found
  const problem = machine.canInstall ? installPackage(wanted.debianPackage, machine) : undefined
  const installed = search(wanted, machine.path)
  if (installed !== undefined) return installed
  const names = wanted.sets.map((set) => set.join(' and ')).join(', or ')
  const how = `Install it (Debian: apt-get install ${wanted.debianPackage}), put it into PATH, or set ${wanted.variable} to the address of one that runs.`
  throw new Error(`Tests need ${wanted.label}, and there is no ${names}. ${how}${problem ?? ''}`)
}

function search({ sets, versions }: ServerPrograms, path: string): readonly string[] | undefined {
  const folders = [...path.split(delimiter).filter(Boolean), ...binFolders(versions)]
  for (const set of sets) {
    for (const folder of folders) {
      const paths = set.map((name) => join(folder, name))
      if (paths.every(isExecutable)) return paths
    }
  }
  return undefined
}

function binFolders(versions: string | undefined): string[] {
  if (versions === undefined || !existsSync(versions)) return []
  const newestFirst = readdirSync(versions).sort((a, b) => Number(b) - Number(a))
  return newestFirst.map((version) => join(versions, version, 'bin'))
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Blocks, once a machine, for the seconds that it takes. @returns What went wrong, if anything did. */
function installPackage(name: string, { path, lock }: Machine): string | undefined {
  const { status, stderr, error } = spawnSync('flock', [lock, 'sh', '-c', install, 'sh', name], {
    encoding: 'utf8',
    env: { ...process.env, PATH: path },
  })
  if (status === 0) return undefined
  return `\nInstalling it failed: ${error?.message ?? stderr.trim()}`
}
