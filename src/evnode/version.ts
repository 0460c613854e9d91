/** What the node's `version` says of its binary. */
export type BinaryVersion =
  | { readonly kind: 'release'; readonly text: string; readonly atLeast: (wanted: string) => boolean }
  /** Built without stamps, or not by its makers: the node itself does not know (evnode.md B 1.2). */
  | { readonly kind: 'unstamped' }

/** Before it the flags of Raft that evha writes do not exist (evnode.md B 12, #3230). */
export const oldestVersion = 'v1.1.1'
/** The version on which everything here was seen or read (evnode.md B 13). */
export const knownVersion = 'v1.2.3'

/** Reads the output of `version`: `evolve version: v1.2.3`, or an error that no version is set. */
export function readVersion(said: string): BinaryVersion {
  const [, text, ...numbers] =
    /(?:version:?|ev-node)\s+(v?(\d{1,6})\.(\d{1,6})\.(\d{1,6})[\w.+-]{0,60})/i.exec(said) ?? []
  if (text === undefined) return { kind: 'unstamped' }
  return { kind: 'release', text, atLeast: (wanted) => notBefore(numbers.map(Number), wanted) }
}

function notBefore(numbers: readonly number[], wanted: string): boolean {
  const limits = wanted.slice(1).split('.').map(Number)
  const at = limits.findIndex((limit, k) => limit !== numbers[k])
  return at === -1 || (numbers[at] ?? 0) > (limits[at] ?? 0)
}

export interface VersionProblem {
  readonly blocks: boolean
  readonly problem: string
  readonly why: string
  readonly cure: string
}

/** What is wrong with a binary by its version; null where nothing is known against it. One digest on all nodes is asked for besides. */
export function versionProblem(said: string): VersionProblem | null {
  const version = readVersion(said)
  if (version.kind === 'unstamped')
    return {
      blocks: false,
      problem: 'the binary does not tell its version',
      why: `evha knows the node as of ${knownVersion}; before ${oldestVersion} it can not be a cluster member`,
      cure: 'see which version it was built from; evha compares the binaries by their sha256',
    }
  if (!version.atLeast(oldestVersion))
    return {
      blocks: true,
      problem: `the binary is ${version.text}`,
      why: `before ${oldestVersion} a node knows neither raft.election_timeout nor raft.snapshot_threshold, and does not hand over its leadership`,
      cure: `update the single sequencer to ${knownVersion} or later first`,
    }
  if (version.atLeast(knownVersion)) return null
  return {
    blocks: false,
    problem: `the binary is ${version.text}`,
    why: `what evha knows of the node was seen on ${knownVersion}`,
    cure: `update the single sequencer to ${knownVersion} or later first, if you can`,
  }
}
