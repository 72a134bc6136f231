/** Texts that teach the commands. All of them come from the tables that also parse. */
import { type Command, optionsOf } from './command.ts'

/** Lines are no longer than this. */
const width = 100

/** `seaworthy --help`. */
export function overview(commands: readonly Command[], version: string): string {
  const names = commands.map(
    ({ words, operands }) => `  ${[words, operands?.show].filter(Boolean).join(' ')}`,
  )
  return [
    `seaworthy ${version}: does your service keep its promises when things go wrong?`,
    '',
    'Usage: seaworthy COMMAND [options]',
    '',
    ...columns(names.map((name, index) => [name, commands[index]?.summary ?? ''])),
    '',
    'Begin with:',
    '  npx seaworthy drill run           a minute: break a sample service in nine phases, and read the report',
    '  npx seaworthy drill breaker       half a second: does a circuit breaker do what its options promise?',
    '',
    'Every command has --help with an example. Exit codes: 0 passed, 1 failed, 2 not everything could be',
    'judged, 3 not well to begin with, 4 something could not be taken back, 64 typed or written wrongly,',
    '70 no verdict, since something failed here, 130 and 143 interrupted with everything taken back.',
    '',
  ].join('\n')
}

/** `seaworthy COMMAND --help`. */
export function helpOf(command: Command): string {
  const { words, operands, summary, about, examples, exitCodes } = command
  const options = optionsOf(command).map(({ name, value, help, standard, choices }) => [
    `  --${name}${value === undefined ? '' : ` ${value}`}`,
    [
      help,
      ...(choices === undefined ? [] : [`One of ${choices.join(', ')}.`]),
      ...(standard === undefined ? [] : [`Default: ${standard}.`]),
    ].join(' '),
  ])
  return [
    summary,
    '',
    `Usage: seaworthy ${[words, operands?.show, '[options]'].filter(Boolean).join(' ')}`,
    '',
    ...about.flatMap((paragraph) => [...wrap(paragraph, width), '']),
    examples.length === 1 ? 'Example:' : 'Examples:',
    ...examples.flatMap(([typed, does]) => [
      `  ${typed}`,
      ...wrap(does, width - 6).map((line) => `      ${line}`),
    ]),
    '',
    'Options:',
    ...columns(options),
    ...(exitCodes === undefined
      ? []
      : ['', 'Exit codes:', ...Object.entries(exitCodes).map(([code, means]) => `  ${code}  ${means}`)]),
    '',
  ].join('\n')
}

function columns(rows: ReadonlyArray<readonly string[]>): string[] {
  const left = Math.max(...rows.map(([name = '']) => name.length)) + 2
  return rows.flatMap(([name = '', text = '']) => {
    const [first = '', ...more] = wrap(text, width - left)
    return [`${name.padEnd(left)}${first}`.trimEnd(), ...more.map((line) => ' '.repeat(left) + line)]
  })
}

function wrap(text: string, length: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1]
    if (last === undefined || last.length + word.length + 1 > length) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}
