import { limits } from '../base/limits.ts'
import type { Secret } from '../base/secret.ts'

/** Asks for the passphrase of an encrypted key file until it fits; null when nobody can be asked, or nobody knows it. */
export type PassphraseOf = (file: string, fits: (passphrase: Secret) => boolean) => Promise<Secret | null>

/** Where and how to log in. Paths may start with `~/`. */
export interface SshTarget {
  /** The host's name in the runbook. */
  readonly name: string
  readonly host: string
  readonly port: number
  readonly user: string
  /** Tried in this order, before the agent. */
  readonly identityFiles?: readonly string[]
  /** Certificates that ssh would show; evha can only name them. */
  readonly certificateFiles?: readonly string[]
  /** Path of the ssh-agent's socket. */
  readonly agent?: string
  /** The agent is asked only when a key file can not be used by itself. */
  readonly identitiesOnly?: boolean
  readonly passphraseOf?: PassphraseOf
  readonly knownHostsFiles: readonly string[]
  /** The name under which known_hosts has the host's key. */
  readonly hostKeyAlias?: string
  /** Run commands through sudo; by default when the login is not root. */
  readonly sudo?: boolean
  /** The host to hop over; its key is checked just the same. */
  readonly through?: SshTarget
}

/** The waits of one connection; tests shorten them. */
export interface SshLimits {
  readonly connectTimeoutMs: number
  /** The same for a host that was connected before. */
  readonly redialTimeoutMs: number
  /** How long a host that did not answer in time is taken for silent, without asking again. */
  readonly silentMs: number
  readonly keepaliveIntervalMs: number
  readonly keepaliveCountMax: number
  readonly sessionsPerHostMax: number
  /** Shells that wait on the host, so that a short command costs one round trip. */
  readonly shellsMax: number
  /** How long a command that must stop gets to end by itself, and then to die. */
  readonly termMs: number
  readonly killMs: number
}

export const sshLimits: SshLimits = {
  connectTimeoutMs: limits.connectTimeoutMs,
  redialTimeoutMs: 4_000,
  silentMs: 15_000,
  keepaliveIntervalMs: limits.keepaliveIntervalMs,
  keepaliveCountMax: limits.keepaliveCountMax,
  sessionsPerHostMax: limits.sessionsPerHostMax,
  shellsMax: 5,
  termMs: 2_000,
  killMs: 2_000,
}
