import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Command, changes, script } from '../base/command.ts'
import { EvhaError } from '../base/errors.ts'
import { defaultP2pPort, mergeConfig } from '../evnode/config.ts'
import { drivesClient, type ExecutionClient, executionClientOf } from '../evnode/execution.ts'
import { plainSettings, type Settings, settingsOf, singleConfig, singleUnit } from '../evnode/throwaway.ts'
import { nodeCommand } from '../evnode/unit.ts'
import { makePrivateDirectory } from '../journal/private-directory.ts'
import type { PassphraseOf } from '../remote/ssh-target.ts'
import { hostPort } from '../runbook/address.ts'
import type { LoadedRunbook, NodeSpec } from '../runbook/load.ts'
import { must, onEach, until } from '../steps/ask.ts'
import { heightOf } from '../steps/chain/head.ts'
import { readSecretFile } from '../steps/host/files.ts'
import { enableUnit, reloadUnits, startUnit } from '../steps/host/systemd.ts'
import { configPath, unitPath } from '../steps/host/unit-files.ts'
import { readChain } from '../steps/prepare/live-chain.ts'
import { liveConfig, readSourceFiles } from '../steps/prepare/source-files.ts'
import {
  type Identity,
  isProductions,
  lookAtIdentity,
  namespaceNamed,
  readIdentity,
} from '../steps/rehearse/identity.ts'
import {
  initHome,
  laidFor,
  layBallast,
  layPassphrase,
  occupied,
  removeLaid,
} from '../steps/rehearse/throwaway-chain.ts'
import { throwawayClient } from '../steps/rehearse/throwaway-clients.ts'
import type { Host, StepContext } from '../steps/step.ts'
import { lookingContext } from './check.ts'
import { closeHosts, openHosts } from './hosts.ts'
import type { Stage } from './rehearse.ts'

export interface StagingWishes {
  readonly runbook: LoadedRunbook
  readonly production: LoadedRunbook | null
  readonly stateDir: string
  readonly ballastBytes: number
  readonly keep: boolean
  readonly ask: PassphraseOf | undefined
  readonly signal: AbortSignal
  readonly tell: (text: string) => void
}

/** A chain that the rehearsal makes must have so many blocks before it is migrated. */
const firstBlocks = 3
/** So many where clients are led to the head: their pace is measured over twenty, and more come meanwhile. */
const replayedBlocks = 60
const firstBlocksTimeoutMs = 120_000

/**
 * Staging hosts as a stage: a throwaway key and chain are made on the source of the runbook, with a DA namespace of
 * their own, and taken away at the end. One host can play all nodes. Throws EvhaError 'usage' or 'blocked' before
 * anything is touched when something there could be production's.
 */
export function stagingStage(wishes: StagingWishes): Stage {
  const { runbook } = wishes
  refuseNotStaging(runbook)
  return {
    on: 'staging',
    up: () => layChain(wishes),
    down: async () => {
      if (wishes.keep) return
      wishes.tell('taking the throwaway chain away')
      await withHosts(runbook, wishes.ask, (context) => takeAway(context))
    },
  }
}

/** Takes away what a rehearsal laid; gives the names of the nodes. */
export async function cleanStaging(runbook: LoadedRunbook, ask: PassphraseOf | undefined): Promise<string[]> {
  refuseNotStaging(runbook)
  return withHosts(runbook, ask, async (context) => {
    const chain = (await must(context, context.source, laidFor(context.source.spec))).trim()
    if (chain !== runbook.chain)
      throw blocked(
        `${context.source.spec.name}: ${context.source.spec.home} was not laid by a rehearsal of ${runbook.chain}; nothing was taken away`,
        'what was not laid by a rehearsal is yours to remove',
      )
    await takeAway(context)
    return context.nodes.map(({ spec }) => spec.name)
  })
}

/** The source goes last: its home bears the mark by which a second try knows what it may take. */
async function takeAway(context: StepContext): Promise<void> {
  const { source, peers, runbook } = context
  await onEach(peers, (host) => must(context, host, removeLaid(host.spec, runbook.chain)))
  await must(context, source, removeLaid(source.spec, runbook.chain))
}

