import { existsSync, readFileSync } from 'node:fs'
import { EvhaError } from '../base/errors.ts'
import { answersOf, lateWhy } from '../journal/answers.ts'
import type { Copy } from '../journal/choose-copy.ts'
import { listCopies, readCopiedRunbook } from '../journal/copy-commands.ts'
import { type LeaseOn, readLeases, standingOf } from '../journal/lease.ts'
import { leaseDir } from '../journal/lease-commands.ts'
import { inStateDirectory } from '../journal/private-directory.ts'
import type { RecordOf } from '../journal/record.ts'
import { layRun, type RunFiles, runFiles } from '../journal/runs.ts'
import type { Time } from '../journal/time.ts'
import { replaceFile } from '../journal/write-file.ts'
import { type LoadedRunbook, loadRunbook, runbookFromText } from '../runbook/load.ts'
import { steps as realSteps } from '../steps/registry.ts'
import type { Host, StepRegistry } from '../steps/step.ts'
import type { DriveOptions, RunEnd } from './api.ts'
import { chosenOf, enoughFor, readRunCopies } from './catch-up.ts'
import { resumeRun } from './drive.ts'
import { runDirOn } from './holding.ts'
import { closeHosts } from './hosts.ts'
import { realWorld } from './world.ts'

/**
 * Takes a run over that was begun on another workstation: its journal comes from the hosts, and then it is gone on with
 * like a run of this one. Where this state directory knows the run already, only the logins of the runbook are taken anew.
 */
export async function adoptRun(
  runbookPath: string,
  wanted: string | undefined,
  options: DriveOptions,
  steps: StepRegistry = realSteps,
): Promise<RunEnd> {
  const runbook = loadRunbook(runbookPath)
  const { openHosts, clock } = options.world ?? realWorld
  const hosts = await openHosts(runbook, () => undefined, options.passphraseOf)
  let run: string
  try {
    run = wanted ?? (await runOnHosts(runbook, hosts, clock))
    if (existsSync(runFiles(options.stateDir, run).journal)) reachBy(runbook, runFiles(options.stateDir, run))
    else await bringHere(run, runbook, hosts, options)
  } catch (thrown) {
    await closeHosts(hosts)
    throw thrown
  }
  // A host that says nothing is being dialled still, and its door closes after that: the run does not wait for it.
  const [ended] = await Promise.allSettled([resumeRun(run, options, steps), closeHosts(hosts)])
  if (ended.status === 'rejected') throw ended.reason
  return ended.value
}

/** The run that was held last, else the newest one that the hosts keep. */
async function runOnHosts(runbook: LoadedRunbook, hosts: readonly Host[], time: Time): Promise<string> {
  const said = await answersOf(hosts.map(whatItKeeps), (i) => nothingSaid(hosts[i]?.spec.name ?? ''), {
    time,
    isEnough: (answers) => answers.filter(({ lease }) => lease.seen !== null).length >= runbook.quorum,
  })
  const leases = said.map(({ lease }) => lease)
  const kept = new Set(said.flatMap(({ runs }) => runs).filter((run) => run.startsWith(`${runbook.chain}-`)))
  const held = standingOf(leases)?.holder.run
  if (held !== undefined && kept.has(held)) return held
  const newest = [...kept].sort().at(-1)
  if (newest !== undefined) return newest
  const silent = leases.flatMap(({ why }) => why ?? [])
  if (silent.length > hosts.length - runbook.quorum)
    throw new EvhaError({
      kind: 'unreachable',
      message: `no majority of the hosts answers: ${silent.join('; ')}`,
      changedAnything: 'no',
      retryable: true,
      hint: 'bring the named hosts back, then type the command again',
    })
  throw noSuchRun(`no host of ${runbook.path} keeps a run of ${runbook.chain}`)
}

interface Kept {
  readonly lease: LeaseOn
  readonly runs: readonly string[]
}

