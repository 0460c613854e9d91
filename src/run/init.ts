import { EvhaError } from '../base/errors.ts'
import { defaultP2pPort } from '../evnode/config.ts'
import { executionFlagProblems } from '../evnode/execution.ts'
import { homeFiles } from '../evnode/home.ts'
import { withoutLogin } from '../evnode/json-rpc.ts'
import { timingFor } from '../evnode/timing.ts'
import type { PassphraseOf } from '../remote/ssh-target.ts'
import { hostPort } from '../runbook/address.ts'
import { defaults, runbookLimits } from '../runbook/defaults.ts'
import { runbookFromText } from '../runbook/load.ts'
import { type DraftNode, type RunbookDraft, runbookText } from '../runbook/write.ts'
import { type HostLook, lookAtHost, lookAtNode, pathOn, readHost, readNode } from '../steps/init/look.ts'
import { largestRoundTripOf } from '../steps/prepare/links.ts'
import { heard, type Keys, type NamedHost, openNamed, parseTarget } from './init-hosts.ts'
import { type ChooseUnit, type FoundSource, lookAtSource } from './init-source.ts'

export interface InitWishes {
  /** `[user@]host[:port]`, with `=ADDRESS` behind it where the nodes reach the host under another address. */
  readonly source: string
  readonly peers: readonly string[]
  readonly unit?: string
  readonly db?: string
  readonly raftPort?: number
  readonly identityFile?: string
  readonly knownHostsFile?: string
}

/** What was found: label, value, and where it was seen. */
export type FoundRow = readonly [label: string, value: string, evidence: string]

export interface InitResult {
  readonly chain: string
  /** The runbook's text; it loads through the schema. */
  readonly text: string
  readonly found: readonly FoundRow[]
  /** Sentences: what was not seen, and taken to be so. */
  readonly assumed: readonly string[]
  /** Sentences: what stands in the way of a migration already. */
  readonly warnings: readonly string[]
}

/** Looks at the live sequencer and its peers to be; changes nothing anywhere. Throws EvhaError, one sentence. */
export async function initRunbook(
  wishes: InitWishes,
  choose: ChooseUnit,
  ask?: PassphraseOf,
): Promise<InitResult> {
  refuseCount(wishes.peers.length)
  const keys: Keys = {
    ...(wishes.identityFile === undefined ? {} : { identityFile: wishes.identityFile }),
    ...(wishes.knownHostsFile === undefined ? {} : { knownHostsFile: wishes.knownHostsFile }),
  }
  // All of them are read before one is connected.
  for (const typed of [wishes.source, ...wishes.peers]) parseTarget(typed, keys)
  const named = await Promise.all(
    [wishes.source, ...wishes.peers].map((typed, i) => openNamed(`node-${i + 1}`, typed, keys, ask)),
  )
  const [source, ...peers] = named
  if (source === undefined) throw new Error('there is a source')
  try {
    const found = await lookAtSource(source, wishes.unit, choose)
    const seen = await Promise.all(peers.map((peer) => lookAtPeer(peer, found)))
    refuseSameHost([{ at: source, host: found.host }, ...seen])
    const rttMaxMs = await largestRoundTripOf(
      named.map(({ name, remote }, i) => ({ name, remote, address: addressOf(named[i] as NamedHost).ip })),
    )
    return written({ wishes, source, found, peers: seen, rttMaxMs })
  } finally {
    await Promise.all(named.map(({ remote }) => remote.close()))
  }
}

function refuseCount(peers: number): void {
  const nodes = 1 + peers
  if (runbookLimits.nodeCounts.some((count) => count === nodes)) return
  throw usage(
    peers === 0
      ? 'no peer is named: a cluster of 3 needs two beside the sequencer, one of 5 needs four'
      : `the sequencer and ${peers} ${peers === 1 ? 'peer' : 'peers'} make ${nodes} nodes; a cluster has 3, 5 or 7, and an even number survives no more failures than one node fewer`,
    'name them with --peer SSH, once for each: 2, 4 or 6 of them',
  )
}

interface FoundPeer {
  readonly at: NamedHost
  readonly host: HostLook
  readonly binary: string
  readonly binarySha256: string
  readonly passphraseThere: boolean
  readonly dataThere: boolean
}

async function lookAtPeer(at: NamedHost, source: FoundSource): Promise<FoundPeer> {
  const host = readHost(await heard(at, lookAtHost()))
  const on = (path: string) => pathOn(path, source.host, host)
  const binary = on(source.command.binary)
  const node = readNode(
    await heard(at, lookAtNode({ home: on(source.home), binary, passphraseFile: on(source.passphraseFile) })),
  )
  return {
    at,
    host,
    binary,
    binarySha256: node.binarySha256,
    passphraseThere: node.passphraseThere,
    dataThere: node.databases.length > 0,
  }
}

