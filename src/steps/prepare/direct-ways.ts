import { EvhaError } from '../../base/errors.ts'
import { ask, must, onEach, whyIn } from '../ask.ts'
import {
  keyDir,
  knock,
  knockAnswer,
  layHostKeys,
  letIn,
  makeKey,
  noWay,
  removeKey,
  shutOut,
  type Way,
} from '../host/run-key.ts'
import type { Host, StepContext } from '../step.ts'

/** Less than this, to all peers together, is relayed before a key is made and lines are laid. */
export const worthBytes = 64 * 1024 * 1024

/** The key opens nothing any more after so long beside what the passes may take. */
const keySlackSeconds = 3_600

/** The ways from the source straight to peers, as long as one seeding lasts. */
export interface DirectWays {
  /** The peers that can be reached so; opened on first use, and only for a pass that is worth it. */
  open(bytes: number): Promise<ReadonlyMap<Host, Way>>
  /** A way broke: that peer is relayed from now on. */
  lose(peer: Host, why: string): void
}

/** `secondsMax` is how long the passes may take in all. */
export function directWays(context: StepContext, secondsMax: number): DirectWays {
  const { via } = context.runbook.copy
  let opened: Promise<Map<Host, Way>> | null = null
  let passes = 0
  return {
    async open(bytes) {
      passes++
      const worth = via !== 'relay' && (bytes >= worthBytes || (via === 'direct' && passes === 1))
      if (!worth) return new Map()
      opened ??= openWays(context, secondsMax + keySlackSeconds)
      return opened
    },
    lose(peer, why) {
      context.tell(
        `${peer.spec.name}: the copy from host to host broke off (${why}); it goes through this workstation now`,
      )
      void opened?.then((ways) => ways.delete(peer))
    },
  }
}

/** Takes every line and the key away again, whoever laid them in this run; also what a crash has left. */
export async function closeWays(context: StepContext): Promise<void> {
  if (context.runbook.copy.via === 'relay') return
  await onEach(context.peers, (peer) => must(context, peer, shutOut(peer.spec, context.run)))
  await must(context, context.source, removeKey(context.source.spec))
}

async function openWays(context: StepContext, secondsMax: number): Promise<Map<Host, Way>> {
  const { source, peers, run, onPaper } = context
  const made = await ask(context, source, makeKey(source.spec, run))
  if (made.exitCode !== 0) {
    const why = made.exitCode === noWay.noClient ? 'it has no ssh client' : whyIn(made.stderr)
    context.tell(
      `${source.spec.name}: no copies from host to host (${why}); data goes through this workstation`,
    )
    return new Map()
  }
  const [publicKey = '', seenAs = ''] = onPaper
    ? [`<the public key made in ${keyDir(source.spec)}>`]
    : made.stdout.split('\n')
  const from = [...new Set([source.spec.address, ...seenAs.split(' ').filter(Boolean)])]
  const found = await onEach(peers, async (peer): Promise<{ way: Way; hostKey: string } | null> => {
    const { port, hostKey } = await peer.remote.sshd()
    const { shellText } = context.hands
    const laid = await ask(context, peer, letIn(peer.spec, { run, publicKey, from, secondsMax, shellText }))
    if (laid.exitCode !== 0) {
      relayed(context, peer, whyIn(laid.stderr))
      return null
    }
    const [user = 'root', ownPort = ''] = onPaper ? [] : laid.stdout.trim().split(' ')
    const { name, address } = peer.spec
    return { way: { name, address, user, port: Number(ownPort) || port }, hostKey }
  })
  const ways = peers.flatMap((peer) => {
    const one = found[peer.spec.name]
    return one === null || one === undefined ? [] : [{ peer, ...one }]
  })
  await must(
    context,
    source,
    layHostKeys(
      source.spec,
      ways.map(({ way, hostKey }) => `${way.name} ${hostKey}`),
    ),
  )
  const tried = await Promise.all(
    ways.map(async ({ peer, way }) => {
      const why = onPaper ? null : await whyNot(context, way)
      if (why !== null) relayed(context, peer, why)
      return why === null ? [[peer, way] as const] : []
    }),
  )
  const open = new Map(tried.flat())
  if (open.size > 0 && !onPaper)
    context.tell(
      `${source.spec.name} sends straight to ${[...open.keys()].map(({ spec }) => spec.name).join(', ')}`,
    )
  return open
}

/** null when the source gets through with the key to what it opens, else why not. */
async function whyNot(context: StepContext, way: Way): Promise<string | null> {
  try {
    const answer = await ask(context, context.source, knock(context.source.spec, way))
    if (answer.stdout.includes(knockAnswer)) return null
    return whyIn(answer.stderr) || 'its sshd runs something else for the key'
  } catch (thrown) {
    if (thrown instanceof EvhaError && thrown.kind === 'timeout') return 'its sshd does not answer in time'
    throw thrown
  }
}

const relayed = ({ tell, source }: StepContext, { spec }: Host, why: string) =>
  tell(
    `${spec.name}: not reached from ${source.spec.name} directly (${why}); its copy goes through this workstation`,
  )
