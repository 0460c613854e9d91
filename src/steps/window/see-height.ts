import { stuck } from '../ask.ts'
import { offlineHeight } from '../chain/offline-height.ts'
import { fact, type Host, type StepContext } from '../step.ts'

/**
 * N by the word of a store, to be the one of the source's log; throws where it is another. Opening a database rewrites files
 * of it: so it is asked of a proved copy, one of those that run nothing before the decision, and the source's own store stays
 * as the stop left it.
 */
export async function seeHeight(context: StepContext, resting: readonly Host[]): Promise<void> {
  const { height } = fact(context, 'stopSource')
  const { equal } = fact(context, 'proveEqual')
  const copy = resting.findLast(({ spec }) => equal.includes(spec.name))
  // The proof wants as many equal peers as a quorum has members, and one less is warm.
  if (copy === undefined)
    throw stuck('no peer with the same content rests; nobody can be asked for its height')
  const stored = await offlineHeight(context, copy)
  if (context.onPaper || stored === height) return
  const { name } = context.source.spec
  throw stuck(
    `${name}: its log ends with block ${height}; ${copy.spec.name}, which has the same store, has block ${stored}`,
  )
}
