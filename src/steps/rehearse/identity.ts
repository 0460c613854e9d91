import { reads, script } from '../../base/command.ts'
import { namespaceHexOf } from '../../evnode/da-namespace.ts'
import { printPublicKey } from '../../evnode/home.ts'
import type { NodeSpec } from '../../runbook/load.ts'
import { labelledLines } from '../host/labelled-lines.ts'
import { genesisPath, signerPath } from '../host/unit-files.ts'

/** What tells one chain from another. '' where it is not known. */
export interface Identity {
  readonly chainId: string
  /** base64. */
  readonly signerPublicKey: string
  readonly genesisSha256: string
  /** The 29 bytes of the DA namespace, hex. */
  readonly daNamespace: string
}

/** Prints `key value` lines: the public half of the key and the digest of the genesis; nothing secret. */
export const lookAtIdentity = (spec: NodeSpec) =>
  reads(
    'read key and genesis, the public part',
    script(
      `if [ -f "$1" ]; then echo "signer $(${printPublicKey('$1')})"; fi
if [ -f "$2" ]; then echo "genesis $(sha256sum < "$2" | cut -d ' ' -f 1)"; fi`,
      signerPath(spec),
      genesisPath(spec),
    ),
  )

export function readIdentity(text: string): Pick<Identity, 'signerPublicKey' | 'genesisSha256'> {
  const value = labelledLines(text)
  return { signerPublicKey: value('signer'), genesisSha256: value('genesis') }
}

/** Why a chain must not be rehearsed with, one sentence for each; empty when nothing of it is production's. */
export function isProductions(staging: Identity, production: Identity): string[] {
  const same = (key: keyof Identity) => staging[key] !== '' && staging[key] === production[key]
  return [
    ...(same('signerPublicKey') ? ['its signing key is the production key'] : []),
    ...(same('genesisSha256') ? ['its genesis.json is the production genesis'] : []),
    ...(same('chainId') ? [`its chain id is the production one (${production.chainId})`] : []),
    ...(same('daNamespace') ? ['its DA namespace is the production namespace'] : []),
  ]
}

/** The namespace a runbook names, as the node would tell it. */
export const namespaceNamed = (name: string) => namespaceHexOf(name)
