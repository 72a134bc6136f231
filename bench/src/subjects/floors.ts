/** What the platform itself charges for watching a promise, by the way it is done: nothing can be cheaper. */
import { bare, type Contender, type Subject } from '../harness.ts'
import { returnsTheValue, sink, succeeds } from './functions.ts'

const observe = (result: unknown): unknown => result
const rethrow = (error: unknown): never => {
  throw error
}
const never = new Promise(() => {})

const shapes: readonly Contender[] = [
  { name: 'fn() handed through: observes nothing', floor: true, build: () => (fn) => fn() },
  {
    name: 'then(observe, rethrow), handlers shared by all calls',
    floor: true,
    build: () => (fn) => fn().then(observe, rethrow),
  },
  {
    name: 'then(observe, rethrow), handlers made for each call',
    floor: true,
    build: () => (fn) =>
      fn().then(
        (result) => result,
        (error) => {
          throw error
        },
      ),
  },
  {
    name: 'new Promise and then(resolve, reject): may settle early',
    floor: true,
    build: () => (fn) => new Promise((resolve, reject) => fn().then(resolve, reject)),
  },
  {
    name: 'async function with try and await',
    floor: true,
    build: () => async (fn) => {
      try {
        return await fn()
      } catch (error) {
        return rethrow(error)
      }
    },
  },
  {
    name: 'the same, with the time taken before and after',
    floor: true,
    build: () => async (fn) => {
      const began = performance.now()
      try {
        return await fn()
      } finally {
        sink.value = performance.now() - began
      }
    },
  },
  { name: 'Promise.race([fn(), never])', floor: true, build: () => (fn) => Promise.race([fn(), never]) },
  { name: 'finally(observe)', floor: true, build: () => (fn) => fn().finally(observe as () => void) },
]

export const floorSubjects: readonly Subject[] = [
  {
    name: 'floor',
    title: 'The platform: ways to watch a promise',
    contenders: [bare, ...shapes],
    functions: () => [succeeds],
    verify: returnsTheValue,
  },
]
