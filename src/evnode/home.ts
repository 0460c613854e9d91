/** Files of a node below its home (evnode.md B 6.1). */
export const homeFiles = (home: string) => ({
  config: `${home}/config/evnode.yaml`,
  genesis: `${home}/config/genesis.json`,
  signer: `${home}/config/signer.json`,
  /** Never copied: two nodes with one of them have one peer id. */
  nodeKey: `${home}/config/node_key.json`,
})

export interface InitNode {
  readonly binary: string
  /** An empty directory: on a home that is in use `init` rewrites the configuration (evnode.md B 1.2). */
  readonly home: string
  readonly chain: string
  readonly passphraseFile?: string
}

/** The node's own `init`: lays fresh files below a home, a node key among them. */
export function initArgv({ binary, home, chain, passphraseFile }: InitNode): readonly [string, ...string[]] {
  return [
    binary,
    'init',
    '--home',
    home,
    '--chain_id',
    chain,
    '--evnode.node.aggregator=true',
    ...(passphraseFile === undefined ? [] : ['--evnode.signer.passphrase_file', passphraseFile]),
  ]
}
