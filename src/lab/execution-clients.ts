import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { executionRpc } from '../evnode/execution-rpc.ts'
import { urlTarget } from '../evnode/json-rpc.ts'
import { labGenesis } from './genesis.ts'
import type { Host } from './host.ts'
import { hostFiles, type LabExecution, type LabHost, type LabInfo } from './layout.ts'
import type { LabPlan } from './plan.ts'
import { systemctl } from './systemctl.ts'

const feeRecipient = '0x00000000000000000000000000000000000000fe'
/** A real client makes its database first, one beside the other. */
const upTimeoutMs = 90_000
const askTimeoutMs = 1_000

/** Gives every host an execution client and starts it. What the chain's nodes are told of them, as the clients themselves say it. */
export async function startClients(
  plan: LabPlan,
  hosts: ReadonlyMap<string, Host>,
): Promise<NonNullable<LabInfo['evm']>> {
  for (const one of plan.hosts) {
    const host = hosts.get(one.name)
    if (host === undefined || one.execution === undefined) continue
    layClient(one)
    await systemctl(host, ['enable', one.execution.unit])
    await systemctl(host, ['start', one.execution.unit])
  }
  const hashes = await Promise.all(
    plan.hosts.map(({ name, execution }) => genesisHashOf(name, execution?.ethUrl ?? '')),
  )
  return { chainId: labGenesis.config.chainId, genesisHash: hashes[0] ?? '', feeRecipient }
}

function layClient(host: LabHost): void {
  const { genesisFile, jwtSecretFile, dataDir, unit } = clientOf(host)
  const { units } = hostFiles(host.dir)
  for (const dir of [dirname(genesisFile), dirname(jwtSecretFile), dataDir, units])
    mkdirSync(dir, { recursive: true })
  writeFileSync(genesisFile, JSON.stringify(labGenesis, undefined, 2))
  writeFileSync(jwtSecretFile, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 })
  writeFileSync(join(units, unit), unitText(host))
}

/** Resolves when the client answers. */
async function genesisHashOf(name: string, ethUrl: string): Promise<string> {
  const target = urlTarget(ethUrl)
  if (target === undefined) throw new Error(`${name} has no execution client`)
  const open = async () => connect({ host: target.host, port: target.port })
  const deadlineMs = Date.now() + upTimeoutMs
  for (;;) {
    const first = await executionRpc(open, target, { timeoutMs: askTimeoutMs }).block(0)
    if (first.kind === 'ok') return first.value.hash
    if (Date.now() > deadlineMs)
      throw new Error(`the execution client of ${name} did not answer within ${upTimeoutMs / 1_000} s`)
    await sleep(50)
  }
}

function clientOf({ execution, name }: LabHost): LabExecution {
  if (execution === undefined) throw new Error(`${name} has no execution client`)
  return execution
}

function unitText(host: LabHost): string {
  const { dir } = host
  const execution = clientOf(host)
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
