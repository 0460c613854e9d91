// What a host prints may be cut off, or come from a shell that says something of its own. Whatever it is, who reads it
// answers or refuses with an EvhaError.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EvhaError } from '../../src/base/errors.ts'
import { parseLease } from '../../src/journal/lease-commands.ts'
import { readSettings } from '../../src/remote/ssh-settings.ts'
import { parseDecision } from '../../src/steps/host/decision.ts'
import { readDigests } from '../../src/steps/host/files.ts'
import { difference, readManifest } from '../../src/steps/host/manifest.ts'
import { parseStopRecord } from '../../src/steps/host/stop-record.ts'
import { isUp, readUnit } from '../../src/steps/host/systemd.ts'
import { nodeProcessesIn, nodeUnits, readHost, readNode } from '../../src/steps/init/look.ts'
import { readGround } from '../../src/steps/prepare/ground.ts'
import { readStarters } from '../../src/steps/prepare/starters.ts'
import { readSurvey } from '../../src/steps/prepare/survey.ts'
import { readIdentity } from '../../src/steps/rehearse/identity.ts'

const digest = 'ab'.repeat(32)
const readers: readonly (readonly [name: string, read: (text: string) => unknown, good: string])[] = [
  ['parseDecision', parseDecision, 'open chain-20261123T150912-flei 1 1\n'],
  ['parseStopRecord', parseStopRecord, '1764000000000000000 1764000000140000000\n'],
  ['readDigests', readDigests, `${digest}  /a b\n`],
  [
    'readManifest',
    (text) => difference(readManifest(text), new Map()),
    `6\t6\tfull:${digest}\tdata/a\n9\t0\tholes:${digest}\tdata/b c\n`,
  ],
  ['readUnit', (text) => isUp(readUnit(text)), 'ActiveState=active\nMainPID=7\nDropInPaths=/a /b\n'],
  [
    'readGround',
    readGround,
    'listen 0100007F:1CA3\nlisten 0000000000000000FFFF00000100007F:0001\nfree 7 /a\nmode 600 /b\n',
  ],
  [
    'readStarters',
    readStarters,
    'process\t1\t0\troot\t/x\t/bin/x\t/\tA B\tx\tstart\t\ntrigger\tx.timer\nline\t/f\tx\n',
  ],
  ['readSurvey', readSurvey, 'tar gnu\nbinary ab\nmissing flock\nfree 9\n'],
  ['readHost', readHost, 'hostname a\nboot b\nunitpath /r/etc/systemd/system /x\naddresses 10.0.0.1 ::1\n'],
  ['readNode', readNode, `bytes 7\ndatabase testapp\nbinary ${digest}\npassphrase there\n`],
  [
    'nodeUnits',
    nodeUnits,
    'Id=a.service\nActiveState=active\nMainPID=7\nExecStart={ path=/x ; argv[]=/x start --home /h ; }\n\nId=b\n',
  ],
  ['nodeProcessesIn', nodeProcessesIn, '7\t1\troot\t0::/\t/bin/x\t/\t/bin/x\tstart\t--home\t/h\t\n'],
  ['readIdentity', readIdentity, `signer AAAA\ngenesis ${digest}\n`],
  ['parseLease', parseLease, '3 host run by 1764000000000\n4\nclaim 1\n'],
  [
    'readSettings',
    (text) => readSettings(text, { host: 'h' }),
    'hostname 10.0.0.1\nport 22\nidentityfile ~/.ssh/%h\nproxyjump a@b:22,c\n',
  ],
]

/** A good text with something cut out of it, and something else put there. */
const broken = (good: string) =>
  fc
    .tuple(
      fc.nat(good.length),
      fc.nat(30),
      fc.oneof(fc.string(), fc.constantFrom(':', ' ', '\t', '\0', '\n', '-', 'G')),
    )
    .map(([at, cut, put]) => good.slice(0, at) + put + good.slice(at + cut))

test.each(readers)('%s reads what a host prints', (_name, read, good) => {
  expect(read(good)).not.toBeNull()
})

test.each(readers)('%s answers or refuses, whatever is printed', (_name, read, good) => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), broken(good)), (text) => {
      try {
        read(text)
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(EvhaError)
      }
    }),
    { numRuns: 500 },
  )
})

test('numbers that are none make no decision and no record of a stop', () => {
  expect(parseDecision('open run x 1')).toBeNull()
  expect(parseDecision('open run 1 1.5')).toBeNull()
  expect(parseStopRecord('1764000000000000000 soon')).toBeNull()
  expect(parseStopRecord('bash: warning: setlocale')).toBeNull()
})