async function layChain(wishes: StagingWishes): Promise<string> {
  const { runbook, production, tell, ask } = wishes
  const known = production === null ? null : await productionOf(production, ask)
  const place = placeOf(wishes, known)
  return withHosts(runbook, ask, async (context) => {
    const { source } = context
    await refuseOccupied(context)
    const execution = hasClients(source.spec, known)
      ? await throwawayClient(context, known?.client ?? null)
      : null
    const planned: Identity = {
      chainId: runbook.chain,
      signerPublicKey: '',
      genesisSha256: '',
      daNamespace: namespaceNamed(place.daNamespace),
    }
    if (known !== null) refuseProductions(planned, known.identity)
    const user = source.spec.user ?? ''
    const passphrase = randomBytes(24).toString('base64url')
    tell('making a throwaway key and chain')
    await onEach(context.nodes, (host) => must(context, host, layPassphrase(host.spec, user, passphrase)))
    await must(context, source, initHome(source.spec, runbook.chain, user))
    const { text } = mergeConfig(
      await must(context, source, readSecretFile(configPath(source.spec))),
      singleConfig(place, known?.settings ?? plainSettings),
    )
    await must(context, source, overwrite('write its evnode.yaml', configPath(source.spec), text))
    await must(
      context,
      source,
      overwrite(
        'lay its unit',
        unitPath(source.spec),
        singleUnit({ ...place, ...(execution === null ? {} : { execution }) }, user),
      ),
    )
    if (wishes.ballastBytes > 0) {
      tell(`laying ${wishes.ballastBytes} bytes to seed; no node opens them`)
      await must(context, source, layBallast(source.spec, wishes.ballastBytes, user))
    }
    // What was made is looked at once more: a key can be production's only by a copy, but then it must not sign.
    const made = readIdentity(await must(context, source, lookAtIdentity(source.spec)))
    if (known !== null) refuseProductions({ ...planned, ...made }, known.identity)
    await must(context, source, reloadUnits())
    await must(context, source, enableUnit(source.spec.unit))
    await must(context, source, startUnit(source.spec.unit))
    tell('waiting for its first blocks')
    await seeBlocks(
      context,
      execution === null ? firstBlocks : replayedBlocks,
      known?.settings ?? plainSettings,
    )
    return ownCopy(wishes)
  })
}

/** What production's unit says decides; without it what the staging runbook says. */
const hasClients = (spec: NodeSpec, known: Production | null) =>
  known === null ? drivesClient(spec) : known.client !== null

async function seeBlocks(context: StepContext, wanted: number, { blockTimeMs }: Settings): Promise<void> {
  const { source, runbook } = context
  const timeoutMs = firstBlocksTimeoutMs + wanted * blockTimeMs
  const height = await until(context, { timeoutMs, everyMs: 200 }, async () => {
    const now = await heightOf(context, source)
    return now !== null && now >= wanted ? now : null
  })
  if (height !== null) return
  throw blocked(
    `${source.spec.name}: the throwaway chain made no ${wanted} blocks within ${Math.round(timeoutMs / 1_000)} s`,
    `on ${source.spec.name}: journalctl -u ${source.spec.unit}; then evha rehearse ${runbook.path} --clean`,
  )
}

/** The runbook of the rehearsal as it was read, so that an edit meanwhile changes nothing. */
function ownCopy({ runbook, stateDir }: StagingWishes): string {
  const dir = join(stateDir, 'rehearsals')
  makePrivateDirectory(dir)
  const path = join(dir, 'staging-runbook.yaml')
  writeFileSync(path, runbook.text, { mode: 0o600 })
  return path
}

