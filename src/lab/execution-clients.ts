import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { blockHash, genesisBlock } from './execution/block.ts'
import { hostFiles, type LabHost, type LabInfo } from './layout.ts'
import type { LabPlan } from './plan.ts'

const chainId = 1234
const feeRecipient = '0x00000000000000000000000000000000000000fe'

/** The genesis of a lab's EVM chain, as an execution client is given it. */
const genesis = {
  config: { chainId },
  timestamp: '0x0',
  gasLimit: '0x1c9c380',
  alloc: { '0xd143c405751162d0f96bee2eb5eb9c61882a736e': { balance: '0x4a47e3c12448f4ad000000' } },
}

/** Lays an execution client onto every host: its genesis, a secret of its own, its unit. What the chain's nodes are told of them. */
export function layClients({ hosts }: LabPlan): NonNullable<LabInfo['evm']> {
  for (const host of hosts) {
    if (host.execution === undefined) continue
    const { genesisFile, jwtSecretFile, dataDir, unit } = host.execution
    const { units } = hostFiles(host.dir)
    for (const dir of [dirname(genesisFile), dirname(jwtSecretFile), dataDir, units])
      mkdirSync(dir, { recursive: true })
    writeFileSync(genesisFile, JSON.stringify(genesis, undefined, 2))
    writeFileSync(jwtSecretFile, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 })
    writeFileSync(join(units, unit), unitText(host))
  }
  return { chainId, genesisHash: blockHash(genesisBlock(genesis)), feeRecipient }
}

function unitText({ dir, execution }: LabHost): string {
  if (execution === undefined) throw new Error('the host has no client')
  const eth = new URL(execution.ethUrl)
  const engine = new URL(execution.engineUrl)
  return `[Unit]
Description=execution client
After=network-online.target

[Service]
ExecStart=${join(hostFiles(dir).bin, 'ev-reth')} node --chain ${execution.genesisFile} --datadir ${execution.dataDir} \\
  --http --http.addr ${eth.hostname} --http.port ${eth.port} \\
  --authrpc.addr ${engine.hostname} --authrpc.port ${engine.port} --authrpc.jwtsecret ${execution.jwtSecretFile}
Restart=on-failure
RestartSec=1s

[Install]
WantedBy=multi-user.target
`
}
