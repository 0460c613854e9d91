import type { Duplex, Readable, Writable } from 'node:stream'
import type { Command } from '../base/command.ts'
import type { Secret } from '../base/secret.ts'

/** The command ended and its end was seen. */
export interface Finished {
  readonly kind: 'finished'
  /** null when a signal ended it. */
  readonly exitCode: number | null
  readonly signal?: string
  readonly stdout: string
  readonly stderr: string
  /** True when output beyond the command's limit was dropped. */
  readonly truncated: boolean
  readonly durationMs: number
}

/** Its end was not seen: it may have happened, wholly, partly or not at all. Never the same as failed. */
export interface Unknown {
  readonly kind: 'unknown'
  readonly why: 'linkLost' | 'timeout' | 'aborted'
  /** One sentence for the operator. */
  readonly message: string
  readonly durationMs: number
}

export type Outcome = Finished | Unknown

/** A running command whose streams are open, for relays. stdout must be consumed; stderr is drained and capped. */
export interface Running {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly done: Promise<Outcome>
}

/** A small file to be laid on a host: checked by digest, then renamed into place. */
export interface FileToSend {
  readonly content: string | Buffer | Secret
  /** Permission bits, e.g. 0o600. */
  readonly mode: number
  /** `user` or `user:group`; left as the login's own when absent. */
  readonly owner?: string
}

/**
 * One door to a host. `run` never throws for a non-zero exit; it throws EvhaError of kind
 * `unreachable`, `refused` or `hostKey` when no connection can be made (then nothing happened on the host).
 */
export interface Remote {
  /** The host's name in the runbook. */
  readonly name: string
  run(command: Command, signal?: AbortSignal): Promise<Outcome>
  stream(command: Command, signal?: AbortSignal): Promise<Running>
  send(file: FileToSend, path: string, signal?: AbortSignal): Promise<Outcome>
  /** A byte stream to an address as seen from the host. */
  tunnel(to: { readonly host: string; readonly port: number }): Promise<Duplex>
  /** Its sshd, as the last connection found it; connects when there was none. */
  sshd(): Promise<Sshd>
  close(): Promise<void>
}

/** What another host needs to know of an sshd to reach it and to know it again. */
export interface Sshd {
  /** As it was dialled. */
  readonly port: number
  /** The host key that was verified, as known_hosts writes it: `ssh-ed25519 AAAA…`. */
  readonly hostKey: string
}
