/**
 * Events of a client for any number of stores, with one listener on the client for each kind: Node takes more than ten for a leak, and
 * says so on the console of whoever owns the client.
 */
import type { Commands } from './client.ts'

type ClientEvent = 'ready' | 'end'

interface Shared {
  readonly callbacks: Set<() => void>
  readonly listener: () => void
}

const heard: Readonly<Record<ClientEvent, WeakMap<object, Shared>>> = {
  ready: new WeakMap(),
  end: new WeakMap(),
}

/** Calls back at each event of a client. @returns A function that ends it; the last one takes the listener off. */
export function onClient(
  client: Pick<Commands, 'on' | 'off'>,
  event: ClientEvent,
  callback: () => void,
): () => void {
  const clients = heard[event]
  const shared = clients.get(client) ?? listen(client, event)
  clients.set(client, shared)
  // Somebody may ask twice with one function, and each has an end of its own.
  const own = (): void => callback()
  shared.callbacks.add(own)
  return () => {
    if (!shared.callbacks.delete(own) || shared.callbacks.size > 0) return
    client.off(event, shared.listener)
    clients.delete(client)
  }
}

function listen(client: Pick<Commands, 'on'>, event: ClientEvent): Shared {
  const callbacks = new Set<() => void>()
  const listener = (): void => {
    for (const callback of [...callbacks]) callback()
  }
  client.on(event, listener)
  return { callbacks, listener }
}