function placeOf({ runbook, production }: StagingWishes, known: Production | null) {
  const { source } = runbook
  const daAddress = runbook.da.address ?? known?.daAddress
  if (daAddress === undefined)
    throw usage(
      'no DA node is named for the rehearsal',
      'write da.address into the staging runbook, or give --production',
    )
  const named = runbook.da.namespace
  if (named !== undefined && production === null)
    throw usage(
      `the staging runbook names the DA namespace ${named}, and nobody can say that it is not production's`,
      'give --production RUNBOOK, or take da.namespace out: then evha makes one',
    )
  if (source.passphraseFile === undefined)
    throw usage(
      'the staging runbook names no passphraseFile',
      'write node.passphraseFile: a throwaway one is made there',
    )
  return {
    binary: source.binary,
    home: source.home,
    passphraseFile: source.passphraseFile,
    rpc: hostPort(source.rpc.host, source.rpc.port),
    address: source.address,
    p2pPort: source.p2pPort ?? defaultP2pPort,
    daAddress,
    daNamespace: named ?? `rehearsal-${randomBytes(8).toString('hex')}`,
  }
}

interface Production {
  readonly identity: Identity
  readonly settings: Settings
  readonly daAddress: string
  /** null where its node drives none. */
  readonly client: ExecutionClient | null
}

/** What must not be rehearsed with, read from the production sequencer; nothing secret leaves it. */
async function productionOf(runbook: LoadedRunbook, ask: PassphraseOf | undefined): Promise<Production> {
  if (runbook.staging)
    throw usage(
      `${runbook.path} is marked staging: true, so it is no production runbook`,
      'give the runbook of the chain that counts',
    )
  return withHosts(runbook, ask, async (context) => {
    const { source } = context
    const files = await readSourceFiles(context, source)
    const config = liveConfig(files)
    const [chain, text] = await Promise.all([
      readChain(context, files),
      must(context, source, lookAtIdentity(source.spec)),
    ])
    return {
      identity: { ...readIdentity(text), chainId: chain.facts.chainId, daNamespace: chain.facts.daNamespace },
      settings: settingsOf(config),
      client: executionClientOf(nodeCommand(files.unit)),
      daAddress: config.daAddress,
    }
  })
}

function refuseProductions(staging: Identity, production: Identity): void {
  const [first, ...rest] = isProductions(staging, production)
  if (first === undefined) return
  throw blocked(
    `this is no rehearsal: ${[first, ...rest].join('; ')}`,
    'give the staging runbook a chain id and a da.namespace of its own, and let evha make the key',
  )
}

async function refuseOccupied(context: StepContext): Promise<void> {
  const there = await onEach(context.nodes, (host) => must(context, host, occupied(host.spec)))
  const [first] = Object.entries(there).filter(([, paths]) => paths !== '')
  if (first === undefined) return
  const [name, paths] = first
  throw blocked(
    `${name}: ${paths.split('\n').join(' and ')} ${paths.includes('\n') ? 'are' : 'is'} there already; a rehearsal takes nothing over`,
    `evha rehearse ${context.runbook.path} --clean takes away what an earlier rehearsal left; else move it away yourself`,
  )
}

function refuseNotStaging(runbook: LoadedRunbook): void {
  if (runbook.staging) return
  throw usage(
    `${runbook.path} is not marked staging: true, so a rehearsal does not touch its hosts`,
    'write staging: true only where the hosts carry nothing of value; --on lab rehearses without hosts',
  )
}

async function withHosts<T>(
  runbook: LoadedRunbook,
  ask: PassphraseOf | undefined,
  work: (context: StepContext) => Promise<T>,
): Promise<T> {
  const hosts: readonly Host[] = await openHosts(runbook, () => undefined, ask)
  try {
    return await work(lookingContext(runbook, hosts))
  } finally {
    await closeHosts(hosts)
  }
}

/** Keeps owner and mode of a file that is there. */
const overwrite = (says: string, path: string, text: string): Command =>
  changes(says, script('mkdir -p "${1%/*}"\ncat > "$1"', path), { stdin: text, sensitive: true })

const usage = (message: string, hint: string) =>
  new EvhaError({ kind: 'usage', message, changedAnything: 'no', retryable: false, hint })

const blocked = (message: string, hint: string) =>
  new EvhaError({ kind: 'blocked', message, changedAnything: 'no', retryable: true, hint })
