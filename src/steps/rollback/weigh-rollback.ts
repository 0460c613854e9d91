import { heightOf } from '../chain/head.ts'
import { boundDigest, planFields } from '../gates/digest.ts'
import { done, looksOnly, type Step } from '../step.ts'

export const weighRollback: Step<'weighRollback'> = {
  name: 'weighRollback',
  plan: () => ['show the heads of all nodes as far as they answer'],
  ...looksOnly,
  verify: async (context) => {
    const heads = await Promise.all(
      context.nodes.map(async (host) => `${host.spec.name} ${(await heightOf(context, host)) ?? 'silent'}`),
    )
    return done({
      digest: boundDigest({ ...planFields(context), run: context.run, attempt: context.attempt }),
      evidence: [
        ['heads', heads.join(', ')],
        [
          'goes on',
          `${context.source.spec.name} alone, from the store with the highest height that may have been signed`,
        ],
        ['the others', 'stay stopped; their Raft directories are moved aside, never deleted'],
      ],
    })
  },
}
