import { sometimes } from '@seaworthy/testing'
import { describe, expect, test } from 'vitest'

describe('sometimes', () => {
  test('is content when everything happened', () => {
    const seen = sometimes(['opened', 'closed'])
    seen.mark('opened')
    seen.mark('opened')
    seen.mark('closed')
    expect(seen.counts()).toEqual({ opened: 2, closed: 1 })
    seen.verify()
  })

  test('names what never happened, and what did', () => {
    const seen = sometimes(['opened', 'closed', 'stale'])
    expect(() => seen.verify()).toThrow('Never happened: opened, closed, stale. Happened: nothing.')
    seen.mark('closed')
    expect(() => seen.verify()).toThrow('Never happened: opened, stale. Happened: closed 1.')
  })

  test('refuses a name that was not announced', () => {
    expect(() => sometimes(['opened']).mark('opend' as 'opened')).toThrow("'opend' is none of: opened")
  })
})
