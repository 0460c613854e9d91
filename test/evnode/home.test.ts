import { expect, test } from 'vitest'
import { homeFiles, initArgv } from '../../src/evnode/home.ts'

test('the files of a home are where the node lays them', () => {
  expect(homeFiles('/h')).toEqual({
    configDir: '/h/config',
    data: '/h/data',
    config: '/h/config/evnode.yaml',
    genesis: '/h/config/genesis.json',
    signer: '/h/config/signer.json',
    nodeKey: '/h/config/node_key.json',
  })
})

test('init is asked for an aggregator of the chain, with the passphrase where there is one', () => {
  const node = { binary: '/b', home: '/h', chain: 'c' }
  expect(initArgv(node)).toEqual([
    '/b',
    'init',
    '--home',
    '/h',
    '--chain_id',
    'c',
    '--evnode.node.aggregator=true',
  ])
  expect(initArgv({ ...node, passphraseFile: '/p' }).slice(-2)).toEqual([
    '--evnode.signer.passphrase_file',
    '/p',
  ])
})