async function whatItKeeps(host: Host): Promise<Kept> {
  const { spec, remote } = host
  const [[lease = nothingSaid(spec.name).lease], runs] = await Promise.all([
    readLeases([{ remote, dir: leaseDir(spec.paths) }]),
    runsOn(host),
  ])
  return { lease, runs }
}

const nothingSaid = (host: string): Kept => ({
  lease: { host, seen: null, why: lateWhy(host) },
  runs: [],
})

async function runsOn({ spec, remote }: Host): Promise<string[]> {
  try {
    const outcome = await remote.run(listCopies(runDirOn(spec, '').replace(/\/$/, '')))
    return outcome.kind === 'finished' && outcome.exitCode === 0
      ? outcome.stdout.split('\n').filter(Boolean)
      : []
  } catch (thrown) {
    if (thrown instanceof EvhaError) return []
    throw thrown
  }
}

/** The run is here already: the logins and hooks of the runbook that is given now count, not those it was adopted with. */
function reachBy(runbook: LoadedRunbook, files: RunFiles): void {
  refuseOtherNodes(runbook, runbookFromText(readFileSync(files.runbook, 'utf8'), files.runbook))
  inStateDirectory(() => replaceFile(files.reach, runbook.text))
}

async function bringHere(
  run: string,
  runbook: LoadedRunbook,
  hosts: readonly Host[],
  { stateDir, observer, world = realWorld }: DriveOptions,
): Promise<void> {
  const read = await readRunCopies(run, hosts, enoughFor(null, runbook, world.clock))
  const chosen = chosenOf(read, null, runbook)
  if (chosen === null) throw noSuchRun(`no host of ${runbook.path} keeps the run ${run}`)
  const header = chosen.content.records[0] as RecordOf<'header'>
  if (header.chain !== runbook.chain)
    throw noSuchRun(
      `the run ${run} is of the chain ${header.chain}, the runbook ${runbook.path} of ${runbook.chain}`,
    )
  const runbookText = await runbookOf(header, chosen, hosts)
  refuseOtherNodes(runbook, runbookFromText(runbookText, `the runbook of ${run}`))
  layRun(stateDir, run, { lines: chosen.content.lines, runbookText, reachText: runbook.text })
  const whole = read.filter(({ kind }) => kind === 'whole').length
  observer.progress(
    `the journal of ${run} was read from ${whole} of ${hosts.length} hosts; it lies in ${stateDir} now`,
  )
}

/** The runbook the run was begun with: the one whose digest the journal's header names. */
async function runbookOf(header: RecordOf<'header'>, chosen: Copy, hosts: readonly Host[]): Promise<string> {
  for (const { spec, remote } of hosts.toSorted((a) => (a.spec.name === chosen.host ? -1 : 0))) {
    const outcome = await remote.run(readCopiedRunbook(runDirOn(spec, header.run))).catch(() => null)
    if (outcome?.kind !== 'finished' || outcome.exitCode !== 0) continue
    if (
      runbookFromText(outcome.stdout, `${spec.name}: the runbook of ${header.run}`).digest ===
      header.runbookDigest
    )
      return outcome.stdout
  }
  throw new EvhaError({
    kind: 'contradiction',
    message: `no host that answers keeps the runbook that the run ${header.run} was begun with`,
    changedAnything: 'no',
    retryable: false,
    hint: 'lay it beside the journal on one of the hosts, under the name runbook.yaml, then adopt again',
  })
}

function refuseOtherNodes(given: LoadedRunbook, own: LoadedRunbook): void {
  const namesOf = ({ nodes }: LoadedRunbook) =>
    nodes.map(({ name, address }) => `${name} ${address}`).join(', ')
  if (namesOf(given) === namesOf(own)) return
  throw noSuchRun(`the run is of the nodes ${namesOf(own)}, the runbook ${given.path} of ${namesOf(given)}`)
}

function noSuchRun(message: string): EvhaError {
  return new EvhaError({
    kind: 'usage',
    message,
    changedAnything: 'no',
    retryable: false,
    hint: 'give the runbook that the run was begun with, its logins as they are from here',
  })
}
