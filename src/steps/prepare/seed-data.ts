import { must, onEach, stuck } from '../ask.ts'
import type { LastPass } from '../facts.ts'
import { takePermit } from '../host/permits.ts'
import { isUp, readUnit, showUnit } from '../host/systemd.ts'
import { done, notYet, type Step, type StepContext } from '../step.ts'
import { copyPass } from './store-pass.ts'

/** One pass moves everything, the second what the first one missed; more only while they still get shorter. */
const passesMax = 5
const passesMin = 2
/** The next pass must fit into this part of the budget, with room for everything else in the window. */
const budgetShare = 0.25

export const seedData: Step<'seedData'> = {
  name: 'seedData',
  plan: ({ peers, source }) => [
    `copy the data of ${source.spec.name} to ${peers.length} peers while the chain runs, holes left out, then again what changed meanwhile`,
  ],
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
    const shareMs = context.runbook.window.budgetSeconds * 1_000 * budgetShare
    let bytes = 0
    for (let passes = 1; ; passes++) {
      const pass = await hotPass(context, `pass ${passes}`)
      bytes += pass.lastPassBytes
      const fits = passes >= passesMin && pass.lastPassMs <= shareMs
      if (fits || passes === passesMax) return { bytes, passes, ...pass }
    }
  },
  verify: (_context, measured) => {
    const { bytes, passes, lastPassBytes, lastPassMs, manifestMs, at } = measured ?? {}
    if (at === undefined)
      return Promise.resolve(notYet('the passes did not end; they go on where they stopped'))
    return Promise.resolve(
      done({
        bytes: bytes ?? 0,
        passes: passes ?? 0,
        lastPassBytes: lastPassBytes ?? 0,
        lastPassMs: lastPassMs ?? 0,
        manifestMs: manifestMs ?? 0,
        at,
      }),
    )
  },
  undo: () => Promise.resolve(),
}

/** One pass while the chain runs; told in one line. */
export async function hotPass(context: StepContext, named = 'pass'): Promise<LastPass> {
  const { source } = context
  const { invocation } = readUnit(await must(context, source, showUnit(source.spec.unit)))
  const { bytes, files, ms, manifestMs } = await copyPass(context, { source: 'hot', invocation })
  context.tell(`${named}: ${files} files, ${bytes} bytes in ${(ms / 1000).toFixed(1)} s`)
  return {
    lastPassBytes: bytes,
    lastPassMs: ms,
    manifestMs,
    at: new Date(context.now()).toISOString(),
  }
}