function refuseSameHost(all: readonly { readonly at: NamedHost; readonly host: HostLook }[]): void {
  const seen = new Map<string, string>()
  for (const { at, host } of all) {
    const key = `${host.bootId} ${host.root}`
    const other = seen.get(key)
    if (other !== undefined)
      throw usage(
        `${at.name} is the same host as ${other}: ${host.hostname}, boot id ${host.bootId}`,
        'name another host; where nodes shall share one, write the runbook by hand from runbooks/single-to-ha.yaml',
      )
    seen.set(key, at.name)
  }
}

function addressOf(at: NamedHost): { ip: string; from: string } {
  if (at.address !== null) return at.address
  throw usage(
    `${at.name}: ${at.written.host} does not resolve to an address here`,
    `name the address under which the other nodes reach it: ${at.written.host}=10.0.0.12`,
  )
}

interface Seen {
  readonly wishes: InitWishes
  readonly source: NamedHost
  readonly found: FoundSource
  readonly peers: readonly FoundPeer[]
  readonly rttMaxMs: number | null
}

function written(seen: Seen): InitResult {
  const { wishes, found, peers, source } = seen
  const db = wishes.db ?? found.db
  if (db === null)
    throw usage(
      `${source.name}: which database holds the store can not be told: ${found.node.databases.join(', ') || 'there is none'} below ${homeFiles(found.home).data}`,
      'name the one the node locks while it runs: --db NAME',
    )
  const p2pPort = found.config.p2pPort ?? defaultP2pPort
  const address = sourceAddress(seen)
  // An RPC on the node's own address can not have the same one on another host.
  const isOwnRpc = found.config.rpc.host === address.ip
  const draft: RunbookDraft = {
    chain: found.chain,
    binary: found.command.binary,
    home: found.home,
    unit: found.unit.name,
    user: found.unit.user,
    db,
    passphraseFile: found.passphraseFile,
    rpc: isOwnRpc ? null : hostPort(found.config.rpc.host, found.config.rpc.port),
    nodes: [
      draftNode(source, found.host, address, seen, isOwnRpc),
      ...peers.map((peer) => draftNode(peer.at, peer.host, addressOf(peer.at), seen, isOwnRpc)),
    ],
    raftPort: wishes.raftPort ?? defaults.raft.port,
    p2pPort,
    da: { address: withoutLogin(found.config.daAddress), namespace: found.config.daNamespace },
    timing: timingFor(seen.rttMaxMs).because,
    notes: {
      chain: `genesis.json in ${homeFiles(found.home).configDir}${found.head === null ? '' : `; the chain was at height ${found.head}`}`,
      node: `${found.unit.fragmentPath} (${found.unit.active})${found.unit.dropIns.length === 0 ? '' : `, with ${found.unit.dropIns.length} drop-ins`}`,
      db: wishes.db === undefined ? `the only database below ${homeFiles(found.home).data}` : 'you named it',
      data: `${found.node.dataBytes} bytes below ${homeFiles(found.home).data}`,
      blockTime: `${found.config.blockTimeMs} ms a block${found.config.lazyMode ? ', lazily' : ''}`,
    },
  }
  const text = runbookText(draft)
  // It must load through the very same schema as one that was written by hand.
  runbookFromText(text, 'the new runbook')
  return {
    chain: found.chain,
    text,
    found: foundRows(seen, draft),
    assumed: assumptions(seen, draft),
    warnings: warningsIn(seen),
  }
}

/** Where the live node listens for its peers is where they reach it; else where one logs in. */
function sourceAddress({ source, found }: Seen): { ip: string; from: string } {
  const listened = /^\/ip[46]\/([^/]+)\/tcp/.exec(found.config.p2pListen)?.[1] ?? ''
  const isConcrete = !['', '0.0.0.0', '::', '127.0.0.1', '::1'].includes(listened)
  const isNamed = source.address?.from === 'you named it'
  if (isConcrete && !isNamed) return { ip: listened, from: 'the address its P2P listens on' }
  return addressOf(source)
}

function draftNode(
  at: NamedHost,
  host: HostLook,
  address: { ip: string; from: string },
  { found }: Seen,
  isOwnRpc: boolean,
): DraftNode {
  const on = (path: string) => pathOn(path, found.host, host)
  const others = host.addresses.filter((one) => one !== address.ip)
  return {
    name: at.name,
    ssh: at.written,
    address: address.ip,
    note: `${host.hostname}; address: ${address.from}${others.length === 0 ? '' : `; it also has ${others.slice(0, 6).join(', ')}`}`,
    ...(isOwnRpc ? { rpc: hostPort(address.ip, found.config.rpc.port) } : {}),
    ...(on(found.command.binary) === found.command.binary ? {} : { binary: on(found.command.binary) }),
    ...(on(found.home) === found.home ? {} : { home: on(found.home) }),
    ...(found.passphraseFile === '' || on(found.passphraseFile) === found.passphraseFile
      ? {}
      : { passphraseFile: on(found.passphraseFile) }),
    ...(host.root === '' ? {} : { root: host.root }),
  }
}

