import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import ssh2 from 'ssh2'
import { hostFiles, type LabExecution, type LabHost, labFiles } from './layout.ts'

/** All a lab's process must know to begin: what `lab up` decided. */
export interface LabPlan {
  readonly stateDir: string
  readonly chain: string
  readonly fast: boolean
  /** Its nodes drive execution clients. */
  readonly evm: boolean
  readonly rttMs: number
  readonly hosts: readonly LabHost[]
  readonly daPort: number
  /** PEM, by host name. */
  readonly hostKeys: Readonly<Record<string, string>>
  readonly operatorKey: string
  /** Directory of the compiled program. */
  readonly built: string
  readonly nodeBinary?: string
  /** A real execution client, with ev-reth's command line. */
  readonly clientBinary?: string
}

export const daNamespace = 'lab-ns'

interface Wanted {
  readonly stateDir: string
  readonly nodes: 3 | 5 | 7
  readonly fast: boolean
  readonly evm: boolean
  readonly rttMs: number
  readonly chain: string
  readonly built: string
  readonly nodeBinary: string | undefined
  readonly clientBinary: string | undefined
}

/** Addresses, free ports and keys of a new lab; writes the operator's key and known_hosts. */
export async function planLab({
  stateDir,
  nodes,
  fast,
  evm,
  rttMs,
  chain,
  built,
  nodeBinary,
  clientBinary,
}: Wanted): Promise<LabPlan> {
  const files = labFiles(stateDir)
  mkdirSync(files.ssh, { recursive: true, mode: 0o700 })
  const operator = freshKey('evha lab operator')
  const identityFile = join(files.ssh, 'operator_key')
  const knownHostsFile = join(files.ssh, 'known_hosts')
  writeFileSync(identityFile, operator.private, { mode: 0o600 })
  writeFileSync(`${identityFile}.pub`, `${operator.public}\n`)
  const addresses = Array.from({ length: nodes }, (_, i) => `127.0.0.${11 + i}`)
  // The same ports on all hosts, as real clusters have them; free on every address.
  const ports = await freePorts(['127.0.0.1', ...addresses])
  const [ssh = 0, rpc = 0, p2p = 0, raft = 0, da = 0, eth = 0, engine = 0] = ports
  const hostKeys: Record<string, string> = {}
  const known: string[] = []
  const hosts = addresses.map((address, i): LabHost => {
    const name = `node-${i + 1}`
    const key = freshKey(name)
    hostKeys[name] = key.private
    known.push(`[${address}]:${ssh} ${key.public.split(' ').slice(0, 2).join(' ')}`)
    const dir = join(files.root, name)
    return {
      name,
      dir,
      address,
      ssh: { host: address, port: ssh, user: userInfo().username, identityFile, knownHostsFile },
      rpc: `${address}:${rpc}`,
      raftPort: raft,
      p2pPort: p2p,
      ...(evm ? { execution: executionOn(dir, address, eth, engine) } : {}),
    }
  })
  writeFileSync(knownHostsFile, `${known.join('\n')}\n`)
  return {
    stateDir,
    chain,
    fast,
    evm,
    rttMs,
    hosts,
    daPort: da,
    hostKeys,
    operatorKey: operator.public,
    built,
    ...(nodeBinary === undefined ? {} : { nodeBinary }),
    ...(clientBinary === undefined ? {} : { clientBinary }),
  }
}

function executionOn(dir: string, address: string, eth: number, engine: number): LabExecution {
  const at = hostFiles(dir)
  return {
    ethUrl: `http://${address}:${eth}`,
    engineUrl: `http://${address}:${engine}`,
    jwtSecretFile: at.jwt,
    genesisFile: at.clientGenesis,
    dataDir: at.clientData,
    unit: 'ev-reth.service',
  }
}

/** The node's binary and the name of its database. */
export const applicationOf = ({ evm }: Pick<LabPlan, 'evm'>) =>
  evm ? { name: 'evm' as const, db: 'evm-single' } : { name: 'testapp' as const, db: 'testapp' }

