import { stringify } from 'yaml'
import { defaults } from './defaults.ts'
import type { SshLogin } from './ssh-login.ts'

/** One node of a runbook that is to be written; what is absent is as under `node`. */
export interface DraftNode {
  readonly name: string
  readonly ssh: SshLogin
  readonly address: string
  /** What host it is and where its address comes from. */
  readonly note: string
  readonly rpc?: string
  readonly binary?: string
  readonly home?: string
  readonly passphraseFile?: string
  /** What stands before the host's own /etc, /var and /run; absent on a real host. */
  readonly root?: string
}

/** What a runbook is written from, the source first. `notes` say where each thing was seen. */
export interface RunbookDraft {
  readonly chain: string
  readonly binary: string
  readonly home: string
  readonly unit: string
  /** '' for root. */
  readonly user: string
  readonly db: string
  /** '' where the live unit names none. */
  readonly passphraseFile: string
  /** null: each node has its own. */
  readonly rpc: string | null
  readonly nodes: readonly DraftNode[]
  readonly raftPort: number
  readonly p2pPort: number
  readonly da: { readonly address: string; readonly namespace: string }
  /** Why the Raft timing would be what it is. */
  readonly timing: string
  readonly notes: Readonly<Record<'chain' | 'node' | 'db' | 'data' | 'blockTime', string>>
}

/** A commented runbook; comments that begin with "found" tell evidence, those with "assumed" what nobody looked at. */
export function runbookText(draft: RunbookDraft): string {
  const { notes } = draft
  return `# Written by \`evha init\`. Lines that say "found" were seen on the hosts; read those that say "assumed".
# What every key means stands in runbooks/single-to-ha.yaml. Nothing was changed on any host.

version: 1

# found: ${note(notes.chain)}. It is what you type to approve a gate.
chain: ${yaml(draft.chain)}

node:
  # found: ${note(notes.node)}
  unit: ${yaml(draft.unit)}
  # found: its ExecStart
  binary: ${yaml(draft.binary)}
  home: ${yaml(draft.home)}
${draft.user === '' ? '  # found: no User=, so the node runs as root' : `  # found: its User=\n  user: ${yaml(draft.user)}`}
  # found: ${note(notes.db)}; ${note(notes.data)}
  db: ${yaml(draft.db)}
${draft.passphraseFile === '' ? '' : `  # found: --evnode.signer.passphrase_file. The one secret you lay on the new hosts yourself.\n  passphraseFile: ${yaml(draft.passphraseFile)}\n`}${draft.rpc === null ? '' : `  # found: rpc.address\n  rpc: ${yaml(draft.rpc)}\n`}
# assumed: the new nodes have the layout of node-1
nodes:
${draft.nodes.map(nodeText).join('')}
# found: the unit above runs there
source: ${yaml(draft.nodes[0]?.name ?? '')}

raft:
  # assumed: free on every host; open it between all nodes and to nobody else
  port: ${draft.raftPort}
  # auto now means ${note(draft.timing)}
  timing: auto

p2p:
  # found: the port of node-1; full nodes out there know it
  port: ${draft.p2pPort}

# found: ${note(notes.blockTime)}; DA at ${note(draft.da.address)}, namespace ${note(draft.da.namespace || 'not written down')}
# Taken from the live configuration at each run; write it here to have evha hold to it.
# da:
#   address: ${note(draft.da.address)}
#   namespace: ${note(draft.da.namespace)}

copy:
  # assumed: evha may copy the binary of node-1 to hosts that lack it
  binary: true

window:
  # assumed: how long the chain may stand still before everything goes back to node-1 by itself
  budgetSeconds: ${defaults.window.budgetSeconds}
  # assumed: how long the finished cluster is watched
  soakSeconds: ${defaults.window.soakSeconds}

# True only for hosts that carry nothing of value.
staging: false
`
}

function nodeText(node: DraftNode): string {
  const { root } = node
  const keys = (['binary', 'home', 'passphraseFile', 'rpc'] as const).flatMap((key) => {
    const value = node[key]
    return value === undefined ? [] : [`    ${key}: ${yaml(value)}\n`]
  })
  const paths =
    root === undefined
      ? ''
      : `    # found: the units of this host lie below ${note(root)}, so what evha lays does too
    paths:
      units: ${yaml(`${root}/etc/systemd/system`)}
      evha: ${yaml(`${root}/var/lib/evha`)}
      run: ${yaml(`${root}/run/evha`)}
`
  return `  # found: ${note(node.note)}
  - name: ${yaml(node.name)}
    ssh: ${sshText(node.ssh)}
    address: ${yaml(node.address)}
${keys.join('')}${paths}`
}

/** In the short form where that says it all. */
function sshText({ host, port, user, identityFile, knownHostsFile }: SshLogin): string {
  if (identityFile === undefined && knownHostsFile === undefined) {
    const bare = host.includes(':') ? `[${host}]` : host
    return yaml(`${user === undefined ? '' : `${user}@`}${bare}${port === undefined ? '' : `:${port}`}`)
  }
  const rows = Object.entries({ host, port, user, identityFile, knownHostsFile }).filter(
    ([, value]) => value !== undefined,
  )
  return `\n${rows.map(([key, value]) => `      ${key}: ${typeof value === 'number' ? value : yaml(String(value))}`).join('\n')}`
}

/** One value on one line. */
const yaml = (text: string) => stringify(text, { lineWidth: 0, blockQuote: false }).trimEnd()

/** For a comment: what came from a host may hold a line break. */
const note = (text: string) => text.replaceAll(/\p{Cc}/gu, ' ')
