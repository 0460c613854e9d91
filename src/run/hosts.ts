import { homedir } from 'node:os'
import { join } from 'node:path'
import { type AuditEntry, audited } from '../remote/audit.ts'
import type { Remote } from '../remote/remote.ts'
import { retrying } from '../remote/retry.ts'
import { openSsh } from '../remote/ssh.ts'
import type { LoadedRunbook, NodeSpec } from '../runbook/load.ts'
import type { Host } from '../steps/step.ts'

/** Files OpenSSH itself would look at. */
const usualKeys = ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((name) => join(homedir(), '.ssh', name))
const usualKnownHosts = [join(homedir(), '.ssh', 'known_hosts'), '/etc/ssh/ssh_known_hosts']

/** A door to each node of the runbook; nothing is connected before it is first used. `note` hears of every command. */
export function openHosts(runbook: LoadedRunbook, note: (entry: AuditEntry) => void): Host[] {
  return runbook.nodes.map((spec) => ({
    spec,
    remote: retrying(audited(openHost(spec), note)),
  }))
}

function openHost(spec: NodeSpec): Remote {
  const { host, port, user, identityFile, knownHostsFile } = spec.ssh
  const agent = process.env['SSH_AUTH_SOCK']
  return openSsh({
    name: spec.name,
    host,
    port,
    user,
    identityFiles: identityFile === undefined ? usualKeys : [identityFile],
    knownHostsFiles: knownHostsFile === undefined ? usualKnownHosts : [knownHostsFile],
    ...(agent === undefined || identityFile !== undefined ? {} : { agent }),
  })
}

export async function closeHosts(hosts: readonly Host[]): Promise<void> {
  await Promise.all(hosts.map((host) => host.remote.close()))
}
