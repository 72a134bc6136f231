/** Scripts with a mistake in them: the conformance kit has to notice each. */
import {
  type Breakable,
  type TaskStreamUnderTest,
  taskStreamConformance,
} from '@seaworthy/testing/conformance'
import { redisForTests, tcpProxy } from '@seaworthy/testing/servers'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, it } from 'vitest'
import { streamScripts } from '../src/stream-scripts.ts'
import { settledServer, underTest } from './stream-server.ts'
import { streamMistakes } from './stream-wrong-scripts.ts'
import { expectToNotice } from './wrong-scripts.ts'

let redis: Redis
beforeAll(async () => {
  redis = new Redis(await settledServer())
})
afterAll(() => redis.disconnect())

it.each(streamMistakes)('a script that $mistake is noticed', (mistake) =>
  expectToNotice(redis, mistake, (rewrite) => ({
    scripts: Object.values(streamScripts(rewrite)),
    kit: taskStreamConformance({
      name: 'scripts',
      clock: 'real',
      create: async (setup) => underTest(redis, setup, rewrite),
      breakable: { offers: ['proxy'], create: () => behindProxy(rewrite) },
    }),
  })),
)

/** The client behind a network of its own; the server is that of all tests. */
async function behindProxy(rewrite: (lua: string) => string): Promise<Breakable<TaskStreamUnderTest>> {
  const server = await redisForTests()
  const proxy = await tcpProxy({ target: server })
  const client = new Redis(server.url.replace(String(server.port), String(proxy.port)), {
    autoResendUnfulfilledCommands: false,
    retryStrategy: () => 20,
  })
  client.on('error', () => {})
  const under = underTest(client, { capacity: 20, maxLetters: 100 }, rewrite)
  return {
    ...under,
    async close() {
      await under.close()
      client.disconnect()
      await proxy.close()
    },
    faults: {
      loseReply: () => proxy.dropNextReply(),
      partition: () => proxy.stall(),
      heal: () => proxy.heal(),
    },
  }
}
