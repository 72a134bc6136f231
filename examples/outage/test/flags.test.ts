import { describe, expect, it } from 'vitest'
import { help, readFlags } from '../src/flags.ts'

describe('the command line', () => {
  it('has defaults', () => {
    expect(readFlags([])).toEqual({
      help: false,
      seed: 1,
      duration: 30_000,
      port: 0,
      report: true,
      json: undefined,
    })
  })

  it('reads every flag that the help names', () => {
    const flags = '--seed 42 --duration 1m --port 8080 --no-report --json out.json'
    expect(readFlags(flags.split(' '))).toEqual({
      help: false,
      seed: 42,
      duration: 60_000,
      port: 8080,
      report: false,
      json: 'out.json',
    })
    for (const flag of flags.match(/--[a-z-]+/g) ?? []) expect(help).toContain(flag)
  })

  it.each([
    [['--seed', 'seven'], /--seed must be a whole number/],
    [['--duration', 'soon'], /--duration must be a duration/],
    [['--duration', '1s'], /--duration must be between 6s and 120s/],
    [['--port', '65535'], /--port must be/],
    [['--colour'], /--colour/],
  ])('refuses %j', (args, message) => {
    expect(() => readFlags(args)).toThrow(message)
  })
})
