import { type Command, changes, reads, script } from '../../base/command.ts'
import { printPublicKey, signerOfPublicKey } from '../../evnode/home.ts'
import { readSigner } from '../../evnode/signer.ts'
import type { NodeSpec } from '../../runbook/load.ts'
import { contradiction, must, onEach, stuck } from '../ask.ts'
import { digests, readDigests } from '../host/files.ts'
import { serviceUser } from '../host/service-user.ts'
import { fileExists } from '../host/swap.ts'
import { signerPath } from '../host/unit-files.ts'
import { done, fact, type Host, notYet, type Step, type StepContext } from '../step.ts'

/** signer.json goes host to host through a pipe: never on the workstation's disk, in argv, environment or log. */
export const copySigner: Step<'copySigner'> = {
  name: 'copySigner',
  plan: ({ source, peers }) => [
    `stream signer.json from ${source.spec.name} to ${peers.map((peer) => peer.spec.name).join(', ')} and compare digests`,
  ],
  precheck: async (context) => {
    const { source } = context
    const { proposerAddress } = readSigner(
      signerOfPublicKey(await must(context, source, readPublicKey(source.spec))),
    )
    if (proposerAddress !== fact(context, 'check').proposerAddress)
      throw contradiction(`${source.spec.name}: the key in signer.json is not the proposer of the chain`)
  },
  apply: async (context) => {
    const { source } = context
    const wanted = await digestOn(context, source)
    if (wanted === undefined) throw stuck(`${source.spec.name}: ${signerPath(source.spec)} is not there`)
    const lacking = await peersWithout(context, wanted)
    if (lacking.length > 0) await relaySigner(context, lacking, wanted)
    return undefined
  },
  verify: async (context) => {
    const wanted = await digestOn(context, context.source)
    if (wanted === undefined) return notYet(`${context.source.spec.name}: signer.json is not there`)
    const lacking = await peersWithout(context, wanted)
    if (lacking.length > 0)
      return notYet(`${lacking.map((peer) => peer.spec.name).join(', ')}: signer.json is not the same`)
    return done({ sha256: wanted, copiedTo: await copiedTo(context) })
  },
  undo: async (context) => {
    await onEach(context.peers, (peer) => must(context, peer, removeCopy(peer.spec)))
  },
}

/** Stands on a peer before its copy does: a key the peer had before evha came is not evha's to remove. */
const copiedMark = (spec: NodeSpec) => `${spec.paths.evha}/signer.copied`

/** The peers that hold a copy laid by evha, by name; also one whose laying nobody saw the end of. */
export async function copiedTo(context: StepContext): Promise<string[]> {
  const marked = await onEach(context.peers, (peer) => fileExists(context, peer, copiedMark(peer.spec)))
  return context.peers.map((peer) => peer.spec.name).filter((name) => marked[name] === true)
}

function removeCopy(spec: NodeSpec): Command {
  return changes(
    'remove the copy of signer.json',
    script(
      `rm -f "$1.evha-new"
if [ -e "$2" ]; then
  rm -f "$1"
  sync "\${1%/*}"
  rm -f "$2"
fi`,
      signerPath(spec),
      copiedMark(spec),
    ),
  )
}

/** Only the public key of signer.json leaves its host. */
const readPublicKey = (spec: NodeSpec) =>
  reads('read the public key of signer.json', script(printPublicKey('$1'), signerPath(spec)))

async function digestOn(context: StepContext, host: Host): Promise<string | undefined> {
  return readDigests(await must(context, host, digests([signerPath(host.spec)]))).get(signerPath(host.spec))
}

async function peersWithout(context: StepContext, wanted: string): Promise<Host[]> {
  const found = await onEach(context.peers, (peer) => digestOn(context, peer))
  return context.peers.filter((peer) => found[peer.spec.name] !== wanted)
}

async function relaySigner(context: StepContext, peers: readonly Host[], sha256: string): Promise<void> {
  const { source } = context
  const relayed = await context.hands.relay(
    {
      remote: source.remote,
      command: reads('read signer.json', ['cat', '--', signerPath(source.spec)], { sensitive: true }),
    },
    peers.map((peer) => ({ remote: peer.remote, command: receiveSigner(context, peer, sha256) })),
    context.signal,
  )
  const failed = relayed.to.findIndex((outcome) => outcome.kind !== 'finished' || outcome.exitCode !== 0)
  if (failed !== -1) throw stuck(`${peers[failed]?.spec.name}: signer.json did not arrive whole`)
}

/** Written under a private name, compared by digest, then renamed: a torn copy is never seen as the key. */
function receiveSigner(context: StepContext, peer: Host, sha256: string): Command {
  return changes(
    'receive signer.json',
    script(
      `umask 077
cat > "$1.evha-new"
sum=$(sha256sum < "$1.evha-new")
if [ "\${sum%% *}" != "$2" ]; then rm -f "$1.evha-new"; exit 1; fi
if [ -n "$3" ]; then chown "$3" "$1.evha-new"; fi
chmod 600 "$1.evha-new"
sync "$1.evha-new"
: > "$4"
sync "$4" "\${4%/*}"
mv -f "$1.evha-new" "$1"
sync "\${1%/*}"`,
      signerPath(peer.spec),
      sha256,
      serviceUser(context, peer.spec),
      copiedMark(peer.spec),
    ),
    { sensitive: true },
  )
}
