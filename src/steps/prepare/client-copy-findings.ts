import { reads, script } from '../../base/command.ts'
import { must } from '../ask.ts'
import { type CopyPeer, copiedClientOf } from '../client-copy/place.ts'
import { lookAtRest, type Rest, whyNotCopied } from '../client-copy/rest.ts'
import { labelledLines } from '../host/labelled-lines.ts'
import type { Host, StepContext } from '../step.ts'
import { blocks, type Finding } from './finding.ts'

/** Where a client's data is to be replaced, from one look at its host. */
export interface CopyPlace {
  /** systemd's word for the unit: `loaded` when it has one. */
  readonly load: string
  readonly freeBytes: number
  /** A name in the directory that is a mount of its own, or a link: it can not be exchanged by a rename. */
  readonly apart: string
}

/** Prints `key value` lines. */
export const lookAtPlaceCommand = ({ peer, client }: CopyPeer) =>
  reads(
    `look at where ${client.unit} of ${peer.spec.name} keeps its data`,
    script(
      `state=$(systemctl show "$1" --property=LoadState)
echo "load \${state#*=}"
[ -d "$2" ] || exit 0
echo "free $(df -P -B 1 "$2" | awk 'NR == 2 { print $4 }')"
own=$(stat -c %d "$2")
find "$2" -mindepth 1 -maxdepth 2 ! -path "$2/.evha*" '(' -type l -o -type d ')' -printf '%D %y %P\\n' | while read -r device kind name; do
  if [ "$kind" = l ] || [ "$device" != "$own" ]; then echo "apart $name"; break; fi
done`,
      client.unit,
      client.dataDir,
    ),
  )

/** What stands against copying the data of clients, as the runbook wants it; nothing where it does not. */
export async function clientCopyFindings(
  context: StepContext,
  tryOn: <T>(host: Host, look: () => Promise<T>) => Promise<T | null>,
): Promise<Finding[]> {
  const { source } = context
  const dir = source.spec.execution?.copyFrom
  const peers = context.peers.flatMap((peer) => {
    const client = copiedClientOf(peer.spec)
    return client === null ? [] : [{ peer, client }]
  })
  if (dir === undefined || peers.length === 0) return []
  const rest = await tryOn(source, () => lookAtRest(context, source, dir))
  const places = await Promise.all(
    peers.map(async (one) => {
      const place = await tryOn(one.peer, () => lookAtPlace(context, one))
      return place === null ? [] : placeFindings(one, place, rest?.bytes ?? 0)
    }),
  )
  return [...(rest === null ? [] : restFindings(source, dir, rest)), ...places.flat()]
}

async function lookAtPlace(context: StepContext, one: CopyPeer): Promise<CopyPlace> {
  const value = labelledLines(await must(context, one.peer, lookAtPlaceCommand(one)))
  return { load: value('load'), freeBytes: Number(value('free')) || 0, apart: value('apart') }
}

export function restFindings({ spec }: Host, dir: string, rest: Rest): Finding[] {
  const why = whyNotCopied(dir, rest)
  if (why === '') return []
  return [
    blocks(
      spec.name,
      why,
      'a client that goes on from half of a database computes another state, or does not start',
      `mount a snapshot of the volume of the client's data at ${dir}, or lay a copy there that was made while the client was stopped; name it in the runbook: execution.copyFrom`,
      `the files in ${dir}, and what the processes of ${spec.name} have open`,
    ),
  ]
}

/** A copy grows beside what the client has, and should leave it room to go on. */
const roomShare = 1.1

export function placeFindings({ peer, client }: CopyPeer, place: CopyPlace, bytes: number): Finding[] {
  const { name } = peer.spec
  const { unit, dataDir } = client
  const found: Finding[] = []
  if (place.load !== 'loaded')
    found.push(
      blocks(
        name,
        `there is no unit ${unit}, which the runbook says runs its execution client`,
        'the client is stopped and started again while the copy of its data is put in place',
        'name the right one in the runbook: nodes[].execution.unit',
        `systemctl show ${unit}: LoadState is ${place.load || 'not told'}`,
      ),
    )
  if (place.freeBytes > 0 && place.freeBytes < bytes * roomShare)
    found.push(
      blocks(
        name,
        `${place.freeBytes} bytes are free at ${dataDir}, the copy of the execution client's data needs ${Math.ceil(bytes * roomShare)}`,
        'the copy grows beside what the client has now, so that nothing is lost before it is whole',
        `make room: df -h ${dataDir}; or remove by hand what the client has there, with ${unit} stopped`,
        `df -P ${dataDir}`,
      ),
    )
  if (place.apart !== '')
    found.push(
      blocks(
        name,
        `${dataDir}/${place.apart} is a link or a mount of its own`,
        'the copy is put in place by renames, which do not reach over to another disk',
        `let the client keep all of its data below ${dataDir}, or write warmUp: follow for ${name}`,
        `find ${dataDir} -maxdepth 2`,
      ),
    )
  return found
}
