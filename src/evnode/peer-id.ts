import { createPrivateKey, createPublicKey } from 'node:crypto'
import { EvhaError } from '../base/errors.ts'
import { bytesField, objectIn } from './json.ts'

const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
/** An identity multihash of a libp2p public key: Ed25519, 32 bytes follow (evnode.md B 6.4). */
const prefix = Buffer.from('002408011220', 'hex')
const pkcs8Ed25519 = Buffer.from('302e020100300506032b657004220420', 'hex')
const keyBytes = 32

/** Bytes in base58 as Bitcoin and libp2p write it; leading zero bytes become `1`. */
export function base58(bytes: Buffer): string {
  let rest = bytes.length === 0 ? 0n : BigInt(`0x${bytes.toString('hex')}`)
  let text = ''
  while (rest > 0n) {
    text = `${alphabet.charAt(Number(rest % 58n))}${text}`
    rest /= 58n
  }
  for (const byte of bytes) {
    if (byte !== 0) break
    text = `1${text}`
  }
  return text
}

/** The libp2p peer id (`12D3KooW…`) of a raw Ed25519 public key of 32 bytes (evnode.md B 6.4). */
export function peerIdOfPublicKey(publicKey: Buffer): string {
  if (publicKey.length !== keyBytes) {
    throw new EvhaError({
      kind: 'usage',
      message: `a peer's public key must have 32 bytes, this one has ${publicKey.length}`,
      changedAnything: 'no',
      retryable: false,
      hint: 'take pub_key from the node_key.json that the node wrote',
    })
  }
  return base58(Buffer.concat([prefix, publicKey]))
}

/**
 * The libp2p peer id of a node, from the text of its node_key.json, without a running node (evnode.md B 6.4).
 * `name` is what the file is called in a failure. Where the private key is there too, the public key must follow from it; throws EvhaError (usage) otherwise.
 */
export function peerIdOf(nodeKeyJson: string, name = 'node_key.json'): string {
  const file = objectIn(nodeKeyJson, name)
  const publicKey = bytesField(file, 'pub_key', name, keyBytes)
  if (file['priv_key'] !== undefined) {
    // libp2p keeps seed and public key side by side.
    const privateKey = bytesField(file, 'priv_key', name, 2 * keyBytes)
    if (!publicKeyOfSeed(privateKey.subarray(0, keyBytes)).equals(publicKey)) {
      throw new EvhaError({
        kind: 'usage',
        message: `${name}: pub_key does not belong to priv_key`,
        changedAnything: 'no',
        retryable: false,
        hint: 'the file was edited or mixed up: restore the one the node wrote',
      })
    }
  }
  return peerIdOfPublicKey(publicKey)
}

/** The raw Ed25519 public key (32 bytes) of a seed (32 bytes). */
export function publicKeyOfSeed(seed: Buffer): Buffer {
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Ed25519, seed]), format: 'der', type: 'pkcs8' })
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-keyBytes)
}
