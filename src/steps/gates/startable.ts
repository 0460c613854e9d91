import { stuck } from '../ask.ts'
import type { GroundLook } from '../host/look.ts'
import type { Finding } from '../prepare/finding.ts'
import { portFindings, roomFindings } from '../prepare/ground-findings.ts'
import type { StepContext } from '../step.ts'

/** What a look at each peer saw, by its name. */
type Seen = Readonly<Record<string, Pick<GroundLook, 'ground'>>>

/**
 * Before the chain stops: every peer has room to write and its ports free, as check saw it, perhaps days ago. Throws what
 * is in the way of the first one.
 */
export function refuseUnstartable(context: StepContext, seen: Seen): void {
  const [first] = Object.values(inTheWay(context, seen, [])).flat()
  if (first !== undefined) throw unstartable(first)
}

/**
 * Before the commit: the warm peers have room to go on, and one of the others can be started. Without it the quorum would
 * not be made, and the chain would stand still past the point of no return.
 */
export function refuseWithoutQuorum(context: StepContext, seen: Seen, warm: readonly string[]): void {
  const found = inTheWay(context, seen, warm)
  const [worse] = warm.flatMap((name) => found[name] ?? [])
  if (worse !== undefined) throw unstartable(worse)
  const others = Object.entries(found).filter(([name]) => !warm.includes(name))
  const [first] = others.flatMap(([, findings]) => findings)
  if (first !== undefined && others.every(([, findings]) => findings.length > 0)) throw unstartable(first)
}

/** What keeps each peer from being started; the ports of the warm ones are their own. */
function inTheWay(
  { peers }: StepContext,
  seen: Seen,
  warm: readonly string[],
): Record<string, readonly Finding[]> {
  return Object.fromEntries(
    peers.map(({ spec }) => {
      const ground = seen[spec.name]?.ground
      if (ground === undefined) throw new Error(`nobody looked at ${spec.name}`)
      const ports = warm.includes(spec.name) ? [] : portFindings(spec, ground, false)
      return [spec.name, [...roomFindings(spec, ground), ...ports]]
    }),
  )
}

const unstartable = ({ host, what, cure }: Finding) =>
  stuck(`${host}: ${what}`, `${cure}; then \`evha resume\``)
