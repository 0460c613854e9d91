/** A way in which the stand-in is known not to be the real node. */
export interface KnownDifference {
  /** Where in the case's observation; a difference anywhere else fails. */
  readonly at: readonly string[]
  readonly why: string
}

/** By case. Nothing that a guard of evha rests on may stand here; one that is gone must be taken out. */
export const knownDifferences: Readonly<Record<string, KnownDifference>> = {
  'init: signer.json': {
    at: ['fields.salt'],
    why: 'the real key is sealed with Argon2id, which Node 20 does not have; evha reads the public key alone',
  },
  'init: evnode.yaml': {
    at: ['lines[40]'],
    why: 'the stand-in writes an address in quotes, the real node without: the same value in YAML',
  },
}
