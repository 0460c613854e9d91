/** A peer as p2p.peers names it. */
export interface PeerAddress {
  readonly host: string
  readonly port: number
  /** '' in a listen address. */
  readonly peerId: string
}

/** Reads `/ip4/HOST/tcp/PORT[/p2p/ID]`; undefined for anything else. Spaces are not trimmed, as in the node (evnode.md B 1.2). */
export function readMultiaddress(text: string): PeerAddress | undefined {
  const [, host, port, peerId = ''] =
    /^\/(?:ip4|ip6|dns|dns4|dns6)\/([^/]+)\/tcp\/(\d+)(?:\/p2p\/([^/]+))?$/.exec(text) ?? []
  return host === undefined ? undefined : { host, port: Number(port), peerId }
}
