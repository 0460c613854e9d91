import { changes, script } from '../../base/command.ts'
import { permitDropIn } from '../../evnode/permit.ts'
import { onReachable } from '../abort/reach.ts'
import { must, stuck, until } from '../ask.ts'
import { clientsBack } from '../chain/clients-back.ts'
import { heightOf } from '../chain/head.ts'
import { changeDecision } from '../host/decision.ts'
import { remove } from '../host/files.ts'
import { putKeyBack } from '../host/key-aside.ts'
import { givePermit, permitDirs } from '../host/permits.ts'
import { enableUnit, isUp, readUnit, reloadUnits, resetFailed, showUnit, startUnit } from '../host/systemd.ts'
import { configPath, kept, permitDropInPath, unitPath } from '../host/unit-files.ts'
import { claimPath } from '../prepare/claim.ts'
import { done, fact, notYet, type Step, type StepContext } from '../step.ts'
import { removeFullNode } from '../warm-up/end.ts'
import { hasClients } from '../warm-up/warm-up.ts'
import { keyOf } from '../window/arm.ts'
import { mustBeForbidden } from './forbid-raft.ts'

const newBlockTimeoutMs = 60_000

export const startSingle: Step<'startSingle'> = {
  name: 'startSingle',
  plan: ({ source }) => [
    `put the old config and unit and the key of ${source.spec.name} back and start it as the single sequencer`,
  ],
  precheck: mustBeForbidden,
  apply: async (context) => {
    const { source } = context
    const { spec } = source
    if (!isUp(readUnit(await must(context, source, showUnit(spec.unit))))) {
      await putBack(context)
      await must(context, source, changeDecision(spec, ['committed'], 'returned', keyOf(context)))
      await must(context, source, putKeyBack(spec))
      await must(context, source, givePermit(spec, 'single', 'durable'))
      await must(context, source, reloadUnits())
      await must(context, source, enableUnit(spec.unit))
      const unit = readUnit(await must(context, source, showUnit(spec.unit)))
      if (unit.active === 'failed') await must(context, source, resetFailed(spec.unit))
      await must(context, source, startUnit(spec.unit))
    }
    return { heightBefore: fact(context, 'restoreBest').height }
  },
  verify: async (context) => {
    const { source } = context
    const unit = readUnit(await must(context, source, showUnit(source.spec.unit)))
    if (!isUp(unit)) return notYet(`${source.spec.name}: ${source.spec.unit} is ${unit.active}`)
    return done({ heightBefore: fact(context, 'restoreBest').height })
  },
  irreversible: 'the single sequencer produces blocks that the stopped members do not have',
  keepsJournal: 'first',
}

/** Config, unit and drop-ins as check found them; where the cutover never swapped them, they are there already. */
async function putBack(context: StepContext): Promise<void> {
  const { source } = context
  const { spec } = source
  const old = kept(spec)
  const dropIns = fact(context, 'check').sourceDropIns
  const back = changes(
    'put old files back',
    script(
      `while [ "$#" -gt 1 ]; do
  if [ -e "$1" ]; then mkdir -p "\${2%/*}"; cp -p "$1" "$2.evha-new"; sync "$2.evha-new"; mv -f "$2.evha-new" "$2"; fi
  shift 2
done`,
      old.config,
      configPath(spec),
      old.unit,
      unitPath(spec),
      ...dropIns.flatMap((path) => [`${spec.paths.evha}/old/${path.split('/').at(-1)}`, path]),
    ),
  )
  await must(context, source, back)
  const dirs = permitDirs(spec)
  const dropIn = permitDropIn({ mode: 'single', durableDir: dirs.durable, volatileDir: dirs.volatile })
  const sent = await source.remote.send(
    { content: dropIn, mode: 0o644 },
    permitDropInPath(spec),
    context.signal,
  )
  if (sent.kind !== 'finished' || sent.exitCode !== 0)
    throw stuck(`${spec.name}: the drop-in for single mode could not be laid`)
}

export const seeSingleBlock: Step<'seeSingleBlock'> = {
  name: 'seeSingleBlock',
  plan: ({ source }) => [`wait for a new block of ${source.spec.name}`],
  precheck: () => Promise.resolve(),
  apply: async (context) => {
    if (hasClients(context))
      await onReachable(context, context.peers, (peer) => removeFullNode(context, peer))
    await must(context, context.source, remove('end the claim of this run', [claimPath(context.source.spec)]))
    return {}
  },
  verify: async (context) => {
    const before = fact(context, 'startSingle').heightBefore
    const height = await until(context, { timeoutMs: newBlockTimeoutMs, everyMs: 100 }, async () => {
      const now = await heightOf(context, context.source)
      return now !== null && now > before ? now : null
    })
    if (height === null)
      return notYet(`${context.source.spec.name}: no new block within ${newBlockTimeoutMs / 1000} s`)
    return done({ height, ...(await clientsBack(context, context.nodes, height)) })
  },
  irreversible: 'the single sequencer produces',
  keepsJournal: 'first',
}
