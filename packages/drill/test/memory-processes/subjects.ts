/** Programs that leak in one way each, and one that does not. The argument says which. */
import { type SoakSubject, soakProgram } from '../../src/memory/soak-program.ts'

const held = new AbortController()
const map = new Map<number, { id: number; parts: number[] }>()
const closures: (() => number)[] = []
const buffers: Buffer[] = []
const recent: { id: number; text: string }[] = []

class Session {
  readonly id: number
  readonly text: string
  constructor(id: number) {
    this.id = id
    this.text = `session ${id} of a user`
  }
}
const sessions: Session[] = []

/** Work that makes garbage, waits a little, and cleans up after itself. */
async function work(number: number): Promise<void> {
  const request = {
    id: number,
    text: `request ${number}`,
    parts: Array.from({ length: 20 }, (_, i) => i * number),
  }
  const stop = new AbortController()
  const onAbort = (): void => {}
  stop.signal.addEventListener('abort', onAbort)
  await new Promise((resolve) => setTimeout(resolve, 2))
  stop.signal.removeEventListener('abort', onAbort)
  recent.push({ id: request.id, text: request.text })
  if (recent.length > 200) recent.shift()
}

const subjects: Readonly<Record<string, SoakSubject>> = {
  clean: {
    operation: work,
    signals: { shutdown: held.signal },
    gauges: () => ({ recent: recent.length }),
    classes: { Session },
  },
  listeners: {
    async operation(number) {
      await work(number)
      held.signal.addEventListener('abort', () => number)
    },
    signals: { shutdown: held.signal },
  },
  map: {
    async operation(number) {
      await work(number)
      map.set(number, { id: number, parts: Array.from({ length: 30 }, (_, i) => i + number) })
    },
    gauges: () => ({ map: map.size }),
  },
  closures: {
    async operation(number) {
      await work(number)
      const scratch = Array.from({ length: 30 }, (_, i) => i + number)
      closures.push(() => scratch.length)
    },
  },
  buffers: {
    async operation(number) {
      await work(number)
      if (number % 10 === 0) buffers.push(Buffer.alloc(65_536, 1))
    },
  },
  objects: {
    async operation(number) {
      await work(number)
      sessions.push(new Session(number))
    },
    classes: { Session },
  },
}

const subject = subjects[process.argv[2] ?? '']
if (subject === undefined) throw new Error(`One of ${Object.keys(subjects).join(', ')}`)
soakProgram(subject)
