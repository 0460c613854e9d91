import { createHash } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { type Command, changes, reads, script } from '../../base/command.ts'
import { Secret } from '../../base/secret.ts'
import { environmentText } from '../../evnode/environment.ts'
import { homeFiles } from '../../evnode/home.ts'
import type { LogEvent } from '../../evnode/logs.ts'
import { nodeCommand, parseUnit, type Unit, unitList } from '../../evnode/unit.ts'
import type { NodeSpec } from '../../runbook/load.ts'
import { must, onEach, stuck, until } from '../ask.ts'
import { remove } from '../host/files.ts'
import { eventsIn } from '../host/log.ts'
import { raftMembers } from '../host/members.ts'
import { serviceUser } from '../host/service-user.ts'
import { moveRaftDirAside, readStamp, writeStamp } from '../host/stamp.ts'
import { endTransient, readUnit, showUnit } from '../host/systemd.ts'
import { configPath, genesisPath, nodeKeyPath, signerPath, staged, unitPath } from '../host/unit-files.ts'
import { done, type Host, notYet, type Step, type StepContext } from '../step.ts'

/** A bootstrap takes about a second (evnode.md A3); systemd itself ends the process when evha is gone. */
const smokeTimeoutMs = 20_000
const runtimeMaxSec = 30

/**
 * Each node once in Raft mode on a scratch home, in a network of its own: it can reach nobody, even with a wrong
 * config. Proves binary, flags, config, key and passphrase, and bootstraps the Raft directory, which is kept: a
 * directory bootstrapped beforehand is the cure of the late joiner's crash loop (evnode.md A3).
 */
export const smoke: Step<'smoke'> = {
  name: 'smoke',
  plan: ({ nodes }) => [
    `on ${nodes.length} nodes at once: start the node on an empty scratch home in a private network, wait until it has bootstrapped its Raft directory, stop it`,
    'start it a second time: it must show exactly the members of the runbook',
  ],
  precheck: () => Promise.resolve(),
  apply: async (context) => {
    const startMs = await onEach(context.nodes, async (host) => {
      if ((await must(context, host, readStamp(host.spec))) === stampOf(context))
        return context.facts.smoke?.startMs[host.spec.name] ?? 0
      return bootstrap(context, host)
    })
    return { startMs }
  },
  verify: async (context, measured) => {
    const stamp = stampOf(context)
    const stamps = await onEach(context.nodes, (host) => must(context, host, readStamp(host.spec)))
    const without = context.nodes.filter((host) => stamps[host.spec.name] !== stamp)
    if (without.length > 0)
      return notYet(
        `${without.map((host) => host.spec.name).join(', ')}: the Raft directory is not bootstrapped yet`,
      )
    if (measured?.startMs === undefined) return notYet('the end of the smoke start was not seen')
    return done({ stamp, startMs: measured.startMs })
  },
  undo: async (context) => {
    await onEach(context.nodes, async (host) => {
      await must(context, host, endTransient(smokeUnit(host.spec)))
      await must(context, host, moveRaftDirAside(host.spec, `${host.spec.paths.evha}/old/raft`))
    })
  },
}

/** What a Raft directory is good for: chain, members, addresses and attempt. Any difference, and it is made anew. */
export function stampOf(context: StepContext): string {
  const members = raftMembers(context.runbook)
  return createHash('sha256')
    .update(JSON.stringify([context.runbook.chain, members, context.run, context.attempt]))
    .digest('hex')
}

/** The same for one member of a cluster that runs: its Raft directory is moved aside and bootstrapped beside it, unseen. */
export async function bootstrapAnew(context: StepContext, host: Host): Promise<void> {
  await bootstrap(context, host)
}

async function bootstrap(context: StepContext, host: Host): Promise<number> {
  const { spec } = host
  // An evha that died in here left its node running, on the very directory that is moved now.
  await must(context, host, endTransient(smokeUnit(spec)))
  await must(context, host, moveRaftDirAside(spec, `${spec.paths.evha}/old/raft`))
  const unit = await futureUnit(context, host)
  await must(context, host, layScratch(context, spec, unit))
  const start = startScratch(context, spec, unit)
  const first = await runOnce(context, host, start, (event) => event.kind === 'bootstrapped')
  await runOnce(
    context,
    host,
    start,
    (event) => event.kind === 'configuration' && isMembership(context, host, event),
  )
  await must(context, host, remove('remove the scratch home', [scratchOf(spec)]))
  await must(context, host, writeStamp(spec, stampOf(context)))
  return first
}

