import { changes, script } from '../../base/command.ts'
import { EvhaError } from '../../base/errors.ts'
import { defaultP2pPort, mergeConfig } from '../../evnode/config.ts'
import { homeFiles } from '../../evnode/home.ts'
import { peerIdOfPublicKey } from '../../evnode/peer-id.ts'
import { permitDropIn } from '../../evnode/permit.ts'
import { type Member, raftChanges } from '../../evnode/raft-changes.ts'
import { timingAsked, timingFor } from '../../evnode/timing.ts'
import { raftUnit } from '../../evnode/unit-raft.ts'
import { hostPort } from '../../runbook/address.ts'
import type { NodeSpec } from '../../runbook/load.ts'
import { ask, must, onEach, stuck } from '../ask.ts'
import { removeDeadMan } from '../dead-man/commands.ts'
import { deadManUnit, deadManUnitPath, deadManUnitText } from '../dead-man/place.ts'
import { digests, makeDirs, readDigests, remove } from '../host/files.ts'
import { type LaidFile, layInOrder } from '../host/lay.ts'
import { givePermit, type Mode, permitDirs } from '../host/permits.ts'
import { serviceUser } from '../host/service-user.ts'
import { enableUnit, readUnit, reloadUnits, showUnit } from '../host/systemd.ts'
import {
  configPath,
  genesisPath,
  nodeKeyPath,
  permitDropInPath,
  staged,
  unitPath,
} from '../host/unit-files.ts'
import { whoDrives } from '../host/who.ts'
import { done, fact, type Host, notYet, type Step, type StepContext } from '../step.ts'
import { claim } from './claim.ts'
import { layBinary, layNodeKey, readNodeKeyPublic } from './lay-identity.ts'
import { refuseOldLook } from './other-run.ts'
import { withoutPaperIds, withPaperKeys } from './paper-keys.ts'
import { liveConfig, readSourceFiles, type SourceFiles, sha256 } from './source-files.ts'

