import { EvhaError } from '../base/errors.ts'
import { defaultP2pPort } from '../evnode/config.ts'
import { homeFiles } from '../evnode/home.ts'
import { withoutLogin } from '../evnode/json-rpc.ts'
import { timingFor } from '../evnode/timing.ts'
import { hostPort } from '../runbook/address.ts'
import { defaults } from '../runbook/defaults.ts'
import type { DraftNode, RunbookDraft } from '../runbook/write.ts'
import { type HostLook, pathOn } from '../steps/init/look.ts'
import type { InitWishes } from './init.ts'
import type { NamedHost } from './init-hosts.ts'
import type { FoundSource } from './init-source.ts'

/** A host for a new node, and what lies there already. */
export interface FoundPeer {
  readonly at: NamedHost
  readonly host: HostLook
  readonly binary: string
  readonly binarySha256: string
  readonly passphraseThere: boolean
  readonly dataThere: boolean
}

/** What was seen on the hosts, beside what was wished for. */
export interface Seen {
  readonly wishes: InitWishes
  readonly source: NamedHost
  readonly found: FoundSource
  readonly peers: readonly FoundPeer[]
  readonly rttMaxMs: number | null
}

/** The runbook that follows from what was seen. Throws EvhaError 'usage' where something must be named first. */
export function draftOf(seen: Seen): RunbookDraft {
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
  return {
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

/** Where the other nodes reach a host. Throws EvhaError 'usage' when its name does not resolve here. */
export function addressOf(at: NamedHost): { ip: string; from: string } {
  if (at.address !== null) return at.address
  throw usage(
    `${at.name}: ${at.written.host} does not resolve to an address here`,
    `name the address under which the other nodes reach it: ${at.written.host}=10.0.0.12`,
  )
}

const usage = (message: string, hint: string) =>
  new EvhaError({ kind: 'usage', message, changedAnything: 'no', retryable: false, hint })
