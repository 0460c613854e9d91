import { proposerAddressOf } from '../../src/evnode/signer.ts'
import { type LoadedRunbook, runbookFromText } from '../../src/runbook/load.ts'
import { Chain, heightOf, type Store } from './chain.ts'
import { Cluster } from './cluster.ts'
import { authorizedKeys } from './direct.ts'
import { SimHost } from './host.ts'
import { Judge } from './judge.ts'
import { modelledScripts } from './modelled.ts'
import { SimNode } from './node.ts'
import { nodeKey } from './node-program.ts'
import { Random } from './random.ts'
import { Timeline } from './timeline.ts'

const chainId = 'sim-chain'
/** Epoch ms at which every simulation begins. */
export const startMs = Date.UTC(2026, 0, 15, 12)
const passphraseFile = '/etc/ev-node/passphrase'
const binary = '/usr/local/bin/testapp'
const publicKey = Buffer.alloc(32, 'signer')

const runbooks = new Map<number, LoadedRunbook>()

export function runbookOf(nodes: number): LoadedRunbook {
  const known = runbooks.get(nodes)
  if (known !== undefined) return known
  const all = Array.from({ length: nodes }, (_, i) => i + 1)
  const text = `version: 1
chain: ${chainId}
node:
  unit: ev-node.service
  db: testapp
  binary: ${binary}
  home: /var/lib/ev-node
  passphraseFile: ${passphraseFile}
nodes:
${all.map((k) => `  - { name: node-${k}, ssh: root@10.0.0.${k}, address: 10.0.0.${k} }`).join('\n')}
source: node-1
copy: { via: ${nodes === 3 ? 'direct' : 'auto'} }
window:
  budgetSeconds: 30
  soakSeconds: 2
staging: true
`
  const loaded = runbookFromText(text, '/runbook.yaml')
  runbooks.set(nodes, loaded)
  return loaded
}

/** One simulated world: hosts, network, chain, time, chance, and what happened in it. */
export class Sim {
  readonly timeline = new Timeline(startMs)
  readonly random: Random
  readonly chain: Chain
  readonly cluster = new Cluster()
  readonly hosts: readonly SimHost[]
  readonly judge = new Judge(this)
  readonly runbook: LoadedRunbook
  readonly modelled: ReturnType<typeof modelledScripts>
  readonly story: string[] = []
  /** The state an evha entered last. */
  lastState = ''
  /** Hosts that the operator's workstation does not reach. */
  unreached: ReadonlySet<SimHost> = new Set()
  /** Processes of the node that no unit knows of. */
  readonly strays = new Set<SimNode>()
  /** Bugs that are planted in a script, in the transport or in the node. */
  readonly bugs = new Set<'no lock held' | 'unknown is repeated' | 'a key set aside is found'>()
  /** Hears of every command right before it runs on its host. */
  meets: (host: SimHost, argv: readonly string[], stdin: string) => void = () => undefined
  patch: (script: string) => string = (script) => script
  /** Hears that the workstation has just lost all its links. */
  cutOff: () => void = () => undefined
  /** Hears what evha says while it works. */
  hears: (text: string) => void = () => undefined

  constructor(seed: number, nodes: number) {
    this.random = new Random(seed)
    this.runbook = runbookOf(nodes)
    this.chain = new Chain(chainId, proposerAddressOf(publicKey), '00'.repeat(29))
    this.modelled = modelledScripts(this.runbook.source)
    this.hosts = this.runbook.nodes.map((spec) => new SimHost(this, spec))
    for (const host of this.hosts) this.#layHost(host)
    this.#layChain(this.source)
    const tick = (): void => {
      this.chain.daTick()
      this.timeline.inside(3_000, tick)
    }
    tick()
  }

  get source(): SimHost {
    return this.hosts[0] as SimHost
  }

  /** A line of the story. What differs from replay to replay is left out: numbers of real processes and of mounts. */
  tell(text: string): void {
    const same = text.replace(/\/evha-simulated\/\d+/g, '~').replace(/process \d+ on/g, 'a process on')
    this.story.push(`${((this.timeline.now - startMs) / 1000).toFixed(2).padStart(8)} s  ${same}`)
  }

  /** The living processes of the node. */
  nodes(): SimNode[] {
    const living: SimNode[] = []
    for (const host of this.hosts)
      for (const { process } of host.systemd.services.values())
        if (process instanceof SimNode && !process.gone) living.push(process)
    for (const stray of this.strays) if (!stray.gone) living.push(stray)
    return living
  }

  nodeOn(host: SimHost): SimNode | null {
    // Whoever holds the store answers on the node's port.
    const there = this.nodes().filter((node) => node.host === host)
    return there.find((node) => node.up) ?? there[0] ?? null
  }

  /** Down now, up again after a while. */
  reboot(host: SimHost): void {
    if (!host.up) return
    this.tell(`${host.name} reboots`)
    host.down()
    for (const stray of this.strays)
      if (stray.host === host) {
        stray.vanish()
        this.strays.delete(stray)
      }
    this.timeline.in(this.random.between(5_000, 20_000), () => {
      host.boot()
      this.tell(`${host.name} is up again`)
    })
  }

  #layHost({ files }: SimHost): void {
    files.write(passphraseFile, 'sim passphrase')
    files.makeDirs('/root/.ssh')
    files.write(authorizedKeys, 'ssh-ed25519 operator\n')
    files.write(binary, 'the node')
    const pass = files.at(passphraseFile)
    if (pass !== undefined) pass.mode = 0o600
  }

  /** What the single sequencer's host has before evha comes: a chain of some blocks, and a unit that runs. */
  #layChain(host: SimHost): void {
    const { files, spec } = host
    for (const dir of ['config', 'data/testapp', 'data/executor']) files.makeDirs(`${spec.home}/${dir}`)
    let store: Store | null = null
    for (let height = 1; height <= 5; height++)
      store = this.chain.onTop(this.chain.sign(store, startMs - 6_000 + height * 1_000, 'before'), store)
    for (const path of ['testapp/000001.vlog', 'executor/00001.mem'])
      files.write(`${spec.home}/data/${path}`, `store ${store?.id ?? 0} 0`)
    files.write(
      `${spec.home}/config/evnode.yaml`,
      `db_path: data
node:
  aggregator: true
  block_time: 1s
da:
  address: http://127.0.0.1:7980
  namespace: sim-ns
rpc:
  address: 127.0.0.1:7331
p2p:
  listen_address: /ip4/10.0.0.1/tcp/7676
  peers: ""
signer:
  signer_path: ${spec.home}/config
`,
    )
    files.write(
      `${spec.home}/config/genesis.json`,
      `${JSON.stringify({ chain_id: chainId, proposer_address: this.chain.proposer, initial_height: 1, start_time: '2026-01-01T00:00:00Z' })}\n`,
    )
    files.write(
      `${spec.home}/config/signer.json`,
      `${JSON.stringify({ pub_key: publicKey.toString('base64'), priv_key: 'secret' })}\n`,
    )
    files.write(`${spec.home}/config/node_key.json`, nodeKey(host.name))
    files.write(
      `${spec.paths.units}/${spec.unit}`,
      `[Unit]
Description=ev-node sequencer

[Service]
ExecStart=${binary} start --home ${spec.home} --evnode.node.aggregator=true --evnode.node.block_time 1s --evnode.signer.passphrase_file ${passphraseFile}
Restart=on-failure
RestartSec=1s

[Install]
WantedBy=multi-user.target
`,
    )
    host.systemd.enable(spec.unit)
    const service = host.systemd.service(spec.unit)
    if (service !== null) host.systemd.start(service)
  }
}

export { heightOf }
