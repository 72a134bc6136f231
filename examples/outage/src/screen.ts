/** The terminal while a live picture is on it: drawn in place without flicker, and given back however we end. */
import type { WriteStream } from 'node:tty'
import { styleText } from 'node:util'
import type { Paint } from './view.ts'

// What a terminal is told. Node has no names for these; they are the same on every terminal of this century.
const enter = '\x1b[?1049h\x1b[?25l' // the second screen, no cursor
const leave = '\x1b[?25h\x1b[?1049l'
const home = '\x1b[H'
const clearLine = '\x1b[K'
const clearBelow = '\x1b[J'
/** The terminal shows a frame when it is complete; those that do not know it ignore it. */
const beginFrame = '\x1b[?2026h'
const endFrame = '\x1b[?2026l'

/** The terminal's second screen, so what was on the first one comes back. */
export class Screen {
  readonly #output: WriteStream
  readonly #restore = (): void => this.close()
  #open = true

  constructor(output: WriteStream) {
    this.#output = output
    output.write(enter)
    process.once('exit', this.#restore)
    // An error that ends the process is printed before that, and would vanish with the second screen.
    process.once('uncaughtExceptionMonitor', this.#restore)
  }

  /** Shows lines, in one write. What does not fit on the terminal is left out. */
  show(lines: readonly string[]): void {
    if (!this.#open) return
    const body = lines.slice(0, this.#output.rows).map((line) => line + clearLine)
    this.#output.write(beginFrame + home + body.join('\r\n') + clearBelow + endFrame)
  }

  /** Gives the terminal back. */
  close(): void {
    if (!this.#open) return
    this.#open = false
    process.off('exit', this.#restore)
    process.off('uncaughtExceptionMonitor', this.#restore)
    this.#output.write(leave)
  }
}

/**
 * Colours if the stream can show them. `hasColors` knows NO_COLOR, FORCE_COLOR and what terminals can do, and Node's
 * own `styleText` is all the colour that this needs.
 */
export function painter(output: WriteStream): Paint {
  if (!output.isTTY || !output.hasColors()) return (_style, text) => text
  // From Node 22.13 on styleText looks at the stream as well; the answer is the same.
  return (style, text) => styleText(style, text)
}
