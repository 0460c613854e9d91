import { createHash } from 'node:crypto'
import { bytesField, objectIn } from './json.ts'

/** What may be known of a signer without its passphrase. */
export interface Signer {
  readonly publicKeyBase64: string
  /** sha256 of the raw public key, 32 bytes in base64: what a header carries as proposerAddress. */
  readonly proposerAddress: string
}

/** The proposer address (base64) of a raw Ed25519 public key of 32 bytes: its sha256, untruncated (evnode.md B 9). */
export function proposerAddressOf(publicKey: Buffer): string {
  return createHash('sha256').update(publicKey).digest('base64')
}

/**
 * The public half of a signer.json (evnode.md B 6.4). The node trusts `pub_key` as it stands, so this says who the
 * file claims to be, not that its private key fits. Throws EvhaError (usage).
 */
export function readSigner(signerJson: string): Signer {
  const publicKey = bytesField(objectIn(signerJson, 'signer.json'), 'pub_key', 'signer.json', 32)
  return { publicKeyBase64: publicKey.toString('base64'), proposerAddress: proposerAddressOf(publicKey) }
}
