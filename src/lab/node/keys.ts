import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  scryptSync,
  sign,
} from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { proposerAddressOf } from '../../evnode/signer.ts'
import { NodeExit } from './exit-with.ts'

const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex')

/** The signer, unlocked. */
export interface Signer {
  /** 32 bytes. */
  readonly publicKey: Buffer
  readonly address: string
  sign(bytes: Buffer): Buffer
}

/** An Ed25519 pair as the node keeps it: 64 bytes private (seed and public key), 32 bytes public. */
function newPair(): { privateKey: Buffer; publicKey: Buffer } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32)
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  return { privateKey: Buffer.concat([seed, raw]), publicKey: raw }
}

export function nodeKeyJson(): string {
  const { privateKey, publicKey } = newPair()
  return JSON.stringify({ priv_key: privateKey.toString('base64'), pub_key: publicKey.toString('base64') })
}

/**
 * A signer.json: AES-GCM as the real one, but its key comes from scrypt, because Node 20 has no Argon2id. `salt` is
 * left out so that nobody takes it for a real one.
 */
export function signerJson(passphrase: string): { text: string; address: string } {
  const { privateKey, publicKey } = newPair()
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', keyFrom(passphrase), nonce)
  const sealed = Buffer.concat([cipher.update(privateKey), cipher.final(), cipher.getAuthTag()])
  const text = JSON.stringify({
    priv_key_encrypted: sealed.toString('base64'),
    nonce: nonce.toString('base64'),
    pub_key: publicKey.toString('base64'),
  })
  return { text, address: proposerAddressOf(publicKey) }
}

/** Cheap on purpose: it is paid at every start of every stand-in. */
const keyFrom = (passphrase: string) => scryptSync(passphrase, 'evha stand-in', 32, { N: 1024 })

/** Unlocks the signer below `signerPath`; refuses with the node's words (recorded). */
export function openSigner(signerPath: string, passphrase: string): Signer {
  const file = join(signerPath, 'signer.json')
  if (!existsSync(file))
    throw new NodeExit(
      `initialize signer via factory: key file not found at ${file}: stat ${file}: no such file or directory`,
    )
  const stored = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>
  const bytes = (name: string) => Buffer.from(stored[name] ?? '', 'base64')
  const sealed = bytes('priv_key_encrypted')
  const decipher = createDecipheriv('aes-256-gcm', keyFrom(passphrase), bytes('nonce'))
  decipher.setAuthTag(sealed.subarray(-16))
  let seed: Buffer
  try {
    seed = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]).subarray(0, 32)
  } catch {
    throw new NodeExit(
      'initialize signer via factory: failed to decrypt private key (wrong passphrase?): cipher: message authentication failed',
    )
  }
  const key = createPrivateKey({ key: Buffer.concat([pkcs8, seed]), format: 'der', type: 'pkcs8' })
  const publicKey = bytes('pub_key')
  return { publicKey, address: proposerAddressOf(publicKey), sign: (message) => sign(null, message, key) }
}

/** The passphrase of a file, trimmed; refuses with the node's words (recorded). */
export function readPassphrase(path: string | undefined): string {
  if (path === undefined || path === '')
    throw new NodeExit('passphrase file must be provided via --evnode.signer.passphrase_file')
  if (!existsSync(path))
    throw new NodeExit(
      `failed to read passphrase from file '${path}': open ${path}: no such file or directory`,
    )
  const passphrase = readFileSync(path, 'utf8').trim()
  if (passphrase === '') throw new NodeExit(`passphrase file '${path}' is empty`)
  return passphrase
}
