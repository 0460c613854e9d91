import type { Command } from '../../../src/base/command.ts'
import { type Answer, recording } from '../../../src/remote/recording.ts'
import type { Facts } from '../../../src/steps/facts.ts'
import { permitDropInPath } from '../../../src/steps/host/unit-files.ts'
import type { Host, StepContext } from '../../../src/steps/step.ts'
import { nodeIn } from '../host/locally.ts'

const names = ['node-1', 'node-2', 'node-3', 'node-4', 'node-5']
export const warm = ['node-2', 'node-3']
export const started = Object.fromEntries(
  warm.map((name) => [name, { invocation: `of-${name}`, startedAtMs: 0, raftStartedAtMs: 0 }]),
)
const room = 'free 1000000000 /d/home\n'

export interface Shown {
  readonly permits?: string
  readonly active?: string
  readonly invocation?: string
  readonly boot?: string
  readonly ground?: string
}

/**
 * The window as it stands right before the decision, with a round that was made just now; `other` is what one host shows
 * instead. A look takes `tookMs`, the journal `keptMs`.
 */
export function atTheDecision(
  other: Readonly<Record<string, Shown>> = {},
  { guard = 'running', tookMs = 0, keptMs = 0 } = {},
) {
  let nowMs = 0
  let rounds = 0
  const nodes = names.map((name): Host => {
    const spec = { ...nodeIn('/d'), name, address: '127.0.0.11' }
    const isWarm = warm.includes(name)
    const { permits, active, invocation, boot, ground } = {
      permits: isWarm ? 'raft volatile\n' : '',
      active: isWarm ? 'active' : 'inactive',
      invocation: name === 'node-1' ? 'fenced' : `of-${name}`,
      boot: `boot-${name}`,
      ground: room,
      ...other[name],
    }
    const unit = `ActiveState=${active}\nInvocationID=${invocation}\nDropInPaths=${permitDropInPath(spec)}\n`
    const answer = ({ says }: Command): Answer => {
      if (says.startsWith('decide')) return { stdout: 'committed r 1 1\n' }
      if (says.startsWith('disarm')) return { stdout: 'armed\n' }
      if (name === 'node-1') {
        nowMs += tookMs
        rounds += 1
      }
      return { stdout: `${permits}--\n${unit}--\n${boot}\n--\n${ground}` }
    }
    return { spec, remote: recording(name, answer) }
  })
  const facts = {
    arm: {
      epoch: 1,
      bootIds: Object.fromEntries(names.map((name) => [name, `boot-${name}`])),
      daHeight: null,
    },
    fence: { noted: { height: 1, hash: '' }, invocation: 'fenced' },
    warmPeers: { warm, started },
    weighCommit: { digest: '', evidence: [], roundAtMs: 0 },
  } satisfies Partial<Facts>
  const context = {
    run: 'r',
    attempt: 1,
    nodes,
    source: nodes[0] as Host,
    peers: nodes.slice(1),
    facts,
    windowDeadlineMs: null,
    epoch: 1,
    journalKept: () => {
      nowMs += keptMs
      return Promise.resolve()
    },
    now: () => nowMs,
    hands: { statusOfDetached: () => Promise.resolve({ kind: guard }) },
  } as unknown as StepContext
  return {
    context,
    rounds: () => rounds,
    asked: () => nodes.map(({ remote }) => (remote as ReturnType<typeof recording>).commands.length),
  }
}
