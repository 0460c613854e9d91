import { stuck } from '../ask.ts'
import { heightOf } from '../chain/head.ts'
import { done, fact, type Host, notYet, type Step, type StepContext } from '../step.ts'
import { sinceThen } from './cluster-clients.ts'
import { membersOf } from './members.ts'
import { lookAtCluster } from './verify-election.ts'

/** Waits until the soak is over, and then for the watch: it ends this step when it finds a height that was signed twice. */
export const soak: Step<'soak'> = {
  name: 'soak',
  plan: ({ runbook }) => [
    `watch every node and DA for ${runbook.window.soakSeconds} s: heights advance, none is signed twice`,
  ],
  precheck: () => Promise.resolve(),
  apply: async (context) => {
    const { soakSeconds } = context.runbook.window
    const before = await lowestThatAnswers(context)
    await context.sleep(soakSeconds * 1_000)
    const after = Math.min(...(await heights(context)).map((height) => height ?? 0))
    if (after <= before) throw stuck(`no node got a block in ${soakSeconds} s; the lowest head is ${after}`)
    const { daRead } = await context.watched()
    return { daChecked: daRead }
  },
  verify: async (context, measured) => {
    if (measured?.daChecked === undefined) return notYet('the watch was interrupted before its end')
    const cluster = await lookAtCluster(context, fact(context, 'verifyElection').notVoting)
    if (typeof cluster === 'string') return notYet(cluster)
    const { clients } = cluster
    const before = fact(context, 'verifyElection').clients
    return done({
      ...cluster,
      ...(clients === undefined ? {} : { clients: sinceThen(clients, before ?? {}) }),
      daChecked: measured.daChecked,
    })
  },
  undo: () => Promise.resolve(),
}

const members = (context: StepContext): Host[] =>
  membersOf(context).filter(({ spec }) => fact(context, 'verifyElection').notVoting[spec.name] === undefined)

/** Who is silent now has its say at the end; were it 0 here, a chain that stands still would have grown by then. */
async function lowestThatAnswers(context: StepContext): Promise<number> {
  const answered = (await heights(context)).filter((height) => height !== null)
  return answered.length === 0 ? fact(context, 'verifyElection').firstClusterHeight : Math.min(...answered)
}

const heights = (context: StepContext): Promise<(number | null)[]> =>
  Promise.all(members(context).map((host) => heightOf(context, host)))
