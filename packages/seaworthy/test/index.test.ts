import * as circuitBreaker from '@seaworthy/circuit-breaker'
import * as core from '@seaworthy/core'
import * as fallback from '@seaworthy/fallback'
import * as flow from '@seaworthy/flow'
import * as retry from '@seaworthy/retry'
import * as seaworthy from 'seaworthy'
import { expect, it } from 'vitest'

const parts: readonly object[] = [circuitBreaker, core, fallback, flow, retry]

it('exports all that the packages export, as the same objects', () => {
  for (const part of parts) expect(seaworthy).toMatchObject(part)
})

it('exports no name that two packages use, since neither would get through', () => {
  const names = parts.flatMap((part) => Object.keys(part))
  expect(names.filter((name, index) => names.indexOf(name) < index)).toEqual([])
})
