import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { readConfig } from '../../../src/evnode/config.ts'
import { readGenesis } from '../../../src/evnode/genesis.ts'
import { peerIdOf } from '../../../src/evnode/peer-id.ts'
import { readSigner } from '../../../src/evnode/signer.ts'
import { lastLine } from '../../lab/standin/stand.ts'
import { aCase, type Case } from '../case.ts'
import { shapeOf } from '../observation.ts'

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)

/** What `init` makes of a home. */
export const homeCases: readonly Case[] = [
  aCase('init: files and modes', 'preparePeers, which makes the same home', async (ground) => {
    const home = await ground.newHome('node')
    const names = readdirSync(join(home, 'config')).sort()
    return {
      home: modeOf(home),
      config: modeOf(join(home, 'config')),
      files: Object.fromEntries(names.map((name) => [name, modeOf(join(home, 'config', name))])),
      elsewhere: readdirSync(home).sort(),
    }
  }),
  aCase('init: genesis.json', 'readGenesis', async (ground) => {
    const home = await ground.newHome('node')
    const text = ground.file(home, 'config', 'genesis.json')
    const genesis = readGenesis(text)
    return {
      fields: shapeOf(JSON.parse(text)),
      chain: genesis.chainId,
      initialHeight: genesis.initialHeight,
      proposerIsSigner:
        genesis.proposerAddress === readSigner(ground.file(home, 'config', 'signer.json')).proposerAddress,
    }
  }),
  aCase('init: node_key.json', 'peerIdOf', async (ground) => {
    const text = ground.file(await ground.newHome('node'), 'config', 'node_key.json')
    return { fields: shapeOf(JSON.parse(text)), peerIdBegins: peerIdOf(text).slice(0, 8) }
  }),
  aCase('init: signer.json', 'readSigner', async (ground) => {
    const text = ground.file(await ground.newHome('node'), 'config', 'signer.json')
    return { fields: shapeOf(JSON.parse(text)), addressChars: readSigner(text).proposerAddress.length }
  }),
  aCase('init: evnode.yaml', 'mergeConfig and readConfig', async (ground) => {
    const text = ground.file(await ground.newHome('node'), 'config', 'evnode.yaml')
    const { aggregator, blockTimeMs, daNamespace } = readConfig(text)
    return { lines: ground.plain(text).split('\n'), aggregator, blockTimeMs, daNamespace }
  }),
  aCase('init: no namespace given', 'the blocker on random namespaces', async (ground) => {
    const home = join(ground.dir, 'node')
    const { code } = await ground.run(['init', '--home', home])
    const { daNamespace, aggregator } = readConfig(ground.file(home, 'config', 'evnode.yaml'))
    return { code, aggregator, random: /^[A-Za-z0-9]{10}$/.test(daNamespace) }
  }),
  aCase('init: a second time over a home', 'the rule that init never runs on the source', async (ground) => {
    const home = await ground.newHome('node')
    const keys = () =>
      ['node_key.json', 'signer.json', 'genesis.json'].map((n) => ground.file(home, 'config', n))
    const before = keys()
    const again = await ground.run(['init', '--home', home, '--evnode.da.address', 'http://127.0.0.1:9'])
    const config = readConfig(ground.file(home, 'config', 'evnode.yaml'))
    return {
      code: again.code,
      keysKept: keys().map((text, k) => text === before[k]),
      aggregator: config.aggregator,
      blockTimeMs: config.blockTimeMs,
      namespaceKept: config.daNamespace === 'test-ns',
    }
  }),
  aCase('init: a sequencer without a passphrase file', 'preparePeers, which gives one', async (ground) => {
    const home = join(ground.dir, 'node')
    const { code, stderr } = await ground.run(['init', '--home', home, '--evnode.node.aggregator=true'])
    return { code, last: ground.plain(lastLine(stderr)) }
  }),
]
