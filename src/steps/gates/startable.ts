import { must, onEach, stuck } from '../ask.ts'
import type { Finding } from '../prepare/finding.ts'
import { readGround, surveyRoom } from '../prepare/ground.ts'
import { portFindings, roomFindings } from '../prepare/ground-findings.ts'
import type { StepContext } from '../step.ts'

/**
 * Before the chain stops: every peer has room to write and its ports free, as check saw it, perhaps days ago. Throws what
 * is in the way of the first one.
 */
export async function refuseUnstartable(context: StepContext): Promise<void> {
  const [first] = Object.values(await inTheWay(context, [])).flat()
  if (first !== undefined) throw unstartable(first)
}

/**
 * Before the commit: the warm peers have room to go on, and one of the others can be started. Without it the quorum would
 * not be made, and the chain would stand still past the point of no return.
 */
export async function refuseWithoutQuorum(context: StepContext, warm: readonly string[]): Promise<void> {
  const found = await inTheWay(context, warm)
  const [worse] = warm.flatMap((name) => found[name] ?? [])
  if (worse !== undefined) throw unstartable(worse)
  const others = Object.entries(found).filter(([name]) => !warm.includes(name))
  const [first] = others.flatMap(([, findings]) => findings)
  if (first !== undefined && others.every(([, findings]) => findings.length > 0)) throw unstartable(first)
}

/** What keeps each peer from being started; the ports of the warm ones are their own. */
function inTheWay(context: StepContext, warm: readonly string[]): Promise<Record<string, Finding[]>> {
  return onEach(context.peers, async (peer) => {
    const ground = readGround(await must(context, peer, surveyRoom(peer.spec)))
    const ports = warm.includes(peer.spec.name) ? [] : portFindings(peer.spec, ground, false)
    return [...roomFindings(peer.spec, ground), ...ports]
  })
}

const unstartable = ({ host, what, cure }: Finding) =>
  stuck(`${host}: ${what}`, `${cure}; then \`evha resume\``)
