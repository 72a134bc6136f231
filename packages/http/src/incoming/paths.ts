/**
 * Which rule a request belongs to: the longest path prefix wins.
 *
 * Servers read paths differently: some decode percent signs before they route, some resolve `..`, some merge `//`. A rule that
 * reads them in one way only can be walked around. So a path with anything unusual in it is read in every way that
 * servers do; if two readings belong to different rules, nobody knows which one the server will follow, and
 * the request is refused.
 */

/** What a table finds routes by. */
export interface Located {
  /** Such as `/api`, without a slash at the end; empty for all paths. */
  readonly prefix: string
  /** Upper case; undefined for all. */
  readonly methods: ReadonlySet<string> | undefined
}

const slash = 47
const dot = 46
const percent = 37
const backslash = 92
const question = 63
const hash = 35
const semicolon = 59

/** Routes by path prefix and method. */
export class PathTable<R extends Located> {
  /** Longest prefix first; equal ones as they were given. */
  private readonly routes: readonly R[]
  private readonly ambiguous: R

  /** @param ambiguous - What is found for a path that servers could take for different routes. */
  constructor(routes: readonly R[], ambiguous: R) {
    this.routes = [...routes].sort((a, b) => b.prefix.length - a.prefix.length)
    this.ambiguous = ambiguous
  }

  /**
   * The route of a request, if there is one. Allocates nothing for ordinary paths.
   *
   * @param target - The target of the request as it came: a path, maybe with a query, or a whole URL.
   * @param exactCase - Whether `/api` and `/API` are different to the server.
   */
  find(target: string, method: string, exactCase: boolean): R | undefined {
    if (isPlain(target)) return this.match(target, method, exactCase)
    let found: R | undefined
    for (const reading of readings(pathOf(target))) {
      const route = this.match(reading, method, exactCase)
      if (route === undefined || route === found) continue
      if (found !== undefined) return this.ambiguous
      found = route
    }
    return found
  }

  private match(path: string, method: string, exactCase: boolean): R | undefined {
    const { routes } = this
    for (let i = 0; i < routes.length; i++) {
      const route = routes[i] as R
      const { prefix, methods } = route
      const matches = exactCase ? path.startsWith(prefix) : startsWithFolded(path, prefix)
      if (!matches || !isBoundary(path, prefix.length)) continue
      // Servers answer HEAD with the handler of GET.
      if (methods === undefined || methods.has(method) || (method === 'HEAD' && methods.has('GET')))
        return route
    }
    return undefined
  }
}

/** The path of a request target without its query: for functions of the user. */
export function pathOf(target: string): string {
  const path = target.startsWith('/') || target.startsWith('\\') ? target : afterAuthority(target)
  const end = path.search(/[?#]/)
  return end < 0 ? path : path.slice(0, end)
}

/** A whole URL as target, as proxies send it. */
function afterAuthority(target: string): string {
  const start = /^[a-z][a-z0-9+.-]*:\/\/[^/?#\\]*/i.exec(target)?.[0].length ?? 0
  const rest = target.slice(start)
  return rest.startsWith('/') || rest.startsWith('\\') ? rest : `/${rest}`
}

/** Whether all servers read the path alike. */
function isPlain(target: string): boolean {
  if (target.charCodeAt(0) !== slash) return false
  for (let i = 0; i < target.length; i++) {
    const code = target.charCodeAt(i)
    if (code === question || code === hash) return true
    if (code === percent || code === backslash) return false
    if (code !== slash) continue
    const next = target.charCodeAt(i + 1)
    if (next === slash || next === dot) return false
  }
  return true
}

/** A prefix ends where a segment does. Some servers take what follows a semicolon for parameters. */
function isBoundary(path: string, at: number): boolean {
  if (at === path.length) return true
  const code = path.charCodeAt(at)
  return code === slash || code === question || code === hash || code === semicolon
}

function startsWithFolded(path: string, prefix: string): boolean {
  if (path.length < prefix.length) return false
  for (let i = 0; i < prefix.length; i++) {
    if (fold(path.charCodeAt(i)) !== fold(prefix.charCodeAt(i))) return false
  }
  return true
}

/** Lower case for the letters of ASCII; a request target has no others. */
const fold = (code: number): number => (code >= 65 && code <= 90 ? code + 32 : code)

/** Every way to read a path: what servers do to it, in any order, and as far as they go. */
function* readings(
  path: string,
  steps = [decode, mergeSlashes, resolveDots],
): Generator<string, void, undefined> {
  yield path
  for (const step of steps) {
    const after = step(path)
    if (after === path) continue
    yield* readings(
      after,
      steps.filter((each) => each !== step),
    )
  }
}

const mergeSlashes = (path: string): string => path.replace(/[/\\]+/g, '/')

/** Once, as servers do; what is no valid encoding stays as it is. */
function decode(path: string): string {
  return path.replace(/(?:%[0-9a-f]{2})+/gi, (encoded) => {
    try {
      return decodeURIComponent(encoded)
    } catch {
      return encoded.replace(/%([0-7][0-9a-f])/gi, (_, digits: string) =>
        String.fromCharCode(Number.parseInt(digits, 16)),
      )
    }
  })
}

/** As in the URL standard, where `%2e` is a dot, too. */
function resolveDots(path: string): string {
  const kept: string[] = []
  const segments = path.split(/[/\\]/).slice(1)
  for (const [index, segment] of segments.entries()) {
    const plain = segment.replace(/%2e/gi, '.')
    const last = index === segments.length - 1
    if (plain === '..') kept.pop()
    if (plain !== '.' && plain !== '..') kept.push(segment)
    else if (last) kept.push('')
  }
  return `/${kept.join('/')}`
}
