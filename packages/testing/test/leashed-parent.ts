/** Starts servers, says which processes they are, and waits to be killed. See leash.server.test.ts. */
import { startPostgres, startRedis } from '@seaworthy/testing/servers'

const servers = await Promise.all([startRedis({ persistence: 'everysec' }), startPostgres()])
if (process.argv[2] === 'paused') for (const server of servers) server.pause()
console.log(JSON.stringify(servers.map(({ pid }) => pid)))
setInterval(() => {}, 60_000)