function isMembership(
  context: StepContext,
  host: Host,
  event: Extract<LogEvent, { kind: 'configuration' }>,
): boolean {
  const wanted = raftMembers(context.runbook).sort()
  const found = event.voters.map((voter) => `${voter.nodeId}@${voter.address}`).sort()
  if (event.index === 1 && wanted.join() === found.join()) return true
  throw stuck(
    `${host.spec.name}: its Raft directory lists ${found.join(', ') || 'nobody'}, not the members of the runbook`,
  )
}

/** One start of the node in its private network until `seen`; the process is stopped in any case. Returns ms from start to there. */
async function runOnce(
  context: StepContext,
  host: Host,
  start: Command,
  seen: (event: LogEvent) => boolean,
): Promise<number> {
  const unit = smokeUnit(host.spec)
  const startedMs = context.now()
  await must(context, host, start)
  try {
    const found = await until(
      context,
      { timeoutMs: smokeTimeoutMs, everyMs: 250, onPaper: true },
      async () => {
        const state = readUnit(await must(context, host, showUnit(unit)))
        const events = await eventsIn(context, host, state.invocation)
        const fatal = events.find((event) => event.kind === 'fatal')
        if (fatal?.kind === 'fatal') throw stuck(`${host.spec.name}: the node does not start: ${fatal.error}`)
        return events.some(seen) ? true : null
      },
    )
    if (found === null)
      throw stuck(
        `${host.spec.name}: the node did not come up in its private network within ${smokeTimeoutMs / 1000} s`,
      )
    return context.now() - startedMs
  } finally {
    await host.remote.run(endTransient(unit), context.signal)
  }
}

const smokeUnit = (spec: NodeSpec) => `evha-smoke-${spec.name}.service`
const scratchOf = (spec: NodeSpec) => `${spec.paths.evha}/smoke`
const environmentOf = (spec: NodeSpec) => `${scratchOf(spec)}/environment`

/** On the source unit and config of a member are staged only, until it is started as one. */
const isStaged = ({ source, facts }: StepContext, host: Pick<Host, 'spec'>) =>
  host.spec.name === source.spec.name && facts.startRest === undefined

/** The unit that the member will have, or has. */
async function futureUnit(context: StepContext, host: Host): Promise<Unit> {
  const { spec } = host
  const path = isStaged(context, host) ? staged(spec).unit : unitPath(spec)
  return parseUnit(await must(context, host, reads('read the unit', ['cat', '--', path])))
}

/** The config as the cluster will read it; key, genesis and node key are linked, not copied. The environment may hold secrets. */
function layScratch(context: StepContext, spec: NodeSpec, unit: Unit): Command {
  const there = homeFiles(scratchOf(spec))
  return changes(
    'lay a scratch home',
    script(
      `scratch=$1 raft=$2 user=$3 config=$4 to=$5
shift 5
rm -rf "$scratch"
mkdir -p "\${to%/*}" "$raft"
cp "$config" "$to"
cat > "$scratch/environment"
chmod 600 "$scratch/environment"
while [ "$#" -gt 1 ]; do ln -s "$1" "$2"; shift 2; done
if [ -n "$user" ]; then chown -R "$user" "$scratch" "$raft"; fi`,
      scratchOf(spec),
      spec.raftDir,
      serviceUser(context, spec),
      isStaged(context, { spec }) ? staged(spec).config : configPath(spec),
      there.config,
      ...[genesisPath(spec), there.genesis, nodeKeyPath(spec), there.nodeKey, signerPath(spec), there.signer],
    ),
    { stdin: new Secret(Buffer.from(environmentText(unit))) },
  )
}

/** The unit's own command line with the scratch home in place of the real one. */
function startScratch(context: StepContext, spec: NodeSpec, unit: Unit): Command {
  const argv = nodeCommand(unit).argv.map((word) =>
    word === spec.home ? scratchOf(spec) : word.startsWith('--home=') ? `--home=${scratchOf(spec)}` : word,
  )
  const user = serviceUser(context, spec)
  const network = `ip link set lo up; ip addr add ${spec.address}/${isIPv6(spec.address) ? 128 : 32} dev lo`
  return changes(`start the node of ${spec.name} in a private network`, [
    'systemd-run',
    '--quiet',
    `--unit=${smokeUnit(spec)}`,
    '--property=PrivateNetwork=yes',
    `--property=RuntimeMaxSec=${runtimeMaxSec}`,
    `--property=ExecStartPre=+/bin/sh -c '${network}'`,
    ...(user === '' ? [] : [`--property=User=${user}`]),
    `--property=EnvironmentFile=${environmentOf(spec)}`,
    ...unitList(unit, 'Service', 'EnvironmentFile').map((file) => `--property=EnvironmentFile=${file}`),
    '--',
    ...argv,
  ])
}
