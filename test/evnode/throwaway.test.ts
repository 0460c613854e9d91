import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { mergeConfig, readConfig } from '../../src/evnode/config.ts'
import { executionClientOf } from '../../src/evnode/execution.ts'
import {
  ballastDir,
  plainSettings,
  settingsDigest,
  settingsOf,
  singleConfig,
  singleUnit,
} from '../../src/evnode/throwaway.ts'
import { nodeCommand, parseUnit } from '../../src/evnode/unit.ts'

const found = readFileSync(
  join(import.meta.dirname, '..', 'fixtures', 'evnode', 'homes', 'node-1', 'evnode.yaml'),
  'utf8',
)
const place = {
  binary: '/usr/local/bin/testapp',
  home: '/srv/stage',
  passphraseFile: '/srv/pass',
  rpc: '127.0.0.1:7331',
  address: '192.0.2.9',
  p2pPort: 7676,
  daAddress: 'http://da:7980',
  daNamespace: 'rehearsal-1',
}

test('a throwaway chain has the settings of production, so that its digest is the same, and nothing else of it', () => {
  const settings = { ...plainSettings, blockTimeMs: 250, lazyMode: true, maxPending: 7 }
  const production = readConfig(
    mergeConfig(found, singleConfig({ ...place, daNamespace: 'production' }, settings)).text,
  )
  const made = readConfig(mergeConfig(found, singleConfig(place, settingsOf(production))).text)
  expect(settingsOf(made)).toEqual(settings)
  expect(settingsDigest(made)).toBe(settingsDigest(production))
  expect(made).toMatchObject({
    daNamespace: 'rehearsal-1',
    aggregator: true,
    p2pPort: 7676,
    signerPath: '/srv/stage/config',
  })
  expect(settingsDigest(readConfig(mergeConfig(found, singleConfig(place, plainSettings)).text))).not.toBe(
    settingsDigest(made),
  )
})

test('its unit is one that check understands', () => {
  const unit = parseUnit(singleUnit(place, 'ev-node'))
  expect(nodeCommand(unit)).toMatchObject({ home: '/srv/stage', binary: '/usr/local/bin/testapp' })
  expect(singleUnit(place, '')).not.toContain('User=')
})

test('the unit of an EVM chain tells its client as check reads it', () => {
  const execution = {
    ethUrl: 'http://localhost:8545',
    engineUrl: 'http://localhost:8551',
    jwtSecretFile: '/etc/jwt',
    genesisHash: `0x${'a'.repeat(64)}`,
    feeRecipient: `0x${'b'.repeat(40)}`,
  }
  const of = (text: string) => executionClientOf(nodeCommand(parseUnit(text)))
  expect(of(singleUnit({ ...place, execution }, ''))).toEqual(execution)
  expect(of(singleUnit(place, ''))).toBeNull()
})

test('files to seed lie where no database is', () => {
  expect(ballastDir('/srv/stage')).toBe('/srv/stage/data/rehearsal-ballast')
})
