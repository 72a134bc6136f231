import type { Socket } from 'node:net'
import type { Clock, Random } from '@seaworthy/core'
import { type LinkConditions, TcpLink } from './tcp-link.ts'

/** What the connections of a proxy have in common. */
export interface ProxyState {
  readonly clock: Clock
  readonly up: LinkConditions
  readonly down: LinkConditions
  /** How many requests are still to lose their reply. */
  repliesToLose: number
  repliesLost: number
}

/** A client, a server, and a link in each direction between them. */
export class TcpConnection {
  /** Resolves when both sockets are closed. */
  readonly closed: Promise<void>
  readonly #client: Socket
  readonly #server: Socket
  readonly #state: ProxyState
  readonly #up: TcpLink
  readonly #down: TcpLink
  #losesReply = false

  /** @param random - Two independent sources, one for each direction, so that neither depends on the other's traffic. */
  constructor(
    client: Socket,
    server: Socket,
    state: ProxyState,
    random: { readonly up: Random; readonly down: Random },
  ) {
    const { clock } = state
    this.#client = client
    this.#server = server
    this.#state = state
    this.#up = new TcpLink(client, server, state.up, { clock, random: random.up }, this.#requestForwarded)
    this.#down = new TcpLink(server, client, state.down, { clock, random: random.down }, () => {})
    listen(client, this.#up, (bytes) => this.#up.send(bytes))
    listen(server, this.#down, (bytes) => {
      if (this.#losesReply) this.#loseReply(bytes)
      else this.#down.send(bytes)
    })
    this.closed = Promise.all([closing(client), closing(server)]).then(() => {})
  }

  /** Forwards what the conditions allow, after they have changed. */
  flow(): void {
    this.#up.flow()
    this.#down.flow()
  }

  /** Delivers all that was held. A stream with a hole in it cannot go on. */
  heal(): void {
    this.#losesReply = false
    if (this.#up.hasHole || this.#down.hasHole) {
      this.reset()
      return
    }
    this.#up.hurry()
    this.#down.hurry()
  }

  /** Ends both sides, as if each had been told that the other has no more to say. */
  cut(): void {
    this.#sever()
    this.#client.end()
    this.#server.end()
  }

  /** Resets both sides. */
  reset(): void {
    this.#sever()
    this.#client.resetAndDestroy()
    // Nobody there knows of a connection that is not made yet, and it may never be made.
    if (this.#server.connecting) this.#server.destroy()
    else this.#server.resetAndDestroy()
  }

  /** Lets go of everything at once. */
  destroy(): void {
    this.#sever()
    this.#client.destroy()
    this.#server.destroy()
  }

  #sever(): void {
    this.#up.sever()
    this.#down.sever()
  }

  readonly #requestForwarded = (): void => {
    if (this.#losesReply || this.#state.repliesToLose === 0) return
    this.#state.repliesToLose--
    this.#losesReply = true
  }

  #loseReply(bytes: Buffer): void {
    this.#state.repliesLost++
    this.#down.lose(bytes)
    this.reset()
  }
}

function listen(source: Socket, link: TcpLink, onData: (bytes: Buffer) => void): void {
  source.on('data', onData)
  source.on('end', () => link.send('end'))
  // Reset by the other side, or nobody there. The one behind the link learns it in the same way.
  source.on('error', () => link.send('reset'))
}

const closing = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.once('close', () => resolve())
  })
