/** What the adapter knows about a request that is not in the request itself. */
export interface RequestInfo {
  /** The address of the other end of the connection. */
  readonly remoteAddress?: string | undefined
}
