import { defaultP2pPort } from '../evnode/config.ts'
import { executionFlagProblems } from '../evnode/execution.ts'
import { homeFiles } from '../evnode/home.ts'
import { withoutLogin } from '../evnode/json-rpc.ts'
import { hostPort } from '../runbook/address.ts'
import { defaults } from '../runbook/defaults.ts'
import type { RunbookDraft } from '../runbook/write.ts'
import type { FoundPeer, Seen } from './init-draft.ts'

/** What was found: label, value, and where it was seen. */
export type FoundRow = readonly [label: string, value: string, evidence: string]

/** What a draft rests on, row by row. */
export function foundRows({ found, source, rttMaxMs }: Seen, draft: RunbookDraft): FoundRow[] {
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

/** Sentences: what was not seen, and taken to be so. */
export function assumptions({ wishes, found, peers, rttMaxMs }: Seen, draft: RunbookDraft): string[] {
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

/** Sentences: what stands in the way of a migration already. */
export function warningsIn({ found, peers, source }: Seen): string[] {
  const others = peers.filter(
    ({ binarySha256 }) => binarySha256 !== '' && binarySha256 !== found.node.binarySha256,
  )
  const noPass = peers.filter(({ passphraseThere }) => found.passphraseFile !== '' && !passphraseThere)
  const withData = peers.filter(({ dataThere }) => dataThere)
  return [
    ...(found.ethUrl === null
      ? []
      : [
          `${source.name} is an EVM node (execution client ${withoutLogin(found.ethUrl)}): each peer needs a client of its own, at the same addresses unless \`execution\` in the runbook says otherwise; \`evha check\` says how they stand`,
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
