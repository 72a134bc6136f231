import { expect, it } from 'vitest'
import { deployInMemory } from '../src/deployment.ts'
import { hire } from '../src/operators.ts'
import { startPayments } from '../src/payments.ts'
import { play } from '../src/story.ts'

it('the story in memory: every claim holds, and nothing keeps the process alive', async () => {
  const payments = await startPayments()
  const operators = hire(Array.from({ length: 50 }, (_, n) => `operator ${n}`))
  const deployment = await deployInMemory(payments.url, operators)
  const told: string[] = []
  const { claims } = await play(
    deployment,
    payments,
    12,
    Object.keys(operators),
    (line) => told.push(line),
    () => {},
  )
  await deployment.close()
  await payments.close()
  expect(claims.filter(({ holds }) => !holds)).toEqual([])
  expect(told).toContain('worker 1 was cut off from its stream')
})
