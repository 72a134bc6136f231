import { EventEmitter } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { VirtualClock } from '@seaworthy/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { readArguments } from '../src/command-line/arguments.ts'
import { type Command, optionsOf } from '../src/command-line/command.ts'
import { commands } from '../src/command-line/commands.ts'
import { helpOf } from '../src/command-line/help.ts'
import { interruptibleDrill } from '../src/command-line/interruptible-drill.ts'
import { Interruption } from '../src/command-line/interruption.ts'
import { KillSwitch } from '../src/command-line/kill-switch.ts'
import { loaded } from '../src/command-line/optional-packages.ts'
import type { Session } from '../src/command-line/session.ts'
import { UsageError } from '../src/command-line/usage-error.ts'
import { folder, seaworthy, testFile } from './command-line-session.ts'

const work = folder()
afterAll(() => work.clean())

const write = (name: string, value: unknown): string => {
  const path = join(work.path, name)
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value))
  return path
}

const table: [string, Command][] = commands.map((command) => [command.words, command])

/** Values that an option takes. */
const sample = { text: 'x', count: '3', duration: '20s', list: 'x' } as const

describe('the table of commands', () => {
  it.each(table)(
    'the help of %s lists every option that is parsed, and parses every option it lists',
    (_words, command) => {
      const specs = optionsOf(command)
      const help = helpOf(command)
      const listed = [...help.slice(help.indexOf('\nOptions:')).matchAll(/^ {2}--([a-z-]+)/gm)].map(
        ([, name]) => name,
      )
      expect(listed).toEqual(specs.map(({ name }) => name))
      expect(listed.length).toBeGreaterThan(1)
      for (const { name, value, kind = 'text', choices } of specs) {
        const given = choices?.[0] ?? sample[kind]
        // `--help` makes operands unnecessary.
        const args = [
          '--help',
          ...(name === 'help' ? [] : [`--${name}`, ...(value === undefined ? [] : [given])]),
        ]
        expect(readArguments(command, args).flag(name)).toBe(true)
      }
    },
  )

  it.each(table)('the help of %s has an example that parses', (words, { examples }) => {
    expect(examples.length).toBeGreaterThan(0)
    for (const [typed] of examples) {
      const args = [...typed.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
      expect(args.slice(0, words.split(' ').length + 1).join(' ')).toBe(`seaworthy ${words}`)
      const command = commands.find((each) => each.words === words) as Command
      readArguments(command, args.slice(words.split(' ').length + 1))
    }
  })

  it.each(table)('%s --help prints its help, needs nothing else and exits 0', async (words, command) => {
    const { code, out, err } = await seaworthy([...words.split(' '), '--help'])
    expect({ code, out, err }).toEqual({ code: 0, out: helpOf(command), err: '' })
    expect(out.split('\n').filter((line) => line.length > 140)).toEqual([])
  })

  it('no option is in a table twice, and none takes the place of a common one', () => {
    for (const command of commands) {
      const names = optionsOf(command).map(({ name }) => name)
      expect(names).toEqual([...new Set(names)])
    }
  })
})

describe('what is typed', () => {
  it('without a command teaches all commands', async () => {
    const { code, out } = await seaworthy([])
    expect(code).toBe(0)
    for (const { words, summary } of commands) {
      expect(out).toContain(`\n  ${words}`)
      expect(out).toContain(summary.slice(0, 30))
    }
    expect(await seaworthy(['--help'])).toEqual(await seaworthy(['help']))
  })

  it('as a group alone lists its commands, which is no success unless it was asked for', async () => {
    expect(await seaworthy(['drill'])).toMatchObject({ code: 64, out: expect.stringContaining('drill run') })
    const asked = await seaworthy(['drill', '--help'])
    expect(asked.code).toBe(0)
    expect(asked.out).not.toContain('dlq')
  })

  it('is the version with --version', async () => {
    expect(await seaworthy(['--version'])).toEqual({ code: 0, out: '1.2.3\n', err: '' })
  })

  it.each([
    ['drill rnu', 'did you mean drill run?'],
    ['dril run', 'did you mean drill run?'],
    ['jurney x', 'did you mean journey?'],
    ['frobnicate', 'they are drill run'],
  ])('is no command: seaworthy %s', async (typed, hint) => {
    const { code, out, err } = await seaworthy(typed.split(' '))
    expect({ code, out }).toEqual({ code: 64, out: '' })
    expect(err).toContain(hint)
  })

  it('lists all that is wrong with the options at once', async () => {
    const { code, err } = await seaworthy(
      'drill run --sed 4 --profile cii --max-wall soon --quiet=yes --seed'.split(' '),
    )
    expect(code).toBe(64)
    expect(err.split('\n').filter((line) => line.startsWith('- '))).toEqual([
      '- there is no option --sed; did you mean --seed?',
      '- --quiet takes no value',
      '- --seed needs a value: --seed SEED',
      '- --profile must be one of ci, soak-30m, soak-4h, soak-24h, not cii; did you mean ci?',
      '- --max-wall must be a duration such as 500ms, 20s, 5m or 4h, not soon',
    ])
  })

  it.each([
    ['drill experiment', 'needs FILE'],
    ['explain a.json b.json', 'does not know what to do with b.json'],
    ['drill run --seed 1 --seed 2', '--seed was given 2 times'],
    ['drill run --without cleanup', 'cleanup is none of CHAOS_INJECTION'],
    ['drill run --sim --real', 'only one of them'],
    ['drill cascade --only CF7', '--only must be one of CF1'],
    ['drill memory', 'exactly one of them must be given'],
    ['drill memory --pid 1 --program x.js', 'exactly one of them must be given'],
    ['dlq list', 'exactly one of them must be given'],
    ['dlq purge --redis redis://localhost', 'needs --older-than or --keep'],
    ['journey order-1 --redis localhost', 'must begin with redis://'],
    ['explain missing.json', 'missing.json: cannot be read: ENOENT'],
  ])('makes no sense: seaworthy %s', async (typed, problem) => {
    const { code, out, err } = await seaworthy(typed.split(' '), { directory: work.path })
    expect({ code, out }).toEqual({ code: 64, out: '' })
    expect(err).toContain(problem)
    expect(err).not.toContain('    at ')
  })
})

describe('drill breaker', () => {
  it('passes the breaker that comes with it', async () => {
    const { code, out } = await seaworthy(['drill', 'breaker'])
    expect(code).toBe(0)
    expect(out.match(/^✔ CB\d/gm)).toHaveLength(7)
    expect(out.trimEnd().endsWith('PASSED')).toBe(true)
  })

  it('fails a breaker that never opens, with exit code 1 and JSON that says why', async () => {
    const { code, out } = await seaworthy([
      'drill',
      'breaker',
      '--json',
      '--config',
      testFile('broken-breaker.mjs'),
    ])
    expect(code).toBe(1)
    const { passed, tests } = JSON.parse(out)
    expect(passed).toBe(false)
    expect(JSON.stringify(tests[0].evidence)).toContain('failure')
  })

  it('adapts to options of a file, and refuses options that there are not', async () => {
    const good = write('rules.json', { failureThreshold: 3, recoveryTimeout: '10s' })
    expect((await seaworthy(['drill', 'breaker', '--config', good])).code).toBe(0)
    const bad = write('bad-rules.json', { failureTreshold: 3 })
    const { code, err } = await seaworthy(['drill', 'breaker', '--config', bad])
    expect(code).toBe(64)
    expect(err).toContain("'failureTreshold'")
  })
})

describe('drill cascade', () => {
  it('shows what was measured, where it stopped, and that the control fails', async () => {
    const { code, out } = await seaworthy(['drill', 'cascade', '--only', 'CF2'])
    expect(code).toBe(0)
    expect(out).toMatch(/^✔ CF2 /m)
    expect(out).toContain('stopped at data_service > external_api')
    expect(out).toContain('✔ fails without')
  })

  it('reads a graph of a file, and says what is wrong with one', async () => {
    const graph = write('graph.json', { web: ['a'], a: ['b'], b: ['a'] })
    const { code, err } = await seaworthy(['drill', 'cascade', graph])
    expect(code).toBe(64)
    expect(err).toContain('free of circles')
  })

  it('is not passed when the graph can show nothing', async () => {
    const graph = write('small.json', { web: ['db'], db: [] })
    const { code, out } = await seaworthy(['drill', 'cascade', graph, '--only', 'CF2', '--json'])
    expect(code).toBe(2)
    expect(JSON.parse(out)[0].defended.notApplicable).not.toBe('')
  })
})

describe('drill run, replay and report', () => {
  const report = join(work.path, 'report', 'report.json')
  const brief = [
    'drill',
    'run',
    '--sim',
    '--config',
    testFile('brief.mjs'),
    '--report',
    join(work.path, 'report'),
  ]

  it('writes both reports, says where, tells each phase in a line and exits with the verdict', async () => {
    const { code, out, err } = await seaworthy([...brief, '--seed', '2'], { directory: work.path })
    expect({ code, err }).toMatchObject({ code: 0 })
    expect(out).toContain('PASSED  seed 2')
    expect(out).toContain('report: report/report.json, report/report.html')
    expect(err.match(/^[✔✘-] {2}/gm)).toHaveLength(9)
    expect(err).toMatch(/^✔ {2}Chaos injection .* \d+ faults, \d+ recovered$/m)
    expect(err).not.toContain('\u001b')
    expect(readFileSync(join(work.path, 'report/report.html'), 'utf8')).toContain('<!doctype html>')
  })

  it('a report follows from its log, until somebody changes a number in it', async () => {
    const page = join(work.path, 'page.html')
    const honest = await seaworthy(['drill', 'report', report, '--html', page])
    expect(honest.out).toContain('✔ every number follows from the log')
    expect(honest.code).toBe(0)
    expect(existsSync(page)).toBe(true)

    const changed = JSON.parse(readFileSync(report, 'utf8'))
    changed.successful_recoveries += 1
    changed.criteria[0].value = 0.99
    const { code, out } = await seaworthy(['drill', 'report', write('changed.json', changed)])
    expect(code).toBe(1)
    expect(out).toContain('successful_recoveries: ')
    expect(out).toContain('criteria.0.value: 0.99 in the file')
  })

  it('a replay is the same, event by event', async () => {
    const { code, out } = await seaworthy([
      'drill',
      'replay',
      report,
      '--config',
      testFile('brief.mjs'),
      '--quiet',
    ])
    expect(out).toMatch(/^✔ the same: \d+ events in virtual time, seed 2$/m)
    expect(code).toBe(0)
  })

  it('a replay of a log that was changed names the first event that differs', async () => {
    const changed = JSON.parse(readFileSync(report, 'utf8'))
    const event = changed.events.find(({ type }: { type: string }) => type === 'injection')
    event.at += 1
    const path = write('changed-event.json', changed)
    const args = ['drill', 'replay', path, '--config', testFile('brief.mjs'), '--quiet', '--json']
    const { code, out } = await seaworthy(args)
    const { same, first_difference } = JSON.parse(out)
    expect({ code, same, sequence: first_difference.before.sequence }).toEqual({
      code: 1,
      same: false,
      sequence: event.sequence,
    })
  })

  it('one event is shown with its neighbours; one that there is not is refused', async () => {
    const { code, out } = await seaworthy(['drill', 'replay', report, '--event', '40'])
    expect(code).toBe(0)
    expect(out.match(/^[> ] {2}\d+ /gm)).toHaveLength(11)
    expect(out).toMatch(/^> {2}40 /m)
    expect((await seaworthy(['drill', 'replay', report, '--event', '99999'])).code).toBe(64)
  })

  it('with a breaker that never opens exits 1, and JSON on standard output is all there is', async () => {
    const config = testFile('broken-breaker.mjs')
    const args = [
      'drill',
      'run',
      '--sim',
      '--json',
      '--config',
      config,
      '--report',
      join(work.path, 'broken'),
    ]
    const { code, out } = await seaworthy(args)
    const { overall_result, exit_code } = JSON.parse(out)
    expect({ code, overall_result, exit_code }).toEqual({ code: 1, overall_result: 'FAILED', exit_code: 1 })
  })

  it('interrupted by a signal ends in order, writes a report that says so, and exits 130', async () => {
    const signals = new EventEmitter()
    let [err, pressed] = ['', 0]
    const stderr = {
      write(text: string) {
        err += text
        // In the middle of the faults.
        if (text.includes('Baseline') && pressed++ === 0) signals.emit('SIGINT', 'SIGINT')
      },
    }
    const { code } = await seaworthy([...brief.slice(0, -1), join(work.path, 'interrupted')], {
      signals,
      stderr,
    })
    expect({ code, pressed }).toEqual({ code: 130, pressed: 1 })
    expect(err).toContain('SIGINT: taking everything back')
    const written = JSON.parse(readFileSync(join(work.path, 'interrupted/report.json'), 'utf8'))
    expect(written).toMatchObject({ interrupted: true, overall_result: 'PARTIAL' })
    expect(signals.eventNames()).toEqual([])
  })

  it('a moving line on a terminal names the phase and what users get, and goes away', async () => {
    const { code, err } = await seaworthy(brief, { typed: '' })
    expect(code).toBe(0)
    expect(err).toMatch(/\r█+▒░+ {2}Chaos injection {2}.*\d full, /)
    expect(err).toContain('\r\u001b[K')
    expect(err).toContain('\u001b[32m✔\u001b[39m  Clean-up')
    const plain = await seaworthy(brief, { typed: '', environment: { NO_COLOR: '1' } })
    expect(plain.err).not.toContain('\u001b[32m')
  })

  it.each([
    [
      { service: { url: 'localhost', targets: [] } },
      ['service.url must be an address', 'service.targets must name'],
    ],
    [
      { profil: 'ci', limits: { availability: 'much', recovery: 1 }, without: ['CLEANUP'], memory: {} },
      [
        'profil is unknown; known are profile',
        'did you mean profile?',
        'limits.recovery is unknown',
        'limits.availability must be a number',
        'without must be a list of some of',
        'memory.program is missing',
      ],
    ],
    [
      {
        service: {
          url: 'http://localhost:1',
          targets: [
            { id: 'db', tcp: { to: 'localhost' } },
            { id: 'db', process: { pid: 1, command: 'x' } },
            { tcp: { to: 'a:1', listen: 70000 }, process: { pid: 1 } },
          ],
        },
      },
      [
        'service.targets[0].tcp.to must be host:port',
        'service.targets[1].id is taken: db',
        'service.targets[1].process.pid or command must be given',
        'service.targets[2].id is missing',
        'service.targets[2].tcp or process must be given, and not both',
        'service.targets[2].tcp.listen must be a whole number from 1 to 65535',
      ],
    ],
    [{ topology: { web: ['nobody'], db: [] } }, ['topology: ']],
    ['{ "seed": ', ['is no JSON']],
    [[], ['the file must be an object']],
  ])('a file that makes no sense is refused with all that is wrong, case %#', async (config, problems) => {
    const path = write('config.json', config)
    const { code, err } = await seaworthy(['drill', 'run', '--config', path])
    expect(code).toBe(64)
    for (const problem of problems) expect(err).toContain(problem)
  })
})

describe('drill experiment', () => {
  const experiment = (limit: number) => ({
    version: 1,
    title: 'The provider is gone',
    steadyState: {
      probes: [
        {
          id: 'answers',
          metric: 'success_rate',
          tolerance: { op: '>=', value: 0.99 },
          minSamples: 30,
          when: ['before', 'during', 'after'],
        },
        { id: 'asks', call: 'request', tolerance: { op: 'in', values: ['full', 'degraded'] } },
      ],
    },
    method: [
      { load: { rps: 50 } },
      { at: '2s', inject: 'provider_outage', on: 'primary provider', for: '5s' },
    ],
    expect: [{ id: 'recovered', metric: 'recovery_success_rate', op: '>=', value: limit }],
  })

  it('runs in virtual time against the sample, and is the same for the same seed', async () => {
    const path = write('experiment.json', experiment(0.8))
    const args = ['drill', 'experiment', path, '--seed', '5', '--json', '--quiet']
    const [first, second] = [await seaworthy(args), await seaworthy(args)]
    expect(first.code).toBe(0)
    const { status, injections, probes } = JSON.parse(first.out)
    expect({ status, injections: injections.length }).toEqual({ status: 'passed', injections: 1 })
    expect(probes.length).toBeGreaterThan(5)
    expect(second.out).toBe(first.out)
  })

  it('fails when an expectation is not met, and tells each probe in one row', async () => {
    const { code, out } = await seaworthy([
      'drill',
      'experiment',
      write('hopeless.json', experiment(2)),
      '--quiet',
    ])
    expect(code).toBe(1)
    expect(out).toContain('✘ recovered: 1 >= 2')
    expect(out).toMatch(/^✔ answers {2}during .* asked \d+ times$/m)
  })

  it('refuses a file with all that is wrong, and targets that there are not', async () => {
    const wrong = await seaworthy([
      'drill',
      'experiment',
      write('wrong.json', { version: 1, title: '', metod: [] }),
    ])
    expect(wrong.code).toBe(64)
    expect(wrong.err).toContain('did you mean "method"?')
    const elsewhere = { ...experiment(1), method: [{ inject: 'provider_outage', on: 'mars', for: '1s' }] }
    expect((await seaworthy(['drill', 'experiment', write('mars.json', elsewhere)])).code).toBe(64)
  })
})

describe('explain', () => {
  it('explains a graph of a file, and exits 1 for a warning that is an error', async () => {
    const graph = write('services.json', { nodes: { web: { calls: ['db'] }, db: { duration: '50ms' } } })
    const good = await seaworthy(['explain', graph])
    expect(good).toMatchObject({ code: 0, out: expect.stringContaining('└─ db') })
    const slow = await seaworthy(['explain', graph, '--within', '20ms', '--json'])
    const { warnings } = JSON.parse(slow.out)
    expect(warnings.length).toBeGreaterThan(0)
    expect(slow.code).toBe(
      warnings.some(({ severity }: { severity: string }) => severity === 'error') ? 1 : 0,
    )
  })

  it('explains what a module exports; endless waits are texts in JSON', async () => {
    const { out } = await seaworthy(['explain', testFile('policy.mjs'), '--json'])
    expect(JSON.parse(out)).toMatchObject({ order: 'function', worstCase: 'Infinity' })
  })

  it('refuses policies in JSON, which could not describe themselves', async () => {
    const graph = write('policies.json', { nodes: { web: { policy: { timeout: 1 } } } })
    expect(await seaworthy(['explain', graph])).toMatchObject({
      code: 64,
      err: expect.stringContaining('nodes.web has a policy; write the graph as a module'),
    })
  })
})

describe('an interruption', () => {
  it('stops in order at the first signal; at the second it does what must be done and leaves', () => {
    const said: string[] = []
    const left: number[] = []
    const signals = new EventEmitter()
    const interruption = new Interruption(
      (code) => left.push(code),
      (text) => said.push(text),
    )
    const forget = interruption.follow(signals)
    const done: string[] = []
    interruption.inEmergency(() => {
      throw new Error('this one fails')
    })
    interruption.inEmergency(() => done.push('undone'))
    interruption.inEmergency(() => done.push('forgotten'))()
    signals.emit('SIGTERM', 'SIGTERM')
    expect({ done, left, aborted: interruption.signal.aborted, code: interruption.code }).toEqual({
      done: [],
      left: [],
      aborted: true,
      code: 143,
    })
    signals.emit('SIGINT', 'SIGINT')
    expect({ done, left, said: said.length }).toEqual({ done: ['undone'], left: [143], said: 1 })
    forget()
    expect(signals.eventNames()).toEqual([])
  })

  it('takes back every fault that is in place at once, also behind one that cannot be', async () => {
    const interruption = new Interruption(
      () => {},
      () => {},
    )
    const guard = new KillSwitch(interruption)
    const recovered: string[] = []
    const target = (id: string) =>
      guard.guard({
        id,
        supports: ['error'],
        apply: () => ({
          recover() {
            recovered.push(id)
            if (id === 'stuck') throw new Error('stuck')
          },
        }),
      })
    const injection = { id: 'i', hit: () => undefined, note() {} }
    const fault = { kind: 'error', error: 'timeout' } as never // The targets do not look at it.
    const first = target('ended before').apply(fault, injection)
    for (const id of ['stuck', 'in place']) target(id).apply(fault, injection)
    await first.recover()
    expect(guard.faults).toBe(2)
    interruption.leave(130)
    expect(recovered).toEqual(['ended before', 'stuck', 'in place'])
    expect(guard.faults).toBe(0)
  })
})

it('a drill that does not come to an end after an interruption is not waited for, and is reported', async () => {
  const clock = new VirtualClock()
  const interruption = new Interruption(
    () => {},
    () => {},
  )
  const guard = new KillSwitch(interruption)
  const stuck = guard.guardService({ name: 'stuck', start: () => new Promise(() => {}) })
  const session = { clock, interruption } as unknown as Session // Nothing else of it is used.
  const ended = interruptibleDrill({ simulated: false, real: stuck }, guard, session)
  interruption.stop('enough')
  await clock.advance('20s')
  const { report, abandoned } = await ended
  expect({ abandoned, interrupted: report.interrupted, result: report.overall_result }).toEqual({
    abandoned: true,
    interrupted: true,
    result: 'PARTIAL',
  })
  expect(clock.pendingTimers).toBe(0)
})

it('a package that is not installed is named, with the command that installs it', async () => {
  const missing = Object.assign(new Error("Cannot find package '@seaworthy/redis'"), {
    code: 'ERR_MODULE_NOT_FOUND',
  })
  const load = loaded(['@seaworthy/redis', 'ioredis'], () => Promise.reject(missing))
  await expect(load).rejects.toThrow('npm install @seaworthy/redis ioredis')
  await expect(load).rejects.toBeInstanceOf(UsageError)
  const broken = new Error('a bug in it')
  await expect(loaded(['x'], () => Promise.reject(broken))).rejects.toBe(broken)
})
