import { contradiction, must, onEach, stuck } from '../ask.ts'
import { offlineHeight } from '../chain/offline-height.ts'
import { moveRaftDirAside } from '../host/stamp.ts'
import { fileExists } from '../host/swap.ts'
import { copyPass } from '../prepare/store-pass.ts'
import { done, fact, type Host, notYet, type Step, type StepContext } from '../step.ts'
import { mustBeForbidden } from './forbid-raft.ts'

export const restoreBest: Step<'restoreBest'> = {
  name: 'restoreBest',
  plan: ({ source }) => [`lay the best store onto ${source.spec.name}, unless it is its own`],
  precheck: mustBeForbidden,
  apply: async (context) => {
    const best = bestHost(context)
    if (best === context.source) return undefined
    await refuseGrown(context)
    await copyPass(
      { ...context, source: best, peers: [context.source], nodes: [best, context.source] },
      { source: 'still' },
    )
    return undefined
  },
  verify: async (context) => {
    const { target, best } = fact(context, 'rankStores')
    const height = await offlineHeight(context, context.source)
    if (height !== target)
      return notYet(`${context.source.spec.name}: its store ends at ${height}, not at ${target}`)
    return done({ from: best, height })
  },
  irreversible: 'the store of the source is now the most advanced one; the shorter one it had is part of it',
  keepsJournal: 'first',
}

/** What was started past its unit since the stores were ranked has signed what the copy would take away. */
async function refuseGrown(context: StepContext): Promise<void> {
  if (context.onPaper) return
  const { name } = context.source.spec
  const { target } = fact(context, 'rankStores')
  const height = await offlineHeight(context, context.source)
  if (height > target)
    throw contradiction(
      `${name}: its store ends at ${height}, above block ${target}, the highest that was signed when the stores were ranked: something has started it since`,
    )
}

function bestHost(context: StepContext): Host {
  const { best } = fact(context, 'rankStores')
  const host = context.nodes.find(({ spec }) => spec.name === best)
  if (host === undefined) throw stuck(`${best} is not among the nodes`)
  return host
}

export const moveRaftDirs: Step<'moveRaftDirs'> = {
  name: 'moveRaftDirs',
  plan: ({ nodes }) => [`move the Raft directories of ${nodes.length} nodes aside; nothing is deleted`],
  precheck: mustBeForbidden,
  apply: async (context) => {
    await onEach(context.nodes, (host) =>
      must(context, host, moveRaftDirAside(host.spec, `${host.spec.paths.evha}/old/raft`)),
    )
    return undefined
  },
  verify: async (context) => {
    const left: string[] = []
    for (const host of context.nodes)
      if (await fileExists(context, host, host.spec.raftDir)) left.push(host.spec.name)
    if (left.length > 0) return notYet(`${left.join(', ')}: the Raft directory is still in its place`)
    return done({ moved: context.nodes.map((host) => host.spec.name) })
  },
  irreversible: 'the cluster of these directories does not come back; a new migration makes new ones',
  keepsJournal: 'first',
}
