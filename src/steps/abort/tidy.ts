import { homeFiles } from '../../evnode/home.ts'
import { ask, must } from '../ask.ts'
import { remove } from '../host/files.ts'
import { fileExists } from '../host/swap.ts'
import { whoDrives } from '../host/who.ts'
import { claim, readClaim } from '../prepare/claim.ts'
import { copySigner } from '../prepare/copy-signer.ts'
import { preparePeers } from '../prepare/prepare-peers.ts'
import { seedData } from '../prepare/seed-data.ts'
import { smoke } from '../prepare/smoke.ts'
import { done, type Host, notYet, type Step } from '../step.ts'
import { clientsLeft } from './clients-left.ts'
import { onReachable } from './reach.ts'

/** After the operator's abort: the key copies go, then drop-ins and units, then evha's own directory. */
export const tidy: Step<'tidy'> = {
  name: 'tidy',
  plan: () => [
    'remove the copies of signer.json, the units and drop-ins that were laid, and the directory of evha',
  ],
  precheck: () => Promise.resolve(),
  apply: async (context) => {
    // Removed already, and another run works there since.
    const { source, run } = context
    if ((await ask(context, source, claim(source.spec, run, whoDrives()))).exitCode !== 0) return undefined
    for (const step of [seedData, copySigner, smoke, preparePeers])
      if ('undo' in step) await step.undo(context)
    const removeAll = (host: Host) =>
      must(context, host, remove('remove the directory of evha', [host.spec.paths.evha, host.spec.paths.run]))
    await onReachable(context, context.peers, async (peer) => {
      await removeAll(peer)
    })
    // The claim lies in it: the last thing that goes.
    await removeAll(source)
    return undefined
  },
  verify: async (context) => {
    // Its directory goes last: while it stands, something may stand that it tells of.
    const untidy: string[] = []
    const [holder = ''] = (await must(context, context.source, readClaim(context.source.spec))).split(' ')
    if (holder !== '' && holder !== context.run) return done({ leftBehind: [] })
    await onReachable(context, context.nodes, async (host) => {
      if (await fileExists(context, host, host.spec.paths.evha)) untidy.push(host.spec.name)
    })
    if (untidy.length > 0) return notYet(`${untidy.sort().join(', ')}: the directory of evha is still there`)
    return done({
      leftBehind: [
        ...context.peers.map(
          ({ spec }) =>
            `${spec.name}: genesis.json and node_key.json below ${homeFiles(spec.home).configDir}`,
        ),
        ...(await clientsLeft(context)),
      ],
    })
  },
  undo: () => Promise.resolve(),
}
