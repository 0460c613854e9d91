import { homeFiles } from '../../evnode/home.ts'
import { must } from '../ask.ts'
import { remove } from '../host/files.ts'
import { fileExists } from '../host/swap.ts'
import { copySigner } from '../prepare/copy-signer.ts'
import { preparePeers } from '../prepare/prepare-peers.ts'
import { smoke } from '../prepare/smoke.ts'
import { done, notYet, type Step } from '../step.ts'
import { onReachable } from './reach.ts'

/** After the operator's abort: the key copies go, then drop-ins and units, then evha's own directory. */
export const tidy: Step<'tidy'> = {
  name: 'tidy',
  plan: () => [
    'remove the copies of signer.json, the units and drop-ins that were laid, and the directory of evha',
  ],
  precheck: () => Promise.resolve(),
  apply: async (context) => {
    for (const step of [copySigner, smoke, preparePeers]) if ('undo' in step) await step.undo(context)
    await onReachable(context, context.nodes, async (host) => {
      await must(
        context,
        host,
        remove('remove the directory of evha', [host.spec.paths.evha, host.spec.paths.run]),
      )
    })
    return undefined
  },
  verify: async (context) => {
    // Its directory goes last: while it stands, something may stand that it tells of.
    const untidy: string[] = []
    await onReachable(context, context.nodes, async (host) => {
      if (await fileExists(context, host, host.spec.paths.evha)) untidy.push(host.spec.name)
    })
    if (untidy.length > 0) return notYet(`${untidy.sort().join(', ')}: the directory of evha is still there`)
    return done({
      leftBehind: context.peers.map(
        ({ spec }) => `${spec.name}: genesis.json and node_key.json below ${homeFiles(spec.home).configDir}`,
      ),
    })
  },
  undo: () => Promise.resolve(),
}
