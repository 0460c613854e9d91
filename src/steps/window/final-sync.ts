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
    const ahead = fresh.listed?.attempt === attempt ? await fresh.listed.ahead : null
    delete fresh.listed
    // Their stores are none that is copied to; what went wrong with them is told once the copy has ended.
    const ended = hasClients(context) ? endFullNodes(context) : Promise.resolve()
    const [pass, full, digested] = await Promise.allSettled([
      copyPass(context, {
        source: 'still',
        listed: ahead?.stores ?? {},
        invocation: fact(context, 'fence').invocation,
        // Brought to the disk while the warm nodes start: nothing rests on it before the decision.
        sync: false,
      }),
      ended,
      ahead?.whole,
      // Tried since the guard holds the store, and judged by the next step. None is left at it at the end.
      fresh.fence?.refusal,
    ])
    if (pass.status === 'rejected') throw pass.reason
    if (full.status === 'rejected') throw full.reason
    const { bytes, files, manifests } = pass.value
    // What was copied before its digest was known is proved by it, like all the rest.
    const whole = digested.status === 'fulfilled' ? digested.value : {}
    fresh.stores = { attempt, manifests: { ...manifests, ...whole } }
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
