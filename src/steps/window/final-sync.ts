import { copyPass } from '../prepare/store-pass.ts'
import { done, fact, notYet, type Step } from '../step.ts'
import { endFullNodes } from '../warm-up/end.ts'
import { hasClients } from '../warm-up/warm-up.ts'

/** The last pass: the source stands still under its guard, so what is copied now is what the peers start from. */
export const finalSync: Step<'finalSync'> = {
  name: 'finalSync',
  plan: (context) => [
    `copy what changed since the last pass to ${context.peers.length} peers, under their store locks`,
    ...(hasClients(context)
      ? [
          'meanwhile end the full nodes of the peers and prove them gone: each execution client is driven by one node',
        ]
      : []),
  ],
  precheck: () => Promise.resolve(),
  apply: async (context) => {
    const { attempt, fresh } = context
    const peersListed = fresh.peers?.attempt === attempt ? await fresh.peers.listed : null
    delete fresh.peers
    // Their stores are none that is copied to; what went wrong with them is told once the copy has ended.
    const ended = hasClients(context) ? endFullNodes(context) : Promise.resolve()
    ended.catch(() => undefined)
    const { bytes, files, manifests } = await copyPass(context, {
      source: 'still',
      peersListed,
      invocation: fact(context, 'fence').invocation,
      // Brought to the disk while the warm nodes start: nothing rests on it before the decision.
      sync: false,
    })
    await ended
    fresh.stores = { attempt, manifests }
    return { bytes, files }
  },
  // The content is judged by the next step; a pass whose end was not seen is simply made again.
  verify: (_context, measured) =>
    Promise.resolve(
      measured === undefined
        ? notYet('the end of the last pass was not seen')
        : done({ bytes: measured.bytes ?? 0, files: measured.files ?? 0 }),
    ),
  undo: () => Promise.resolve(),
}
