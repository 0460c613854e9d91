import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { mergeConfig } from '../../evnode/config.ts'
import type { CommandLine } from './command-line.ts'
import { configTemplate } from './config-template.ts'
import { nodeKeyJson, readPassphrase, signerJson } from './keys.ts'

/** `init`: config, genesis, node key and signer below a home, as the node lays them. */
export function init({ own, values }: CommandLine): void {
  const home = own['home'] ?? join(homedir(), '.testapp')
  const config = join(home, 'config')
  mkdirSync(config, { recursive: true, mode: 0o750 })
  const passphrase = readPassphrase(values['signer.passphrase_file'])
  const kept = Object.entries(values).filter(
    ([key]) => key !== 'signer.passphrase_file' && key !== 'node.aggregator',
  )
  const merged = mergeConfig(configTemplate, {
    // The test application forces this block time into the file (evnode.md B 1.2).
    'node.block_time': '100ms',
    'node.aggregator': values['node.aggregator'] === 'true',
    'signer.signer_path': config,
    ...Object.fromEntries(kept),
  })
  const signer = signerJson(passphrase)
  const genesis = {
    chain_id: own['chain_id'] ?? 'evnode-test',
    start_time: new Date().toISOString(),
    initial_height: 1,
    proposer_address: signer.address,
    da_start_height: 0,
    da_epoch_forced_inclusion: 50,
  }
  const files: Readonly<Record<string, string>> = {
    'evnode.yaml': merged.text,
    'signer.json': signer.text,
    'genesis.json': JSON.stringify(genesis, null, 2),
    'node_key.json': nodeKeyJson(),
  }
  for (const [name, text] of Object.entries(files))
    if (name === 'evnode.yaml' || !existsSync(join(config, name)))
      writeFileSync(join(config, name), text, { mode: 0o600 })
}
