import { changes, reads, script } from '../../base/command.ts'
import { homeFiles, initArgv, printPublicKey } from '../../evnode/home.ts'
import { must, stuck } from '../ask.ts'
import { digests, readDigests } from '../host/files.ts'
import { asServiceUser, passphraseFileOf, serviceUser } from '../host/service-user.ts'
import { nodeKeyPath } from '../host/unit-files.ts'
import { fact, type Host, type StepContext } from '../step.ts'

/** A node binary is some 100 MB; the slowest link that is worth a migration carries it in this time. */
const copyTimeoutMs = 600_000

/** The source's binary on a peer that lacks it (copy.binary); checked by digest, renamed into place. */
export async function layBinary(context: StepContext, peer: Host): Promise<void> {
  const wanted = fact(context, 'check').binarySha256
  const { binary } = peer.spec
  const found = readDigests(await must(context, peer, digests([binary]))).get(binary)
  if (found === wanted) return
  if (found !== undefined) throw stuck(`${peer.spec.name}: ${binary} is another binary than on the source`)
  const relayed = await context.hands.relay(
    {
      remote: context.source.remote,
      command: reads('read the binary', ['cat', '--', context.source.spec.binary], {
        timeoutMs: copyTimeoutMs,
      }),
    },
    [
      {
        remote: peer.remote,
        command: changes(
          'receive the binary',
          script(
            `mkdir -p "\${1%/*}"
cat > "$1.evha-new"
sum=$(sha256sum < "$1.evha-new")
if [ "\${sum%% *}" != "$2" ]; then rm -f "$1.evha-new"; exit 1; fi
chmod 755 "$1.evha-new"
sync "$1.evha-new"
mv -f "$1.evha-new" "$1"`,
            binary,
            wanted,
          ),
          { timeoutMs: copyTimeoutMs },
        ),
      },
    ],
    context.signal,
  )
  const [end] = relayed.to
  if (end?.kind !== 'finished' || end.exitCode !== 0)
    throw stuck(`${peer.spec.name}: the binary did not arrive whole`)
}

/** A node key of the peer's own, made by the node itself in a scratch home: a copied one would be a second node with one peer id. */
export async function layNodeKey(context: StepContext, peer: Host): Promise<void> {
  const { spec } = peer
  const user = serviceUser(context, spec)
  const scratch = `${spec.paths.evha}/init`
  const passphraseFile = passphraseFileOf(spec, fact(context, 'check').passphraseFile)
  const init = asServiceUser(
    user,
    initArgv({
      binary: spec.binary,
      home: scratch,
      chain: context.runbook.chain,
      ...(passphraseFile === '' ? {} : { passphraseFile }),
    }),
  )
  await must(
    context,
    peer,
    changes(
      'make a node key where there is none',
      script(
        // `ln` never replaces: of two commands at once (one of a killed evha still runs) the first key stays.
        `key=$1 scratch=$2 made=$3 user=$4
shift 4
if [ -s "$key" ]; then exit 0; fi
rm -rf "$scratch"
mkdir -p "$scratch"
if [ -n "$user" ]; then chown "$user" "$scratch"; fi
"$@" >/dev/null
new=$key.evha-new.$$
cp -p "$made" "$new"
chmod 600 "$new"
sync "$new"
if [ ! -s "$key" ]; then rm -f "$key"; fi
ln "$new" "$key" 2>/dev/null || [ -s "$key" ]
rm -f "$new"
sync "\${key%/*}"
rm -rf "$scratch"`,
        nodeKeyPath(spec),
        scratch,
        homeFiles(scratch).nodeKey,
        user,
        ...init,
      ),
    ),
  )
}

/** The public half of the node key, base64, or '' when there is none yet; the private half never leaves its host. */
export async function readNodeKeyPublic(context: StepContext, host: Host): Promise<string> {
  return must(
    context,
    host,
    reads(
      'read the public node key',
      script(`if [ -s "$1" ]; then ${printPublicKey('$1')}; fi`, nodeKeyPath(host.spec)),
    ),
  )
}
