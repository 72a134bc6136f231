/**
 * What a killed worker costs: `recovery.mjs ROLE CONTENDER URL QUEUE`. The `victim` takes one job and hangs in it; the `heir` says
 * when the job comes to it. Default settings on both sides.
 */
import { contenders } from './contenders.ts'

const [role, contender, url = '', name = ''] = process.argv.slice(2)
const queue = contenders.find((each) => each.name === contender)?.open(url, name)
if (queue === undefined) throw new Error(`no contender is called ${contender}`)

if (role === 'enqueue') {
  await queue.enqueue()
  process.exit(0)
}
queue.work(1, () => {
  console.log('started')
  return role === 'victim' ? new Promise(() => {}) : process.exit(0)
})
