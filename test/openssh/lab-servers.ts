import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseDocument } from 'yaml'
import { hostFiles, type LabInfo, labFiles } from '../../src/lab/layout.ts'
import { quote } from '../../src/remote/render.ts'
import { type Sshd, startSshd } from './openssh.ts'

/** A real sshd for every host of a lab. */
export interface LabServers {
  /** The lab's runbook with other SSH ports and another known_hosts; nothing else differs. */
  readonly runbook: string
  /** The sshd's log, by host. */
  said(host: string): string
  stop(): Promise<void>
}

/** Starts them on the hosts' own addresses, with files in `dir`; none is left running when one fails. */
export async function startLabServers(lab: LabInfo, dir: string): Promise<LabServers> {
  const servers = new Map<string, Sshd>()
  const stop = async () => {
    await Promise.all([...servers.values()].map((server) => server.stop()))
  }
  try {
    for (const host of lab.hosts) {
      const own = join(dir, host.name)
      mkdirSync(own)
      const server = await startSshd({
        dir: own,
        address: host.address,
        authorizedKeysFile: join(labFiles(lab.stateDir).ssh, 'operator_key.pub'),
        extra: [
          'AllowTcpForwarding yes',
          'MaxStartups 100',
          // The login shell reads the host's start-up files, which has none, and not those of whoever runs the test.
          `SetEnv HOME=${host.dir}`,
          `ForceCommand ${onItsHost(host.dir)}`,
        ],
      })
      servers.set(host.name, server)
    }
    const runbook = join(dir, 'runbook.yaml')
    const knownHostsFile = join(dir, 'known_hosts')
    writeFileSync(knownHostsFile, [...servers.values()].map((one) => one.knownHostsLine).join(''))
    writeFileSync(runbook, throughServers(lab, servers, knownHostsFile))
    return { runbook, said: (host) => servers.get(host)?.said() ?? '', stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** What the login shell runs instead: the asked command, on the lab's host as root's shell there would. */
function onItsHost(dir: string): string {
  const env = quote(join(hostFiles(dir).bin, 'host-env'))
  return `cd ${quote(dir)} && . ${env} && exec sh -c "$SSH_ORIGINAL_COMMAND"`
}

function throughServers(lab: LabInfo, servers: ReadonlyMap<string, Sshd>, knownHostsFile: string): string {
  const runbook = parseDocument(readFileSync(lab.runbook, 'utf8'))
  for (const [k, host] of lab.hosts.entries()) {
    runbook.setIn(['nodes', k, 'ssh', 'port'], servers.get(host.name)?.port)
    runbook.setIn(['nodes', k, 'ssh', 'knownHostsFile'], knownHostsFile)
  }
  return runbook.toString()
}
