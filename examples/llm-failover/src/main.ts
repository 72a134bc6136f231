/**
 * `npm run example:llm-failover`: a bad minute of a provider of a language model, over real HTTP, and what users notice of it.
 * Exits with 1 if a claim does not hold.
 */
import { claims } from './claims.ts'
import { claimsOfDefaults, playDefaults, table } from './defaults.ts'
import { day, play } from './story.ts'

console.log(`Two providers answer chat completions, two groups of users ask: 2 and 50 questions a second, every other one streamed.
A line a second: who answered, how many questions were lost, what the failover thinks of the primary.`)
const result = await play(day, (line) => console.log(line))

console.log('\nOne-minute outages with the default times, on a virtual clock:\n')
const played = await playDefaults()
for (const line of table(played)) console.log(`  ${line}`)

console.log()
const checked = [...claims(result), ...claimsOfDefaults(played)]
for (const { holds, text, detail } of checked) console.log(` ${holds ? '✓' : '✗'} ${text}\n   ${detail}`)
const held = checked.filter(({ holds }) => holds).length
console.log(`\n ${held} of ${checked.length} claims hold`)
if (held < checked.length) process.exitCode = 1
