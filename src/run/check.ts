import { setMaxListeners } from 'node:events'
import { EvhaError } from '../base/errors.ts'
import { begin } from '../machine/decider.ts'
import type { PassphraseOf } from '../remote/ssh-target.ts'
import { type LoadedRunbook, loadRunbook } from '../runbook/load.ts'
import type { Facts } from '../steps/facts.ts'
import { checkHosts } from '../steps/prepare/check.ts'
import { blocks, type Finding } from '../steps/prepare/finding.ts'
import { type UnitForProcess, unitForProcess } from '../steps/prepare/no-unit.ts'
import type { Host, StepContext } from '../steps/step.ts'
import type { CheckReport } from './api.ts'
import { unusableHooks } from './hooks.ts'
import { closeHosts, openHosts } from './hosts.ts'
import { inputOf } from './rebuild.ts'
import { ofNoRun, stepContext } from './step-context.ts'

/** A preflight that came to its end, with the hosts still at hand. */
export interface Preflight {
  readonly report: CheckReport
  /** Whether every host was reached and the chain was seen. */
  readonly seen: { readonly context: StepContext; readonly facts: Facts['check'] } | null
  /** The hosts that were reached. */
  readonly reached: readonly Host[]
}

/** The whole preflight with every finding; changes nothing on hosts or workstation. */
export async function checkRunbook(runbookPath: string, ask?: PassphraseOf): Promise<CheckReport> {
  return afterCheck(loadRunbook(runbookPath), ask, ({ report }) => Promise.resolve(report))
}

/** A unit written from the process that runs the source without one; changes nothing on the host. */
export async function unitFileFor(runbookPath: string, ask?: PassphraseOf): Promise<UnitForProcess> {
  const runbook = loadRunbook(runbookPath)
  const hosts = await openHosts(runbook, () => undefined, ask)
  try {
    return await unitForProcess(lookingContext(runbook, hosts))
  } finally {
    await closeHosts(hosts)
  }
}

/** The same, and then `work` while the hosts are still connected. */
export async function afterCheck<T>(
  runbook: LoadedRunbook,
  ask: PassphraseOf | undefined,
  work: (preflight: Preflight) => Promise<T>,
): Promise<T> {
  const hooks = unusableHooks(runbook).map((sentence) =>
    blocks(
      'this workstation',
      sentence,
      'a hook that can not be run is refused before anything is begun',
      'mend the path under `hooks` in the runbook, or make the file executable: chmod +x FILE',
      `hooks of ${runbook.path}`,
    ),
  )
  const hosts = await openHosts(runbook, () => undefined, ask)
  try {
    return await work(await preflight(runbook, hosts, hooks))
  } finally {
    await closeHosts(hosts)
  }
}

async function preflight(
  runbook: LoadedRunbook,
  hosts: readonly Host[],
  hooks: readonly Finding[],
): Promise<Preflight> {
  const { reached, findings: unreached } = await whoIsReached(hosts)
  const whole = lookingContext(runbook, hosts)
  const context = { ...whole, nodes: reached, peers: reached.filter((host) => host !== whole.source) }
  const { findings: onHosts, facts } = await checkHosts(context)
  const findings = [...hooks, ...unreached, ...onHosts]
  const ok = facts !== null && !findings.some((finding) => finding.level === 'blocks')
  return {
    report: { version: 1, chain: runbook.chain, ok, findings, facts: facts === null ? [] : told(facts) },
    seen: facts === null || unreached.length > 0 ? null : { context: whole, facts },
    reached,
  }
}

/** What a step gets that only looks, outside of any run. */
export function lookingContext(runbook: LoadedRunbook, hosts: readonly Host[]): StepContext {
  const { signal } = new AbortController()
  setMaxListeners(0, signal)
  return stepContext({
    run: '',
    runbook,
    hosts,
    machine: begin(inputOf(runbook)).context,
    windowDeadlineMs: null,
    ...ofNoRun,
    signal,
    tell: () => undefined,
    passing: () => undefined,
    sawHeight: () => undefined,
  })
}

function told(facts: Facts['check']): CheckReport['facts'] {
  return [
    ['chain', facts.chainId],
    ['head', String(facts.head)],
    ['block time', `${facts.blockTimeMs} ms`],
    ['data on disk', `${facts.dataBytes} bytes`],
    ['proposer', facts.proposerAddress],
    ['DA', `${facts.daAddress}, namespace ${facts.daNamespace}`],
    ['largest round trip', facts.rttMaxMs === null ? 'not measured (no ping)' : `${facts.rttMaxMs} ms`],
    ['binary', `${facts.binarySha256.slice(0, 12)}…${facts.standIn ? ' (stand-in)' : ''}`],
  ]
}

/** Logs in to every host; what keeps evha out is a finding, so that all of them are shown at once. */
async function whoIsReached(hosts: readonly Host[]): Promise<{ reached: Host[]; findings: Finding[] }> {
  const tried = await Promise.all(
    hosts.map(async (host) => {
      const { spec, remote } = host
      try {
        await remote.run({ argv: ['true'], says: 'log in', timeoutMs: 10_000, mutates: false })
        return { host, finding: null }
      } catch (thrown) {
        if (!(thrown instanceof EvhaError)) throw thrown
        const { host: to, port, user } = spec.ssh
        const login = `a login as ${user ?? 'the user of your ssh configuration'} to ${to}${port === undefined ? '' : `, port ${port}`}`
        const why = 'evha must log in to every host'
        return { host, finding: blocks(spec.name, thrown.message, why, thrown.hint, login) }
      }
    }),
  )
  return {
    reached: tried.flatMap(({ host, finding }) => (finding === null ? [host] : [])),
    findings: tried.flatMap(({ finding }) => (finding === null ? [] : [finding])),
  }
}
