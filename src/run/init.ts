import { EvhaError } from '../base/errors.ts'
import type { PassphraseOf } from '../remote/ssh-target.ts'
import { runbookLimits } from '../runbook/defaults.ts'
import { runbookFromText } from '../runbook/load.ts'
import { runbookText } from '../runbook/write.ts'
import { type HostLook, lookAtHost, lookAtNode, pathOn, readHost, readNode } from '../steps/init/look.ts'
import { largestRoundTripOf } from '../steps/prepare/links.ts'
import { assumptions, type FoundRow, foundRows, warningsIn } from './init-account.ts'
import { addressOf, draftOf, type FoundPeer, type Seen } from './init-draft.ts'
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

function written(seen: Seen): InitResult {
  const draft = draftOf(seen)
  const text = runbookText(draft)
  // It must load through the very same schema as one that was written by hand.
  runbookFromText(text, 'the new runbook')
  return {
    chain: draft.chain,
    text,
    found: foundRows(seen, draft),
    assumed: assumptions(seen, draft),
    warnings: warningsIn(seen),
  }
}

const usage = (message: string, hint: string) =>
  new EvhaError({ kind: 'usage', message, changedAnything: 'no', retryable: false, hint })
