import type { Secret } from '../base/secret.ts'
import { type AuditEntry, audited } from '../remote/audit.ts'
import { retrying } from '../remote/retry.ts'
import { openSsh } from '../remote/ssh.ts'
import { sshRoute } from '../remote/ssh-route.ts'
import type { PassphraseOf } from '../remote/ssh-target.ts'
import type { LoadedRunbook } from '../runbook/load.ts'
import type { Host } from '../steps/step.ts'

/** A door to each node of the runbook; nothing is connected before it is first used. `note` hears of every command. */
export async function openHosts(
  runbook: LoadedRunbook,
  note: (entry: AuditEntry) => void,
  ask?: PassphraseOf,
): Promise<Host[]> {
  const passphraseOf = ask === undefined ? undefined : askedOnce(ask)
  return Promise.all(
    runbook.nodes.map(async (spec) => {
      const route = { name: spec.name, ...(passphraseOf === undefined ? {} : { passphraseOf }) }
      return { spec, remote: retrying(audited(openSsh(await sshRoute(spec.ssh, route)), note)) }
    }),
  )
}

export async function closeHosts(hosts: readonly Host[]): Promise<void> {
  await Promise.all(hosts.map((host) => host.remote.close()))
}

/** One key opens many hosts: its passphrase is asked for once, held in memory, and written nowhere. */
function askedOnce(ask: PassphraseOf): PassphraseOf {
  const answers = new Map<string, Promise<Secret | null>>()
  let last: Promise<unknown> = Promise.resolve()
  return (file, fits) => {
    const known = answers.get(file)
    if (known !== undefined) return known
    // Hosts connect at once; questions come one by one.
    const asked = last.then(() => ask(file, fits))
    last = asked.catch(() => null)
    answers.set(file, asked)
    return asked
  }
}