function foundRows({ found, source, rttMaxMs }: Seen, draft: RunbookDraft): FoundRow[] {
  const { config, unit, command } = found
  const flags = `ExecStart of ${unit.name}`
  const yaml = `${homeFiles(found.home).config} and the flags of ${unit.name}`
  return [
    ['chain', found.chain, `${homeFiles(found.home).genesis}`],
    [
      'head',
      found.head === null ? 'RPC does not answer' : String(found.head),
      `RPC on ${hostPort(config.rpc.host, config.rpc.port)} of ${source.name}`,
    ],
    ['unit', `${unit.name}, ${unit.active}`, unit.fragmentPath],
    ['binary', command.binary, flags],
    ['home', found.home, flags],
    ['user', unit.user === '' ? 'root' : unit.user, 'User= of the unit'],
    ['flags', String(command.flags.length), flags],
    ['database', draft.db, draft.notes.db],
    ['data', `${found.node.dataBytes} bytes`, `du ${homeFiles(found.home).data}`],
    ['block time', `${config.blockTimeMs} ms${config.lazyMode ? ', lazy' : ''}`, yaml],
    [
      'DA',
      `${draft.da.address}, namespace ${draft.da.namespace === '' ? 'not written down' : draft.da.namespace}`,
      yaml,
    ],
    ['ports', `P2P ${draft.p2pPort}, RPC ${config.rpc.port}`, yaml],
    ['execution client', found.ethUrl ?? 'none', flags],
    [
      'largest round trip',
      rttMaxMs === null ? 'not measured (no ping)' : `${rttMaxMs} ms`,
      `ping between ${draft.nodes.length} hosts, both ways`,
    ],
  ]
}

function assumptions({ wishes, found, peers, rttMaxMs }: Seen, draft: RunbookDraft): string[] {
  return [
    ...(wishes.raftPort === undefined
      ? [`port ${draft.raftPort} is free for Raft on every host, and open between them`]
      : []),
    `the new nodes have the layout of the sequencer: binary ${draft.binary}, home ${draft.home}, unit ${draft.unit}${draft.user === '' ? '' : `, user ${draft.user}`}`,
    ...(peers.some(({ binarySha256 }) => binarySha256 === '')
      ? [
          `evha may copy the binary to ${names(peers.filter(({ binarySha256 }) => binarySha256 === ''))} (copy.binary), where it is not`,
        ]
      : []),
    ...(found.config.p2pPort === undefined ? [`P2P is on its default port ${defaultP2pPort}`] : []),
    ...draft.nodes.map(
      ({ name, address, note }) =>
        `${name} is reached by the others under ${address} (${note.split('address: ')[1] ?? ''})`,
    ),
    ...(rttMaxMs === null ? ['the hosts are near each other: no round trip could be measured'] : []),
    `${defaults.window.budgetSeconds} s is how long the chain may stand still, and ${defaults.window.soakSeconds} s how long the cluster is watched`,
  ]
}

const names = (peers: readonly FoundPeer[]) => peers.map(({ at }) => at.name).join(', ')

function warningsIn({ found, peers, source }: Seen): string[] {
  const others = peers.filter(
    ({ binarySha256 }) => binarySha256 !== '' && binarySha256 !== found.node.binarySha256,
  )
  const noPass = peers.filter(({ passphraseThere }) => found.passphraseFile !== '' && !passphraseThere)
  const withData = peers.filter(({ dataThere }) => dataThere)
  return [
    ...(found.ethUrl === null
      ? []
      : [
          `${source.name} is an EVM node (execution client ${withoutLogin(found.ethUrl)}): this version does not migrate those; \`evha check\` says how the clients of all hosts stand`,
        ]),
    ...executionFlagProblems(found.command).map(({ problem, cure }) => `${source.name}: ${problem}; ${cure}`),
    ...(found.head === null
      ? [`${source.name}: its RPC does not answer, so the chain was not seen running`]
      : []),
    ...(found.config.daNamespace === ''
      ? ['the DA namespace is not written down; the node takes another one at each start']
      : []),
    ...(others.length === 0 ? [] : [`${names(others)}: the binary is another one than on ${source.name}`]),
    ...(noPass.length === 0
      ? []
      : [`${names(noPass)}: the passphrase file is not there yet; lay it yourself`]),
    ...(withData.length === 0 ? [] : [`${names(withData)}: there is data below the home already`]),
  ]
}

const usage = (message: string, hint: string) =>
  new EvhaError({ kind: 'usage', message, changedAnything: 'no', retryable: false, hint })
