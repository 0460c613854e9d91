import { homeFiles } from '../../evnode/home.ts'
import type { LoadedRunbook, NodeSpec } from '../../runbook/load.ts'
import type { UnitState } from '../host/systemd.ts'
import { isUp } from '../host/systemd.ts'
import { lockDir } from '../host/tree.ts'
import { configPath, unitPath } from '../host/unit-files.ts'
import { blocks, type Finding, warns } from './finding.ts'
import type { Survey } from './survey.ts'

/** The node rejects blocks from the future and a leader whose clock is behind halts (evnode.md B 8.11). */
const skewMaxMs = 1_000
/** Room for the copy, and as much again for what the chain writes meanwhile; on an EVM chain for the store of a full node, too. */
const roomFactor = (isEvm: boolean) => (isEvm ? 3 : 2)

const sums = (here: string, source: string) =>
  `sha256 ${here.slice(0, 12)}… there, ${source === '' ? 'none' : `${source.slice(0, 12)}…`} on the source`

/** What is wrong on any one host, whatever its role. */
export function hostFindings(spec: NodeSpec, survey: Survey, skewMs: number): Finding[] {
  const found: Finding[] = []
  for (const tool of survey.missingTools)
    found.push(
      blocks(
        spec.name,
        `${tool} is missing`,
        'evha needs it on every host',
        `install the package that has ${tool}`,
        `command -v ${tool} finds nothing`,
      ),
    )
  if (!survey.missingTools.includes('tar') && !survey.gnuTar)
    found.push(
      blocks(
        spec.name,
        'tar is not GNU tar',
        'only GNU tar leaves holes out',
        'install GNU tar as tar',
        'tar --version does not say GNU tar',
      ),
    )
  if (!survey.passphraseThere)
    found.push(
      blocks(
        spec.name,
        `the passphrase file ${spec.passphraseFile} is missing or empty`,
        'the node can not decrypt its key without it',
        `lay the passphrase of the source there, mode 0600, owned by the service user`,
        `test -s ${spec.passphraseFile} fails`,
      ),
    )
  if (survey.raftDirThere)
    found.push(
      blocks(
        spec.name,
        `the Raft directory ${spec.raftDir} is there already`,
        'a directory of another cluster brings its members and terms along; evha makes its own',
        `see whose it is, then: mv ${spec.raftDir} ${spec.raftDir}.before`,
        `test -e ${spec.raftDir} holds`,
      ),
    )
  if (Math.abs(skewMs) > skewMaxMs)
    found.push(
      blocks(
        spec.name,
        `its clock is ${Math.round(skewMs)} ms off the source's`,
        'a leader whose clock is behind halts the chain',
        'let NTP set the clock: timedatectl set-ntp true',
        'date +%s%3N on both hosts at once; a round trip is the error',
      ),
    )
  return found
}

/** What is wrong with a peer, measured against the source. */
export function peerFindings(
  spec: NodeSpec,
  survey: Survey,
  unit: UnitState,
  source: Survey,
  runbook: LoadedRunbook,
  isEvm = false,
): Finding[] {
  const found: Finding[] = []
  if (isUp(unit))
    found.push(
      blocks(
        spec.name,
        `${spec.unit} runs already`,
        'a peer must not run before the cutover',
        `systemctl disable --now ${spec.unit}`,
        `systemctl show: ActiveState=${unit.active}, MainPID=${unit.mainPid}`,
      ),
    )
  else if (unit.unitFileState === 'enabled')
    found.push({
      ...blocks(
        spec.name,
        `${spec.unit} is enabled`,
        'a reboot would start it before the commit; evha enables it when the cluster produces',
        `systemctl disable ${spec.unit}`,
        `systemctl show: ActiveState=${unit.active}, UnitFileState=${unit.unitFileState}`,
      ),
      fix: { commands: [['systemctl', 'disable', spec.unit]], undo: `systemctl enable ${spec.unit}` },
    })
  const replaced = [
    ...(survey.unitThere ? [unitPath(spec)] : []),
    ...(survey.configThere ? [configPath(spec)] : []),
  ]
  for (const file of replaced)
    found.push(
      warns(
        spec.name,
        `${file} is there already`,
        'evha lays its own in its place, and an abort removes it',
        `keep a copy if you want it back: cp -p ${file} ${file}.before`,
        `test -e ${file} holds`,
      ),
    )
  if (survey.binarySha256 === '' && !runbook.copy.binary)
    found.push(
      blocks(
        spec.name,
        `${spec.binary} is missing`,
        'every node must run the same binary',
        'lay it there, or set copy.binary: true',
        `there is no file ${spec.binary}`,
      ),
    )
  if (survey.binarySha256 !== '' && survey.binarySha256 !== source.binarySha256)
    found.push(
      blocks(
        spec.name,
        `${spec.binary} is another binary than on ${runbook.source.name}`,
        'members of a cluster must run the same binary',
        `copy the one of ${runbook.source.name} (sha256 ${source.binarySha256.slice(0, 12)}…) there`,
        sums(survey.binarySha256, source.binarySha256),
      ),
    )
  if (survey.storeThere)
    found.push(
      blocks(
        spec.name,
        `there is data below ${homeFiles(spec.home).data} already`,
        'evha overwrites no data that it did not copy itself',
        `move ${homeFiles(spec.home).data} away`,
        `there is a directory ${lockDir(spec)}`,
      ),
    )
  if (survey.signerSha256 !== '' && survey.signerSha256 !== source.signerSha256)
    found.push(
      blocks(
        spec.name,
        'it has a signer.json of its own',
        'all members sign with the key of the source; evha overwrites no key',
        `move ${homeFiles(spec.home).signer} away`,
        sums(survey.signerSha256, source.signerSha256),
      ),
    )
  if (survey.genesisSha256 !== '' && survey.genesisSha256 !== source.genesisSha256)
    found.push(
      blocks(
        spec.name,
        'its genesis.json is of another chain',
        'members share one genesis',
        `move ${homeFiles(spec.home).configDir} away`,
        sums(survey.genesisSha256, source.genesisSha256),
      ),
    )
  if (survey.freeBytes < source.dataBytes * roomFactor(isEvm))
    found.push(
      blocks(
        spec.name,
        `${survey.freeBytes} bytes are free below ${spec.home}, the data has ${source.dataBytes}`,
        isEvm
          ? 'the copy needs room, so does the store of the full node that leads the execution client to the head, and what the chain writes meanwhile'
          : 'the copy needs room, and so does what the chain writes meanwhile',
        'make room',
        `df ${spec.home} there, du ${homeFiles(runbook.source.home).data} on ${runbook.source.name}`,
      ),
    )
  return found
}

/** Two hosts with one node key would have one peer id and could not talk to each other. */
export function sharedNodeKeys(keys: Readonly<Record<string, string>>): Finding[] {
  const seen = new Map<string, string>()
  const found: Finding[] = []
  for (const [name, key] of Object.entries(keys)) {
    const other = key === '' ? undefined : seen.get(key)
    if (other !== undefined)
      found.push(
        blocks(
          name,
          `it has the node key of ${other}`,
          'two nodes with one peer id can not talk to each other',
          `remove node_key.json on ${name}; evha makes a new one`,
          `the public key in node_key.json is ${key.slice(0, 12)}… on both`,
        ),
      )
    else if (key !== '') seen.set(key, name)
  }
  return found
}
