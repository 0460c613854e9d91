import { EvhaError } from '../base/errors.ts'
import type { HostKeyVerdict } from './known-hosts.ts'
import type { SshTarget } from './ssh-target.ts'

/** `root@192.0.2.11:22`, the login as the operator wrote it. */
export function loginOf(target: SshTarget): string {
  return `${target.user}@${target.host}:${target.port}`
}

function trial(target: SshTarget): string {
  return `ssh -p ${target.port} ${target.user}@${target.host} true`
}

/** No connection: nothing happened on the host. */
export function unreachable(target: SshTarget, why: string, cause?: unknown): EvhaError {
  return new EvhaError(
    {
      kind: 'unreachable',
      message: `${target.name} (${loginOf(target)}) cannot be reached: ${why}`,
      changedAnything: 'no',
      retryable: true,
      hint: `see whether the host is up and try: ${trial(target)}`,
    },
    { cause },
  )
}

/** The host let nobody in, or lets the login do too little. */
export function refused(target: SshTarget, why: string, hint: string, cause?: unknown): EvhaError {
  return new EvhaError(
    {
      kind: 'refused',
      message: `${target.name} (${loginOf(target)}) refuses: ${why}`,
      changedAnything: 'no',
      retryable: false,
      hint,
    },
    { cause },
  )
}

/** One login that was tried, in words, e.g. `key /home/me/.ssh/id_ed25519`. */
export interface Tried {
  readonly what: string
  /** The key file is encrypted and was therefore not usable. */
  readonly encryptedFile?: string
  /** ssh could log in with it, evha can not: a certificate, a FIDO key. */
  readonly isUnusable?: boolean
}

/** The login was refused with everything there was to try. */
export function loginRefused(target: SshTarget, tried: readonly Tried[], cause?: unknown): EvhaError {
  const encrypted = tried.flatMap(({ encryptedFile }) => encryptedFile ?? [])
  const list = tried.map(({ what }) => what).join(', ')
  const why = tried.length === 0 ? 'no key file and no ssh-agent to log in with' : `tried ${list}`
  const hint =
    encrypted.length > 0
      ? `start ssh-agent, type \`ssh-add ${encrypted[0]}\`, and type the command again; on a terminal evha asks for its passphrase`
      : tried.some((one) => one.isUnusable === true)
        ? `make a plain key for the migration: ssh-keygen -t ed25519 -f ~/.ssh/evha; add ~/.ssh/evha.pub to ~${target.user}/.ssh/authorized_keys on the host; name it in the runbook: ssh.identityFile: ~/.ssh/evha`
        : `add the public key to ~${target.user}/.ssh/authorized_keys on the host, or name the right key; then try: ${trial(target)}`
  return refused(target, why, hint, cause)
}

/** sudo did not run the command, or the login shell did not. */
export function commandRefused(target: SshTarget, asRoot: boolean, said: string): EvhaError {
  const words = said.trim().split('\n').slice(-1)[0] ?? ''
  const quoted = words === '' ? 'no reason given' : words
  return asRoot
    ? refused(
        target,
        `sudo does not run commands for ${target.user} without a password (${quoted})`,
        `on the host, as root: echo '${target.user} ALL=(root) NOPASSWD: ALL' > /etc/sudoers.d/evha && chmod 440 /etc/sudoers.d/evha`,
      )
    : refused(
        target,
        `its login shell does not run commands (${quoted})`,
        `give ${target.user} a login shell such as /bin/sh; try: ${trial(target)}`,
      )
}

/** The host's key is not the known one. `fingerprint` is of the key it showed. */
export function hostKeyRefused(target: SshTarget, verdict: HostKeyVerdict, fingerprint: string): EvhaError {
  const { message, hint } = hostKeyWords(target, verdict, fingerprint)
  return new EvhaError({ kind: 'hostKey', message, changedAnything: 'no', retryable: false, hint })
}

function hostKeyWords(
  target: SshTarget,
  verdict: HostKeyVerdict,
  fingerprint: string,
): { message: string; hint: string } {
  const who = `${target.name} (${target.host}:${target.port})`
  const file = target.knownHostsFiles[0] ?? '~/.ssh/known_hosts'
  const shown = `it shows ${fingerprint}`
  switch (verdict.kind) {
    case 'changed':
      return {
        message: `the host key of ${who} has CHANGED: ${shown}, another one stands in ${verdict.at}`,
        hint: `find out why before you go on. If the host was reinstalled: ${verdict.remove} and add: ${verdict.line}`,
      }
    case 'revoked':
      return {
        message: `the host key of ${who} is revoked by ${verdict.at}: ${shown}`,
        hint: 'do not connect: this key is marked as stolen or retired; give the host a new key',
      }
    case 'unknown': {
      const note = verdict.certAuthority ? ' (evha cannot check @cert-authority lines)' : ''
      return {
        message: `the host key of ${who} is not known${note}: ${shown}`,
        hint: `compare it with \`ssh-keygen -lf\` on the host, then add to ${file}: ${verdict.line}`,
      }
    }
    case 'matched':
      return { message: `the host key of ${who} is known`, hint: 'nothing to do' }
  }
}