export const preparePeers: Step<'preparePeers'> = {
  name: 'preparePeers',
  plan: ({ peers, source }) => [
    `on ${peers.map((peer) => peer.spec.name).join(', ')}: directories, genesis, a node key of their own, merged evnode.yaml, unit with the permit's drop-in, disabled; the dead-man's unit, not armed`,
    `on ${source.spec.name}: permit and drop-in for single mode; config and unit of the member are staged beside the live ones`,
  ],
  precheck: refuseOldLook,
  apply: async (context) => {
    const { source } = context
    const claimed = await ask(context, source, claim(source.spec, context.run, whoDrives()))
    if (claimed.exitCode !== 0) throw claimedByOther(source, claimed.stdout.trim())
    await onEach(context.peers, (peer) => layGround(context, peer))
    const found = await nodeKeys(context)
    const keys = context.onPaper ? withPaperKeys(found) : found
    const [keyless] = withoutKey(context, keys)
    if (keyless !== undefined)
      throw stuck(`${keyless.spec.name}: ${nodeKeyPath(keyless.spec)} has no public key`)
    const plan = await planFiles(context, keys)
    await onEach(context.nodes, (host) => layFiles(context, host, plan.files[host.spec.name] ?? []))
    await onEach(context.nodes, async (host) => {
      await must(context, host, reloadUnits())
      await must(context, host, enableUnit(deadManUnit(host.spec)))
    })
    const diff = context.onPaper ? withoutPaperIds(plan.diff) : plan.diff
    return { diff, timing: plan.timing, peerIds: plan.peerIds }
  },
  verify: async (context) => {
    const keys = await nodeKeys(context)
    const [keyless] = withoutKey(context, keys)
    if (keyless !== undefined) return notYet(`${keyless.spec.name}: it has no node key yet`)
    const plan = await planFiles(context, keys)
    for (const host of context.nodes) {
      const wanted = plan.files[host.spec.name] ?? []
      const found = readDigests(await must(context, host, digests(wanted.map((file) => file.path))))
      const wrong = wanted.find((file) => found.get(file.path) !== sha256(file.text))
      if (wrong !== undefined) return notYet(`${host.spec.name}: ${wrong.path} is not as it should be`)
      const unit = readUnit(await must(context, host, showUnit(host.spec.unit)))
      if (!unit.dropIns.includes(permitDropInPath(host.spec)) || unit.needsReload)
        return notYet(`${host.spec.name}: systemd has not read the permit's drop-in`)
      if (host !== context.source && unit.unitFileState === 'enabled')
        return notYet(`${host.spec.name}: ${host.spec.unit} is enabled; it must stay disabled until commit`)
      const deadMan = readUnit(await must(context, host, showUnit(deadManUnit(host.spec))))
      if (deadMan.unitFileState !== 'enabled')
        return notYet(
          `${host.spec.name}: ${deadManUnit(host.spec)} is not enabled; a reboot would not start it`,
        )
    }
    const digestsOf = (pick: (file: LaidFile, spec: NodeSpec) => boolean) =>
      Object.fromEntries(
        context.nodes.map(({ spec }) => [
          spec.name,
          sha256((plan.files[spec.name] ?? []).find((file) => pick(file, spec))?.text ?? ''),
        ]),
      )
    return done({
      peerIds: plan.peerIds,
      configSha256: digestsOf(
        (file, spec) => file.path === configPath(spec) || file.path === staged(spec).config,
      ),
      unitSha256: digestsOf((file, spec) => file.path === unitPath(spec) || file.path === staged(spec).unit),
      diff: plan.diff,
      timing: plan.timing,
    })
  },
  undo: async (context) => {
    const { source } = context
    await onEach(context.peers, async ({ spec, remote }) => {
      const host = { spec, remote }
      await must(
        context,
        host,
        remove('remove unit and drop-in', [unitPath(spec), permitDropInPath(spec), configPath(spec)]),
      )
      await must(context, host, removeDeadMan(spec))
      await must(context, host, remove('remove the copied data', [homeFiles(spec.home).data]))
      await must(context, host, reloadUnits())
    })
    // The drop-in first: without it the unit needs no permit, so a permit that goes later stops nobody.
    await must(context, source, remove('remove the drop-in', [permitDropInPath(source.spec)]))
    await must(context, source, removeDeadMan(source.spec))
    await must(context, source, reloadUnits())
  },
}

function claimedByOther(source: Host, holder: string): EvhaError {
  return new EvhaError({
    kind: 'locked',
    message: `${source.spec.name} is claimed by the run ${holder}`,
    changedAnything: 'no',
    retryable: true,
    hint: 'let that run end, or end it where it was begun: `evha abort RUN`',
  })
}

/** User, directories, binary, genesis and node key of a peer. */
async function layGround(context: StepContext, peer: Host): Promise<void> {
  const { spec } = peer
  const files = homeFiles(spec.home)
  const user = serviceUser(context, spec)
  if (user !== '') await must(context, peer, ensureUser(user, spec.home))
  await must(context, peer, makeDirs('0750', user, [spec.home, files.configDir, files.data]))
  await must(context, peer, makeDirs('0755', '', [spec.paths.evha, permitDirs(spec).durable]))
  await layBinary(context, peer)
  await layNodeKey(context, peer)
}

function ensureUser(user: string, home: string) {
  return changes(
    `see that the user ${user} exists`,
    script(
      'id -u "$1" >/dev/null 2>&1 || useradd --system --home-dir "$2" --no-create-home --shell /usr/sbin/nologin "$1"',
      user,
      home,
    ),
  )
}

interface FilePlan {
  readonly files: Readonly<Record<string, readonly LaidFile[]>>
  readonly diff: Readonly<Record<string, readonly string[]>>
  readonly timing: string
  readonly peerIds: Readonly<Record<string, string>>
}

/** The public node keys, base64, by node name; '' where there is none yet. */
const nodeKeys = (context: StepContext) => onEach(context.nodes, (host) => readNodeKeyPublic(context, host))

const withoutKey = (context: StepContext, keys: Readonly<Record<string, string>>) =>
  context.nodes.filter((host) => keys[host.spec.name] === '')

