import { must, onEach, stuck } from '../ask.ts'
import { clientCopy } from '../client-copy/copy.ts'
import type { Facts, LastPass } from '../facts.ts'
import { takePermit } from '../host/permits.ts'
import { isUp, readUnit, showUnit } from '../host/systemd.ts'
import { done, notYet, type Step, type StepContext } from '../step.ts'
import { hasClients, warmUp } from '../warm-up/warm-up.ts'
import { closeWays, type DirectWays, directWays } from './direct-ways.ts'
import { passTimeoutMs } from './store-list.ts'
import { copyPass } from './store-pass.ts'

/** One pass moves everything, the second what the first one missed; more only while they still get shorter. */
const passesMax = 5
const passesMin = 2
/** The next pass must fit into this part of the budget, with room for everything else in the window. */
const budgetShare = 0.25

export const seedData: Step<'seedData'> = {
  name: 'seedData',
  plan: (context) => {
    const { peers, source, runbook } = context
    return [
      ...clientCopy.plan(context),
      ...(hasClients(context) ? warmUp.plan(context) : []),
      `copy the data of ${source.spec.name} to ${peers.length} peers while the chain runs, holes left out, then again what changed meanwhile`,
      ...(runbook.copy.via === 'relay'
        ? []
        : [
            `${runbook.copy.via === 'direct' ? '' : 'where that is much: '}from host to host, by a key made on ${source.spec.name} and one line in the authorized_keys of each peer, both removed after it`,
          ]),
    ]
  },
  precheck: async (context) => {
    for (const peer of context.peers)
      if (isUp(readUnit(await must(context, peer, showUnit(peer.spec.unit)))))
        throw stuck(
          `${peer.spec.name}: ${peer.spec.unit} runs; a seed is never copied under a running node`,
          `find out who started it, \`systemctl disable --now ${peer.spec.unit}\` on ${peer.spec.name}, then \`evha resume\``,
        )
  },
  apply: async (context) => {
    // Left over where a host did not answer the last way back; with it more peers than the warm ones could start.
    await onEach(context.peers, (peer) => must(context, peer, takePermit(peer.spec, 'raft')))
    const copied = await clientCopy.begin(context)
    const copiedClients = copied === undefined ? {} : { copiedClients: copied }
    // They follow while the data is copied: on a long chain they need far longer.
    if (hasClients(context)) await warmUp.begin(context)
    const ways = directWays(
      context,
      Math.ceil((passTimeoutMs(context, { source: 'hot' }) * passesMax) / 1_000),
    )
    const measured = await copyPasses(context, ways).catch(async (thrown: unknown) => {
      // What went wrong with the copy is what has to be told.
      await closeWays(context).catch(() => undefined)
      throw thrown
    })
    await closeWays(context)
    return hasClients(context)
      ? { ...measured, ...copiedClients, warmedUp: await warmUp.follow(context) }
      : measured
  },
  verify: async (context, measured) => {
    const { bytes, passes, lastPassBytes, lastPassMs, manifestMs, at, warmedUp, copiedClients } =
      measured ?? {}
    if (at === undefined) return notYet('the passes did not end; they go on where they stopped')
    const followed = hasClients(context) ? await warmUp.verify(context, warmedUp) : null
    if (followed?.done === false) return followed
    return done({
      bytes: bytes ?? 0,
      passes: passes ?? 0,
      lastPassBytes: lastPassBytes ?? 0,
      lastPassMs: lastPassMs ?? 0,
      manifestMs: manifestMs ?? 0,
      at,
      ...(followed === null ? {} : { warmedUp: followed.output }),
      ...(copiedClients === undefined ? {} : { copiedClients }),
    })
  },
  undo: async (context) => {
    await closeWays(context)
    if (hasClients(context)) await warmUp.undo(context)
    await clientCopy.undo(context)
  },
}

/** Passes until the next one would fit into the window. */
async function copyPasses(context: StepContext, ways: DirectWays): Promise<Facts['seedData']> {
  const shareMs = context.runbook.window.budgetSeconds * 1_000 * budgetShare
  let bytes = 0
  for (let passes = 1; ; passes++) {
    const pass = await hotPass(context, `pass ${passes}`, ways)
    bytes += pass.lastPassBytes
    const fits = passes >= passesMin && pass.lastPassMs <= shareMs
    if (fits || passes === passesMax) return { bytes, passes, ...pass }
  }
}

/** One pass while the chain runs; told in one line. */
export async function hotPass(context: StepContext, named = 'pass', ways?: DirectWays): Promise<LastPass> {
  const { source } = context
  const { invocation } = readUnit(await must(context, source, showUnit(source.spec.unit)))
  const { bytes, files, ms, manifestMs } = await copyPass(context, {
    source: 'hot',
    invocation,
    ...(ways === undefined ? {} : { ways }),
  })
  context.tell(`${named}: ${files} files, ${bytes} bytes in ${(ms / 1000).toFixed(1)} s`)
  return {
    lastPassBytes: bytes,
    lastPassMs: ms,
    manifestMs,
    at: new Date(context.now()).toISOString(),
  }
}
