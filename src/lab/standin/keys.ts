import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  scryptSync,
  sign,
} from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { objectOr } from '../../evnode/json.ts'
import { publicKeyOfSeed } from '../../evnode/peer-id.ts'
import { goErrorText, NodeFailure } from './failure.ts'

/** The key that signs blocks. */
export interface SigningKey {
  /** Raw, 32 bytes. */
  readonly publicKey: Buffer
  sign(bytes: Buffer): Buffer
}

/** Of a node that signs nothing, and needs no signer.json. */
export const noKey: SigningKey = {
  publicKey: Buffer.alloc(0),
  sign: () => {
    throw new NodeFailure('a full node has no key')
  },
}

const pkcs8Ed25519 = Buffer.from('302e020100300506032b657004220420', 'hex')
const tagBytes = 16

/** A new Ed25519 pair, raw: seed and public key of 32 bytes each. */
export function newKeyPair(): { seed: Buffer; publicKey: Buffer } {
  const seed = generateKeyPairSync('ed25519')
    .privateKey.export({ format: 'der', type: 'pkcs8' })
    .subarray(-32)
  return { seed, publicKey: publicKeyOfSeed(seed) }
}

/** The text of a new node_key.json. */
export function newNodeKeyJson(): string {
  const { seed, publicKey } = newKeyPair()
  const privateKey = Buffer.concat([seed, publicKey])
  return JSON.stringify({ priv_key: privateKey.toString('base64'), pub_key: publicKey.toString('base64') })
}

/**
 * The text of a new signer.json, private key under the passphrase. The real node derives with Argon2id and writes its
 * `salt`; a stand-in derives with scrypt and leaves `salt` out, so that neither takes the other's file for its own.
 */
export function newSignerJson(passphrase: string): { json: string; publicKey: Buffer } {
  const { seed, publicKey } = newKeyPair()
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', keyFrom(passphrase, publicKey), nonce)
  const sealed = [cipher.update(Buffer.concat([seed, publicKey])), cipher.final(), cipher.getAuthTag()]
  const json = JSON.stringify({
    priv_key_encrypted: Buffer.concat(sealed).toString('base64'),
    nonce: nonce.toString('base64'),
    pub_key: publicKey.toString('base64'),
  })
  return { json, publicKey }
}

function keyFrom(passphrase: string, publicKey: Buffer): Buffer {
  return scryptSync(passphrase, publicKey, 32, { N: 4_096, r: 8, p: 1 })
}

/** The passphrase in the file that the flag names. Throws NodeFailure. */
export function readPassphrase(file: string | undefined): string {
  if (file === undefined || file === '')
    throw new NodeFailure('passphrase file must be provided via --evnode.signer.passphrase_file')
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (thrown) {
    throw new NodeFailure(
      `failed to read passphrase from file '${file}': open ${file}: ${goErrorText(thrown)}`,
    )
  }
  if (text.trim() === '') throw new NodeFailure(`passphrase file '${file}' is empty`)
  return text.trim()
}

/** Opens `signer.json` in a directory; its `pub_key` is trusted as it stands (evnode.md B 9). Throws NodeFailure. */
export function openSigner(dir: string, passphrase: string): SigningKey {
  const path = join(dir, 'signer.json')
  const failed = (why: string) => new NodeFailure(`initialize signer via factory: ${why}`)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (thrown) {
    throw failed(`key file not found at ${path}: stat ${path}: ${goErrorText(thrown)}`)
  }
  const file = objectOr(text)
  const bytes = (name: string) => Buffer.from(String(file?.[name] ?? ''), 'base64')
  if (file?.['salt'] !== undefined)
    throw failed('signer.json was made by a real node (Argon2id); this is a stand-in and can not open it')
  const publicKey = bytes('pub_key')
  const sealed = bytes('priv_key_encrypted')
  let opened: Buffer
  try {
    const decipher = createDecipheriv('aes-256-gcm', keyFrom(passphrase, publicKey), bytes('nonce'))
    decipher.setAuthTag(sealed.subarray(-tagBytes))
    opened = Buffer.concat([decipher.update(sealed.subarray(0, -tagBytes)), decipher.final()])
  } catch {
    throw failed('failed to decrypt private key (wrong passphrase?): cipher: message authentication failed')
  }
  const key = privateKeyOf(opened.subarray(0, 32))
  return { publicKey, sign: (data) => sign(null, data, key) }
}

function privateKeyOf(seed: Buffer): KeyObject {
  return createPrivateKey({ key: Buffer.concat([pkcs8Ed25519, seed]), format: 'der', type: 'pkcs8' })
}