/** Every file of every host, from the source's live ones: the same plan is laid by apply and compared by verify. */
async function planFiles(context: StepContext, keys: Readonly<Record<string, string>>): Promise<FilePlan> {
  const { source, runbook } = context
  const live = await readSourceFiles(context, source)
  const peerIds = Object.fromEntries(
    Object.entries(keys).map(([name, key]) => [name, peerIdOfPublicKey(Buffer.from(key, 'base64'))]),
  )
  const timing =
    runbook.raft.timing === 'auto'
      ? timingFor(fact(context, 'check').rttMaxMs)
      : timingAsked(runbook.raft.timing)
  const config = liveConfig(live)
  const members: Member[] = runbook.nodes.map((node) => ({
    nodeId: node.name,
    address: node.address,
    raftPort: node.raftPort,
    p2pPort:
      (node.name === source.spec.name ? config.p2pPort : (node.p2pPort ?? config.p2pPort)) ?? defaultP2pPort,
    peerId: peerIds[node.name] ?? '',
  }))
  const files: Record<string, LaidFile[]> = {}
  const diff: Record<string, readonly string[]> = {}
  for (const { spec } of context.nodes) {
    const isSource = spec.name === source.spec.name
    const unit = raftUnit(live.unit, {
      home: spec.home,
      binary: spec.binary,
      ...(spec.passphraseFile === undefined ? {} : { passphraseFile: spec.passphraseFile }),
      address: { source: source.spec.address, own: spec.address },
      ...(spec.execution === undefined ? {} : { execution: spec.execution }),
    })
    const merged = mergeConfig(live.configText, {
      ...unit.moved,
      ...raftChanges({
        node: spec.name,
        members,
        timing,
        da: { address: config.daAddress, namespace: config.daNamespace },
        raftDir: spec.raftDir,
        signerPath: homeFiles(spec.home).configDir,
        rpcAddress: hostPort(spec.rpc.host, spec.rpc.port),
        // The source keeps its P2P address: full nodes outside of the cluster list it.
        ...(isSource ? { p2pListen: config.p2pListen } : {}),
        otherPeers: config.p2pPeers,
      }),
    })
    diff[spec.name] = merged.diff
    files[spec.name] = filesFor(context, spec, isSource, merged.text, unit.text, live)
  }
  return { files, diff, timing: timing.because, peerIds }
}

function filesFor(
  context: StepContext,
  spec: NodeSpec,
  isSource: boolean,
  config: string,
  unit: string,
  live: SourceFiles,
): LaidFile[] {
  const owner = serviceUser(context, spec)
  const dirs = permitDirs(spec)
  const deadMan = { path: deadManUnitPath(spec), text: deadManUnitText(spec), mode: 0o644, owner: '' }
  const dropIn = (mode: Mode) => permitDropIn({ mode, durableDir: dirs.durable, volatileDir: dirs.volatile })
  if (isSource) {
    const to = staged(spec)
    return [
      { path: to.config, text: config, mode: 0o600, owner },
      { path: to.unit, text: unit, mode: 0o644, owner: '' },
      { path: to.dropIn, text: dropIn('raft'), mode: 0o644, owner: '' },
      { path: permitDropInPath(spec), text: dropIn('single'), mode: 0o644, owner: '' },
      deadMan,
    ]
  }
  return [
    { path: genesisPath(spec), text: live.genesisText, mode: 0o600, owner },
    { path: configPath(spec), text: config, mode: 0o600, owner },
    { path: permitDropInPath(spec), text: dropIn('raft'), mode: 0o644, owner: '' },
    { path: unitPath(spec), text: unit, mode: 0o644, owner: '' },
    deadMan,
  ]
}

/**
 * On the source the permit stands before the drop-in that asks for it: at no moment would a restart be refused. On a peer
 * the drop-in stands before the unit: at no moment would a start go through.
 */
async function layFiles(context: StepContext, host: Host, files: readonly LaidFile[]): Promise<void> {
  if (host === context.source) await must(context, host, givePermit(host.spec, 'single', 'durable'))
  await layInOrder(context, host, files)
}
