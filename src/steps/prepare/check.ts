import { EvhaError, failureOf } from '../../base/errors.ts'
import { defaultP2pPort } from '../../evnode/config.ts'
import { type NodeCommand, nodeCommand, passphraseFileIn } from '../../evnode/unit.ts'
import { unitProblems } from '../../evnode/unit-problems.ts'
import { hostPort } from '../../runbook/address.ts'
import { must, onEach } from '../ask.ts'
import type { Facts } from '../facts.ts'
import { parseDecision, readDecisionFile } from '../host/decision.ts'
import { passphraseFileOf } from '../host/service-user.ts'
import { readUnit, showUnit, type UnitState } from '../host/systemd.ts'
import { done, type Host, looksOnly, type Step, type StepContext } from '../step.ts'
import { readClaim } from './claim.ts'
import { lookAtEnvironment } from './environment-files.ts'
import { executionFindings } from './execution-findings.ts'
import { blocks, type Finding } from './finding.ts'
import { hostFindings, peerFindings, sharedNodeKeys } from './findings.ts'
import { type Ground, readGround, surveyGround } from './ground.ts'
import { groundFindings, sameHost } from './ground-findings.ts'
import { largestRoundTrip, linkFindings } from './links.ts'
import { refuseWithoutUnit } from './no-unit.ts'
import { genesisOf, liveConfig, readSourceFiles, type SourceFiles, sha256 } from './source-files.ts'
import { sourceFindings } from './source-findings.ts'
import { startedOtherwise, starterFindings } from './starter-findings.ts'
import { lookForStarters, readStarters, type Starters } from './starters.ts'
import { readSurvey, type Survey, surveyHost } from './survey.ts'

/** All that check sees: its findings, and the facts the migration goes on with when nothing blocks. */
export interface CheckedHosts {
  readonly findings: readonly Finding[]
  readonly facts: Facts['check']
}

export const check: Step<'check'> = {
  name: 'check',
  plan: ({ nodes }) => [`look at ${nodes.length} hosts over SSH; nothing is changed`],
  ...looksOnly,
  verify: async (context) => {
    const { findings, facts } = await checkHosts(context)
    const [first, ...rest] = findings.filter((finding) => finding.level === 'blocks')
    if (first === undefined) return done(facts)
    throw new EvhaError({
      kind: 'blocked',
      message: `${first.host}: ${first.what}: ${first.why}${rest.length === 0 ? '' : ` (and ${rest.length} more)`}`,
      changedAnything: 'no',
      retryable: true,
      hint:
        rest.length === 0
          ? first.cure
          : `${first.cure}; \`evha check ${context.runbook.path}\` shows all findings`,
    })
  },
}

/** Looks at every host at once, read-only. Throws when a host can not be reached or logged in to. */
export async function checkHosts(context: StepContext): Promise<CheckedHosts> {
  const { source, nodes, peers, runbook } = context
  await refuseWithoutUnit(context, source)
  const files = await readLive(context, source)
  const command = commandOf(source, files)
  const livePassphraseFile = passphraseFileIn(command)
  const specOf = ({ spec }: Host) => ({
    ...spec,
    passphraseFile: passphraseFileOf(spec, livePassphraseFile),
  })
  const before = context.now()
  const surveys = await onEach(nodes, async (host) =>
    readSurvey(await must(context, host, surveyHost(specOf(host)))),
  )
  const units = await onEach(nodes, async (host) =>
    readUnit(await must(context, host, showUnit(host.spec.unit))),
  )
  await refuseOtherRun(context)
  const here = surveys[source.spec.name] as Survey
  const config = liveConfig(files)
  const chain = await liveChain(context, files, here)
  const skew = (host: Host) => {
    // One round trip is the error of this: it only has to find clocks that are seconds off.
    const off = (surveys[host.spec.name] as Survey).clockMs - here.clockMs
    return Math.abs(off) <= context.now() - before ? 0 : off
  }
  const userOf = (host: Host) => host.spec.user ?? files.unitState.user
  const grounds = await onEach(nodes, async (host) =>
    readGround(await must(context, host, surveyGround(specOf(host), userOf(host)))),
  )
  const environment = await lookAtEnvironment(context, files.unit)
  const starters = await onEach(nodes, async (host) =>
    readStarters(await must(context, host, lookForStarters(host.spec))),
  )
  const p2pPort = config.p2pPort ?? defaultP2pPort
  const links = await linkFindings(context, ({ spec }) =>
    spec.name === source.spec.name ? p2pPort : (spec.p2pPort ?? p2pPort),
  )
  const findings = [
    ...chain.findings,
    ...links,
    ...sameHost(
      nodes.map((host) => host.spec),
      grounds,
    ),
    ...nodes.flatMap((host) =>
      groundFindings(specOf(host), grounds[host.spec.name] as Ground, userOf(host), host === source),
    ),
    ...sourceFindings(source.spec, here, files.unitState, config),
    ...startedOtherwise(source.spec, starters[source.spec.name] as Starters, files.unitState, command.argv),
    ...(await executionFindings(context, files.unit, chain.facts.head)),
    ...environment.findings,
    ...unitProblems(files.unit, environment.names).map((one) =>
      blocks(source.spec.name, one.problem, one.why, one.cure),
    ),
    ...nodes.flatMap((host) =>
      starterFindings(host.spec, starters[host.spec.name] as Starters, units[host.spec.name] as UnitState),
    ),
    ...nodes.flatMap((host) => hostFindings(specOf(host), surveys[host.spec.name] as Survey, skew(host))),
    ...peers.flatMap((host) => {
      const unit = units[host.spec.name]
      return unit === undefined
        ? []
        : peerFindings(host.spec, surveys[host.spec.name] as Survey, unit, here, runbook)
    }),
    ...sharedNodeKeys(
      Object.fromEntries(
        nodes.map((host) => [host.spec.name, (surveys[host.spec.name] as Survey).nodeKeyPublic]),
      ),
    ),
  ]
  return {
    findings,
    facts: {
      ...chain.facts,
      daAddress: config.daAddress,
      blockTimeMs: config.blockTimeMs,
      binarySha256: here.binarySha256,
      genesisSha256: here.genesisSha256,
      dataBytes: here.dataBytes,
      sourceConfigSha256: sha256(files.configText),
      sourceUnitSha256: sha256(files.unitText),
      sourceUnitFile: files.unitState.fragmentPath,
      sourceDropIns: files.dropIns,
      user: source.spec.user ?? files.unitState.user,
      passphraseFile: livePassphraseFile,
      rttMaxMs: await largestRoundTrip(context),
      standIn: here.binaryVersion.includes('stand-in'),
    },
  }
}

