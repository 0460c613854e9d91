/** The files of its config directory, as one speaks of them. */
export const fileNames = {
  config: 'evnode.yaml',
  genesis: 'genesis.json',
  signer: 'signer.json',
  nodeKey: 'node_key.json',
} as const

/** `db_path` where the node is told no other: below its home. */
export const dataDirName = 'data'

/** Files of a node below its home (evnode.md B 6.1). */
export const homeFiles = (home: string) => ({
  configDir: `${home}/config`,
  /** The databases, where `db_path` is the node's default. */
  data: `${home}/${dataDirName}`,
  config: `${home}/config/${fileNames.config}`,
  genesis: `${home}/config/${fileNames.genesis}`,
  signer: `${home}/config/${fileNames.signer}`,
  /** Never copied: two nodes with one of them have one peer id. */
  nodeKey: `${home}/config/${fileNames.nodeKey}`,
})

/**
 * A POSIX shell command that prints the public key, base64, of a signer.json or node_key.json (evnode.md B 6.4): the
 * private half must not leave its host. `file` stands between double quotes, e.g. `$1`.
 */
export const printPublicKey = (file: string) =>
  `sed -n 's/.*"pub_key"[[:space:]]*:[[:space:]]*"\\([^"]*\\)".*/\\1/p' "${file}"`

/** The public part of a signer.json as `readSigner` takes it, from what `printPublicKey` printed. */
export const signerOfPublicKey = (publicKey: string) => JSON.stringify({ pub_key: publicKey })

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