/** ssh2 1.17 spoils each 256th ed25519 key: it cuts a zero byte the public key begins with (its issue 1513). */
function freshKey(comment: string): { private: string; public: string } {
  for (let tries = 1; ; tries++) {
    const key = ssh2.utils.generateKeyPairSync('ed25519', { comment })
    const readable = [key.private, key.public].every((text) => !(ssh2.utils.parseKey(text) instanceof Error))
    if (readable || tries === 20) return key
  }
}

/** Ports side by side that belong to one lab. */
const blockSize = 8
const blocks = { from: 20_000, count: 1_500 }

/**
 * A block of ports that is free on every one of the addresses. The first is bound as long as the lab is up; the others
 * come and go with its nodes, and no lab takes them, or tries them, meanwhile. They are let go again, so a bind may still fail
 * and be said.
 */
async function freePorts(addresses: readonly string[]): Promise<number[]> {
  const areFree = async (ports: readonly number[]): Promise<boolean> => {
    const asked = ports.flatMap((port) => addresses.map((address) => isFree(port, address)))
    return (await Promise.all(asked)).every(Boolean)
  }
  for (let tries = 0; tries < 500; tries++) {
    const first = blocks.from + blockSize * Math.floor(Math.random() * blocks.count)
    const block = Array.from({ length: blockSize }, (_, i) => first + i)
    const claim = await claimed(first)
    if (claim === null) continue
    // To try a port is to bind it for a moment: that of a lab's node, just started again, would be taken from it.
    if ((await areFree(block.slice(0, 1))) && (await areFree(block.slice(1)))) return block
    claim.close()
  }
  return []
}

/**
 * Holds a block against other labs that look for ports in the same moment, until this process ends: by then the lab has
 * bound its first. Null where somebody holds it. Names of this kind are Linux's alone; elsewhere nothing is held.
 */
function claimed(first: number): Promise<{ close(): void } | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(code === 'EADDRINUSE' ? null : { close: () => undefined }),
    )
    server.listen({ path: `\0evha-lab-ports-${first}` }, () => resolve(server.unref()))
  })
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, host, () => server.close(() => resolve(true)))
  })
}

/** The runbook of a lab: what `evha migrate` is given. */
export function labRunbook(plan: LabPlan): string {
  const [first] = plan.hosts
  const app = applicationOf(plan)
  const node = (host: LabHost) => {
    const at = hostFiles(host.dir)
    return `  - name: ${host.name}
    ssh:
      host: ${host.ssh.host}
      port: ${host.ssh.port}
      user: ${host.ssh.user}
      identityFile: ${yaml(host.ssh.identityFile)}
      knownHostsFile: ${yaml(host.ssh.knownHostsFile)}
    address: ${host.address}
    binary: ${yaml(join(at.bin, app.name))}
    home: ${yaml(at.home)}
    passphraseFile: ${yaml(at.passphrase)}
    rpc: ${host.rpc}
    paths:
      units: ${yaml(at.units)}
      evha: ${yaml(at.evha)}
      run: ${yaml(join(at.run, 'evha'))}
${host.execution === undefined ? '' : executionText(host.execution)}`
  }
  return `# Written by \`evha lab up\`: the hosts of an embedded lab. ${plan.nodeBinary === undefined ? 'Its nodes are stand-ins, not the real node.' : 'Its nodes run the binary of EVHA_NODE_BIN.'}
version: 1
chain: ${plan.chain}
node:
  unit: ev-node.service
  db: ${app.db}
nodes:
${plan.hosts.map(node).join('')}source: ${first?.name}
raft:
  port: ${first?.raftPort}
  dir: raft
  timing: auto
p2p:
  port: ${first?.p2pPort}
window:
  budgetSeconds: 30
  soakSeconds: 3
staging: true
`
}

const executionText = ({ ethUrl, engineUrl, jwtSecretFile }: LabExecution) => `    execution:
      ethUrl: ${ethUrl}
      engineUrl: ${engineUrl}
      jwtSecretFile: ${yaml(jwtSecretFile)}
`

const yaml = (text: string) => JSON.stringify(text)