/** Throws EvhaError 'blocked' for a unit that does not run the node itself. */
function commandOf({ spec }: Host, { unit }: SourceFiles): NodeCommand {
  try {
    return nodeCommand(unit)
  } catch (thrown) {
    if (!(thrown instanceof EvhaError)) throw thrown
    throw new EvhaError({ ...failureOf(thrown), message: `${spec.name}: ${spec.unit}: ${thrown.message}` })
  }
}

async function readLive(context: StepContext, source: Host): Promise<SourceFiles> {
  try {
    return await readSourceFiles(context, source)
  } catch (thrown) {
    if (!(thrown instanceof EvhaError) || thrown.kind !== 'failed') throw thrown
    throw new EvhaError({
      kind: 'blocked',
      message: `${source.spec.name}: the live sequencer's unit, evnode.yaml or genesis.json can not be read: ${thrown.message}`,
      changedAnything: 'no',
      retryable: true,
      hint: 'mend node.unit and node.home of the source in the runbook',
    })
  }
}

/** What the running chain says of itself, against runbook, genesis and key. */
async function liveChain(context: StepContext, files: SourceFiles, survey: Survey) {
  const { source, runbook } = context
  const { name, rpc } = source.spec
  const [state, namespace] = await Promise.all([context.rpc(source).state(), context.rpc(source).namespace()])
  if (state.kind !== 'ok' || namespace.kind !== 'ok')
    throw new EvhaError({
      kind: 'blocked',
      message: `${name}: the node does not answer RPC on ${hostPort(rpc.host, rpc.port)}`,
      changedAnything: 'no',
      retryable: true,
      hint: `see that the chain runs, and name its address in the runbook: node.rpc`,
    })
  const genesis = genesisOf(files)
  const findings: Finding[] = []
  if (state.value.chainId !== runbook.chain)
    findings.push(
      blocks(
        name,
        `the live chain is ${state.value.chainId}, the runbook says ${runbook.chain}`,
        'evha works only on the chain you named',
        `put chain: ${state.value.chainId} into the runbook, if that is the chain you mean`,
      ),
    )
  if (genesis.chainId !== state.value.chainId)
    findings.push(
      blocks(
        name,
        `genesis.json is of ${genesis.chainId}`,
        'the running chain has another genesis',
        'name the right home in the runbook',
      ),
    )
  const proposerAddress =
    state.value.nextProposerAddress === '' ? genesis.proposerAddress : state.value.nextProposerAddress
  // A KMS has no file; that is a finding of the configuration.
  if (survey.signerSha256 === '' && liveConfig(files).signerType === 'file')
    findings.push(
      blocks(
        name,
        'there is no signer.json in its config directory',
        'only file signers are handled by this version',
        'name the right home in the runbook',
      ),
    )
  return {
    findings,
    facts: {
      chainId: state.value.chainId,
      initialHeight: state.value.initialHeight,
      head: state.value.lastBlockHeight,
      proposerAddress,
      daNamespace: namespace.value.header,
    },
  }
}

/** A run of somebody else works on the source, or its decision fell already. */
async function refuseOtherRun(context: StepContext): Promise<void> {
  const { source, run } = context
  const [claimed, decided] = await Promise.all([
    must(context, source, readClaim(source.spec)),
    must(context, source, readDecisionFile(source.spec)),
  ])
  const [holder, who, since] = claimed.trim().split(' ')
  if (holder !== undefined && holder !== '' && holder !== run)
    throw new EvhaError({
      kind: 'locked',
      message: `${source.spec.name} is claimed by the run ${holder} of ${who ?? 'somebody'} since ${since ?? 'some time'}`,
      changedAnything: 'no',
      retryable: true,
      hint: `let it end, or end it where it was begun: \`evha abort ${holder}\``,
    })
  const decision = parseDecision(decided)
  if (decision?.decision === 'committed' && decision.run !== run)
    throw new EvhaError({
      kind: 'blocked',
      message: `${source.spec.name}: the run ${decision.run} has already taken this chain to a cluster`,
      changedAnything: 'no',
      retryable: false,
      hint: `\`evha status ${decision.run}\` where it was begun shows how it stands`,
    })
}
