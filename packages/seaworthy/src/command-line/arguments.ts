/** Reads what was typed behind a command. */
import { parseArgs } from 'node:util'
import { type Duration, duration } from '@seaworthy/core'
import { type Command, type OptionSpec, optionsOf } from './command.ts'
import type { Given } from './given.ts'
import { didYouMean, nearest } from './nearest.ts'
import { UsageError } from './usage-error.ts'

/**
 * Reads arguments.
 *
 * @param args - What follows the words of the command.
 * @throws UsageError that lists all that is wrong.
 */
export function readArguments(command: Command, args: readonly string[]): Given {
  const specs = optionsOf(command)
  const known = new Map(specs.map((spec) => [spec.name, spec]))
  const problems: string[] = []
  const values = new Map<string, string[]>()
  const operands: string[] = []
  for (const token of tokensOf(args, specs)) {
    if (token.kind === 'positional') operands.push(token.value)
    if (token.kind !== 'option') continue
    const spec = known.get(token.name)
    if (spec === undefined) problems.push(unknownOption(token.rawName, [...known.keys()]))
    else if (spec.value === undefined && token.value !== undefined)
      problems.push(`--${spec.name} takes no value`)
    else if (spec.value !== undefined && token.value === undefined)
      problems.push(`--${spec.name} needs a value: --${spec.name} ${spec.value}`)
    else values.set(spec.name, [...(values.get(spec.name) ?? []), token.value ?? ''])
  }
  for (const [name, given] of values) checkValue(known.get(name) as OptionSpec, given, values, problems)
  // Who asks for help need not have typed the rest; behind an unknown option may be its value.
  if (!values.has('help') && problems.length === 0) checkOperands(command, operands, problems)
  if (problems.length > 0) throw new UsageError(`seaworthy ${command.words}`, problems)
  return givenOf(operands, values, known)
}

type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number]

/** In the lenient mode nothing throws, so that all problems can be told at once. */
function tokensOf(args: readonly string[], specs: readonly OptionSpec[]): readonly Token[] {
  const options = Object.fromEntries(
    specs.map(({ name, value }) => [
      name,
      { type: value === undefined ? ('boolean' as const) : ('string' as const), multiple: true },
    ]),
  )
  const { tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  return tokens
}

function unknownOption(typed: string, known: readonly string[]): string {
  const name = typed.replace(/^-+/, '')
  return `there is no option ${typed}${didYouMean(name, known, (meant) => `--${meant}`)}`
}

function checkValue(
  { name, kind, choices, value }: OptionSpec,
  given: string[],
  values: Map<string, string[]>,
  problems: string[],
): void {
  if (value === undefined) return
  if (kind === 'list') {
    const items = given.flatMap((each) => each.split(',')).map((each) => each.trim())
    values.set(
      name,
      items.filter((each) => each !== ''),
    )
  } else if (given.length > 1) problems.push(`--${name} was given ${given.length} times`)
  for (const each of values.get(name) ?? []) {
    if (choices !== undefined && !choices.includes(each))
      problems.push(`--${name} must be one of ${choices.join(', ')}, not ${each}${didYouMean(each, choices)}`)
    if (kind === 'count' && !/^\d{1,15}$/.test(each))
      problems.push(`--${name} must be a whole number, not ${each}`)
    if (kind === 'duration' && milliseconds(each) === undefined)
      problems.push(`--${name} must be a duration such as 500ms, 20s, 5m or 4h, not ${each}`)
  }
}

function milliseconds(text: string): number | undefined {
  try {
    return duration('duration', text as Duration)
  } catch {
    return undefined
  }
}

function checkOperands({ words, operands }: Command, given: readonly string[], problems: string[]): void {
  const { show = '', least = 0, most = 0 } = operands ?? {}
  if (given.length < least) problems.push(`needs ${show}: seaworthy ${words} ${show}`)
  if (given.length > most) problems.push(`does not know what to do with ${given.slice(most).join(' ')}`)
}

function givenOf(
  operands: readonly string[],
  values: ReadonlyMap<string, readonly string[]>,
  known: ReadonlyMap<string, OptionSpec>,
): Given {
  const of = (name: string): readonly string[] | undefined => {
    if (!known.has(name)) throw new Error(`Option '${name}' is in no table`)
    return values.get(name)
  }
  return {
    operands,
    flag: (name) => of(name) !== undefined,
    text: (name) => of(name)?.[0],
    list: (name) => of(name) ?? [],
    count: (name) => (of(name) === undefined ? undefined : Number(of(name)?.[0])),
    duration: (name) => milliseconds(of(name)?.[0] ?? ''),
  }
}

/** A word that is one of those allowed, or the beginning of exactly one; case and `-` or `_` play no part. */
function meant(word: string, allowed: readonly string[]): string | undefined {
  const plain = (text: string): string => text.toLowerCase().replaceAll('-', '_')
  const exact = allowed.find((each) => plain(each) === plain(word))
  const beginnings = allowed.filter((each) => plain(each).startsWith(plain(word)))
  return exact ?? (beginnings.length === 1 ? beginnings[0] : undefined)
}

/** The same for a list of words. @throws UsageError that names all unknown ones. */
export function allMeant(option: string, words: readonly string[], allowed: readonly string[]): string[] {
  const problems = words
    .filter((word) => meant(word, allowed) === undefined)
    .map((word) => {
      const near = nearest(word, allowed)
      return `${word} is none of ${allowed.join(', ')}${near === undefined ? '' : `; did you mean ${near}?`}`
    })
  if (problems.length > 0) throw new UsageError(`--${option}`, problems)
  return words.map((word) => meant(word, allowed) as string)
}
