import { reads, script } from '../../base/command.ts'
import { homeFiles, printPublicKey } from '../../evnode/home.ts'
import type { NodeSpec } from '../../runbook/load.ts'
import { lockDir } from '../host/tree.ts'
import { configPath, genesisPath, nodeKeyPath, signerPath, unitPath } from '../host/unit-files.ts'

/** What one look at a host tells. Empty text: the thing is not there. */
export interface Survey {
  readonly missingTools: readonly string[]
  readonly gnuTar: boolean
  readonly binarySha256: string
  readonly binaryVersion: string
  readonly unitThere: boolean
  readonly configThere: boolean
  readonly raftDirThere: boolean
  readonly genesisSha256: string
  readonly signerSha256: string
  /** The file is mounted there by itself, and can be moved by nobody. */
  readonly signerIsMount: boolean
  readonly nodeKeyPublic: string
  readonly passphraseThere: boolean
  readonly storeThere: boolean
  /** Bytes on the disk, holes not counted. */
  readonly dataBytes: number
  readonly freeBytes: number
  /** The host's clock, epoch ms. */
  readonly clockMs: number
}

/** What a host must have: POSIX sh is taken for granted, the rest is named. */
const tools =
  'tar find xargs sort stat sha256sum flock setsid fallocate mktemp sync systemctl systemd-run journalctl systemd-id128'

/** One read-only look: prints `key value` lines. */
export function surveyHost(spec: NodeSpec) {
  return reads(
    'look at the host',
    script(
      `has() { command -v "$1" >/dev/null 2>&1; }
sum() { if [ -f "$1" ]; then sha256sum < "$1" | cut -d ' ' -f 1; fi; }
for tool in $1; do has "$tool" || echo "missing $tool"; done
if tar --version 2>/dev/null | grep -q 'GNU tar'; then echo 'tar gnu'; fi
echo "binary $(sum "$2")"
if [ -x "$2" ]; then echo "version $(timeout 5 "$2" version 2>&1 | tr '\\n' ' ')"; fi
if [ -e "$3" ]; then echo 'unit there'; fi
if [ -e "\${10}" ]; then echo 'config there'; fi
if [ -e "\${11}" ]; then echo 'raft there'; fi
echo "genesis $(sum "$4")"
echo "signer $(sum "$5")"
if [ -e "$5" ]; then
  real=$(cd "\${5%/*}" && pwd -P)/\${5##*/}
  if cut -d ' ' -f 5 /proc/self/mountinfo | grep -qxF "$real"; then echo 'signer-mount there'; fi
fi
if [ -f "$6" ]; then echo "nodekey $(${printPublicKey('$6')})"; fi
if [ -z "$7" ] || [ -s "$7" ]; then echo 'passphrase there'; fi
if [ -d "$8" ]; then echo 'store there'; fi
if [ -d "$9" ]; then echo "data $(du -s --block-size=1 "$9" 2>/dev/null | cut -f 1)"; fi
at=$9
while [ ! -d "$at" ]; do at=$(dirname "$at"); done
echo "free $(df -P -B 1 "$at" | tail -n 1 | awk '{print $4}')"
echo "clock $(date +%s%3N)"`,
      tools,
      spec.binary,
      unitPath(spec),
      genesisPath(spec),
      signerPath(spec),
      nodeKeyPath(spec),
      spec.passphraseFile ?? '',
      lockDir(spec),
      homeFiles(spec.home).data,
      configPath(spec),
      spec.raftDir,
    ),
  )
}

export function readSurvey(text: string): Survey {
  const lines = text.split('\n').map((line) => {
    const at = line.indexOf(' ')
    return at === -1 ? ([line, ''] as const) : ([line.slice(0, at), line.slice(at + 1).trim()] as const)
  })
  const value = (key: string) => lines.find(([name]) => name === key)?.[1] ?? ''
  return {
    missingTools: lines.filter(([name]) => name === 'missing').map(([, tool]) => tool),
    gnuTar: value('tar') === 'gnu',
    binarySha256: value('binary'),
    binaryVersion: value('version'),
    unitThere: value('unit') !== '',
    configThere: value('config') !== '',
    raftDirThere: value('raft') !== '',
    genesisSha256: value('genesis'),
    signerSha256: value('signer'),
    signerIsMount: value('signer-mount') !== '',
    nodeKeyPublic: value('nodekey'),
    passphraseThere: value('passphrase') !== '',
    storeThere: value('store') !== '',
    dataBytes: Number(value('data')) || 0,
    freeBytes: Number(value('free')) || 0,
    clockMs: Number(value('clock')) || 0,
  }
}
