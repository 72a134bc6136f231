import { describe, expect, it } from 'vitest'
import { help, readFlags } from '../src/flags.ts'

describe('the command line', () => {
  it('has defaults', () => {
    expect(readFlags([])).toMatchObject({ help: false, rounds: 1, seed: '16' })
    expect(readFlags([]).report).toMatch(/seaworthy-drill$/)
  })

  it('takes what it says that it takes', () => {
    expect(readFlags(['--rounds', '3', '--seed', 'x', '--report', 'here'])).toEqual({
      help: false,
      rounds: 3,
      seed: 'x',
      report: 'here',
    })
    for (const name of ['--rounds', '--seed', '--report', '--help']) expect(help).toContain(name)
  })

  it.each([[['--rounds', '0']], [['--rounds', '1.5']], [['--rounds', 'many']], [['--strange']], [['word']]])(
    'does not take %s',
    (args) => {
      expect(() => readFlags(args)).toThrow()
    },
  )
})
