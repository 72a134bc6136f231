/** Few random histories may miss by chance what can happen; a kit must not fail because of it. */
import { type Sometimes, sometimes } from '@seaworthy/testing'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { assertUntilSeen } from '../src/conformance/until-seen.ts'

/** Ten histories a round; something rare happens after so many. */
async function tried(rareAfter: number): Promise<readonly [histories: number, different: number]> {
  const seen: Sometimes<string> = sometimes(['often', 'rare'])
  const values: number[] = []
  const property = fc.asyncProperty(fc.nat(), async (value) => {
    values.push(value)
    seen.mark('often')
    if (values.length > rareAfter) seen.mark('rare')
  })
  try {
    await assertUntilSeen(seen, property, { numRuns: 10, seed: 1 })
  } catch (error) {
    expect(String(error)).toContain('Never happened: rare')
    throw new Error(`${values.length} histories`)
  }
  return [values.length, new Set(values).size]
}

it('tries no more histories than it was told to, if they show all there is', async () => {
  expect((await tried(5))[0]).toBe(10)
})

it('goes on with other histories until they do', async () => {
  const [histories, different] = await tried(25)
  expect(histories).toBe(30)
  expect(different).toBeGreaterThan(15)
})

it('does not go on for ever', async () => {
  await expect(tried(1000)).rejects.toThrow('100 histories')
})
