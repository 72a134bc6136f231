/** A program that has nothing to do with drills, but for one line. With the argument `ends` it has nothing to do at all. */
import { createServer } from 'node:http'
import { serveMemory } from '../../src/memory/child-process.ts'

serveMemory()
if (process.argv[2] !== 'ends') createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1')
