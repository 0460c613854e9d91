import { EvhaError } from '../../base/errors.ts'
import { defaultP2pPort, type NodeConfig } from '../../evnode/config.ts'
import { settingsDigest } from '../../evnode/throwaway.ts'
import { nodeCommand, passphraseFileIn } from '../../evnode/unit.ts'
import { unitProblems } from '../../evnode/unit-problems.ts'
import { must } from '../ask.ts'
import type { Facts } from '../facts.ts'
import { passphraseFileOf } from '../host/service-user.ts'
import { readUnit, showUnit, type UnitState } from '../host/systemd.ts'
import { done, type Host, looksOnly, type Step, type StepContext } from '../step.ts'
import { daFindings } from './da-findings.ts'
import { lookAtEnvironment } from './environment-files.ts'
import { clientInUnit, executionFact, executionFindings } from './execution-findings.ts'
import { blocks, type Finding } from './finding.ts'
import { hostFindings, peerFindings, sharedNodeKeys } from './findings.ts'
import { type Ground, readGround, surveyGround } from './ground.ts'
import { groundFindings, sameHost } from './ground-findings.ts'
import { largestRoundTrip, linkFindings, seedingFindings } from './links.ts'
import { chainFindings, readChain, readLive } from './live-chain.ts'
import { refuseWithoutUnit } from './no-unit.ts'
import { refuseOtherRun } from './other-run.ts'
import { liveConfig, type SourceFiles, sha256 } from './source-files.ts'
import { sourceFindings } from './source-findings.ts'
import { startedOtherwise, starterFindings } from './starter-findings.ts'
import { lookForStarters, readStarters, type Starters } from './starters.ts'
import { readSurvey, type Survey, surveyHost } from './survey.ts'

/** All that check sees: its findings, and the facts the migration goes on with when nothing blocks. */
export interface CheckedHosts {
  readonly findings: readonly Finding[]
  /** null when the live sequencer could not be seen well enough; a finding says why. */
  readonly facts: Facts['check'] | null
}

export const check: Step<'check'> = {
  name: 'check',
  plan: ({ nodes }) => [`look at ${nodes.length} hosts over SSH; nothing is changed`],
  ...looksOnly,
  verify: async (context) => {
    const decision = await refuseOtherRun(context)
    const { findings, facts } = await checkHosts(context)
    const [first, ...rest] = findings.filter((finding) => finding.level === 'blocks')
    if (first === undefined && facts !== null) return done({ ...facts, decision })
    if (first === undefined) throw new Error('check saw no chain and found nothing wrong')
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

/** One host as it was seen. */
interface Seen {
  readonly host: Host
  readonly survey: Survey
  readonly unit: UnitState
  readonly ground: Ground
  readonly starters: Starters
}

/**
 * Looks at every host at once, read-only. What can not be looked at is a finding itself, so that one sick host hides
 * nothing of the others; `context` has only the hosts that can be logged in to, the source among them or not.
 */
export async function checkHosts(context: StepContext): Promise<CheckedHosts> {
  const findings: Finding[] = []
  const { source, nodes } = context
  const isSeen = nodes.includes(source)
  const live = isSeen ? await tried(findings, source, () => liveFiles(context, source)) : null
  const config = live === null ? null : configOf(live)
  const passphraseFile = live === null || config === null ? '' : passphraseFileIn(nodeCommand(live.unit))
  const specOf = ({ spec }: Host) => ({ ...spec, passphraseFile: passphraseFileOf(spec, passphraseFile) })
  const userOf = ({ spec }: Host) => spec.user ?? live?.unitState.user ?? ''
  const before = context.now()
  const looks = await Promise.all(
    nodes.map((host) =>
      tried(findings, host, async (): Promise<Seen> => {
        const [survey, unit, ground, starters] = await Promise.all([
          must(context, host, surveyHost(specOf(host))),
          must(context, host, showUnit(host.spec.unit)),
          must(context, host, surveyGround(specOf(host), userOf(host))),
          must(context, host, lookForStarters(host.spec)),
        ])
        return {
          host,
          survey: readSurvey(survey),
          unit: readUnit(unit),
          ground: readGround(ground),
          starters: readStarters(starters),
        }
      }),
    ),
  )
  const tookMs = context.now() - before
  const homes = context.runbook.nodes.map(({ home }) => home)
  const seen = looks.filter((one) => one !== null)
  const here = seen.find(({ host }) => host === source) ?? null
  const p2pPort = config?.p2pPort ?? defaultP2pPort
  const [links, da, seeding, rttMaxMs, chain] = await Promise.all([
    tried(findings, source, () =>
      linkFindings(context, ({ spec }) =>
        spec.name === source.spec.name ? p2pPort : (spec.p2pPort ?? p2pPort),
      ),
    ),
    tried(findings, source, () => daFindings(context, config?.daAddress ?? '')),
    tried(findings, source, () => seedingFindings(context)),
    largestRoundTrip(context),
    live === null ? null : tried(findings, source, () => liveChain(context, live, config, here)),
  ])
  const isEvm = live !== null && clientInUnit(live.unit) !== null
  findings.push(
    ...(chain?.findings ?? []),
    ...(links ?? []),
    ...(da ?? []),
    ...(seeding ?? []),
    ...sameHost(
      seen.map(({ host }) => host.spec),
      Object.fromEntries(seen.map(({ host, ground }) => [host.spec.name, ground])),
    ),
    ...seen.flatMap(({ host, survey, unit, ground, starters }) => [
      ...groundFindings(specOf(host), ground, userOf(host), host === source),
      ...starterFindings(host.spec, starters, unit, homes),
      // How long the looks took is the error of this: it only has to find clocks that are seconds off.
      ...hostFindings(specOf(host), survey, here === null ? 0 : skewOf(survey, here.survey, tookMs)),
      ...(host === source || here === null
        ? []
        : peerFindings(host.spec, survey, unit, here.survey, context.runbook, isEvm)),
    ]),
    ...sharedNodeKeys(
      Object.fromEntries(seen.map(({ host, survey }) => [host.spec.name, survey.nodeKeyPublic])),
    ),
  )
  if (live === null || config === null || here === null || !chain?.facts) return { findings, facts: null }
  return {
    findings,
    facts: {
      ...chain.facts,
      ...factsOf(live, config, here.survey),
      passphraseFile,
      user: source.spec.user ?? live.unitState.user,
      rttMaxMs,
      ...executionFact(nodeCommand(live.unit)),
    },
  }
}

/** What keeps evha from looking is a finding of that host; null then. An operator's stop is none. */
async function tried<T>(findings: Finding[], { spec }: Host, look: () => Promise<T>): Promise<T | null> {
  try {
    return await look()
  } catch (thrown) {
    if (!(thrown instanceof EvhaError) || thrown.kind === 'interrupted') throw thrown
    const what = thrown.message.replace(`${spec.name}: `, '')
    const why = 'what evha can not see, it does not touch'
    findings.push(blocks(spec.name, what, why, thrown.hint, 'what was said when it was looked at'))
    return null
  }
}

async function liveFiles(context: StepContext, source: Host): Promise<SourceFiles> {
  await refuseWithoutUnit(context, source)
  await refuseOtherRun(context)
  return readLive(context, source)
}

/** null when the unit's command line is not clear; that is a finding of the unit. */
function configOf(files: SourceFiles): NodeConfig | null {
  try {
    return liveConfig(files)
  } catch (thrown) {
    if (!(thrown instanceof EvhaError) || thrown.kind !== 'blocked') throw thrown
    return null
  }
}

/** What is wrong with the live sequencer itself, and what its chain says. */
async function liveChain(
  context: StepContext,
  files: SourceFiles,
  config: NodeConfig | null,
  here: Seen | null,
) {
  const { source, runbook } = context
  const { spec } = source
  const environment = await lookAtEnvironment(context, files.unit)
  const findings = [
    ...environment.findings,
    ...unitProblems(files.unit, environment.names).map((one) =>
      blocks(
        spec.name,
        config === null ? `${spec.unit}: ${one.problem}` : one.problem,
        one.why,
        one.cure,
        `systemctl cat ${spec.unit}`,
      ),
    ),
  ]
  if (config === null) return { findings, facts: null }
  if (here !== null)
    findings.push(
      ...sourceFindings(spec, here.survey, files.unitState, config),
      ...startedOtherwise(spec, here.starters, files.unitState, nodeCommand(files.unit).argv),
    )
  const chain = await tried(findings, source, () => readChain(context, files))
  if (chain === null) return { findings, facts: null }
  const isKeyMissing = here?.survey.signerSha256 === '' && config.signerType === 'file'
  findings.push(
    ...chainFindings(source, runbook.chain, chain, isKeyMissing),
    ...(await executionFindings(
      context,
      files.unit,
      { head: chain.facts.head, p2pPort: config.p2pPort ?? defaultP2pPort },
      ({ spec }) => spec.user ?? files.unitState.user,
      (host, look) => tried(findings, host, look),
    )),
  )
  return { findings, facts: chain.facts }
}

const skewOf = (survey: Survey, source: Survey, errorMs: number) => {
  const off = survey.clockMs - source.clockMs
  return Math.abs(off) <= errorMs ? 0 : off
}

function factsOf(files: SourceFiles, config: NodeConfig, here: Survey) {
  return {
    daAddress: config.daAddress,
    blockTimeMs: config.blockTimeMs,
    settingsSha256: settingsDigest(config),
    binarySha256: here.binarySha256,
    genesisSha256: here.genesisSha256,
    dataBytes: here.dataBytes,
    sourceConfigSha256: sha256(files.configText),
    sourceUnitSha256: sha256(files.unitText),
    sourceUnitFile: files.unitState.fragmentPath,
    sourceDropIns: files.dropIns,
    standIn: here.binaryVersion.includes('stand-in'),
  }
}
