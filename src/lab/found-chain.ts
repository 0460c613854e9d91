import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { mergeConfig } from '../evnode/config.ts'
import { hostEnvironment, hostFiles, type LabHost, type LabInfo, labFiles } from './layout.ts'
import { applicationOf, daNamespace, type LabPlan } from './plan.ts'

/** Lays what every host has before evha comes: its directories, and a passphrase. */
export function layHosts(plan: LabPlan): void {
  // Its own for each lab: wherever these bytes turn up, they came from here.
  const passphrase = `lab-${randomBytes(16).toString('hex')}`
  for (const host of plan.hosts) {
    const at = hostFiles(host.dir)
    for (const dir of [at.units, at.run, at.tmp, at.journal, dirname(at.passphrase), dirname(at.home)])
      mkdirSync(dir, { recursive: true })
    writeFileSync(at.passphrase, passphrase, { mode: 0o600 })
  }
}

/** Lays what node-1 has beside that: a home and the unit of a sequencer. */
export async function foundChain(plan: LabPlan, evm: LabInfo['evm']): Promise<void> {
  const [first] = plan.hosts
  if (first === undefined) throw new Error('a lab has hosts')
  const at = hostFiles(first.dir)
  const binary = join(at.bin, applicationOf(plan).name)
  const env = hostEnvironment(first.name, first.dir, labFiles(plan.stateDir).socket)
  await runOnce(
    binary,
    [
      'init',
      '--home',
      at.home,
      '--chain_id',
      plan.chain,
      '--evnode.node.aggregator=true',
      '--evnode.signer.passphrase_file',
      at.passphrase,
    ],
    env,
  )
  const config = join(at.home, 'config', 'evnode.yaml')
  const merged = mergeConfig(readFileSync(config, 'utf8'), {
    'node.aggregator': true,
    'node.block_time': plan.fast ? '100ms' : '1s',
    'da.address': `http://127.0.0.1:${plan.daPort}`,
    'da.namespace': daNamespace,
    'rpc.address': first.rpc,
    'p2p.listen_address': `/ip4/${first.address}/tcp/${first.p2pPort}`,
    'signer.signer_path': join(at.home, 'config'),
  })
  writeFileSync(config, merged.text, { mode: 0o600 })
  writeFileSync(join(at.units, 'ev-node.service'), unitText(binary, first, plan, evm))
}

/** The unit as an operator of a single sequencer would have it. */
function unitText(binary: string, host: LabHost, plan: LabPlan, evm: LabInfo['evm']): string {
  const { home, passphrase } = hostFiles(host.dir)
  const blockTime = plan.fast ? '100ms' : '1s'
  return `[Unit]
Description=ev-node sequencer
After=network-online.target

[Service]
ExecStart=${binary} start --home ${home} \\
  --evnode.node.aggregator=true --evnode.node.block_time ${blockTime} \\
  --evnode.signer.passphrase_file ${passphrase} --evnode.log.format json${clientFlagsOf(host, evm)}
Restart=on-failure
RestartSec=1s

[Install]
WantedBy=multi-user.target
`
}

function clientFlagsOf({ execution }: LabHost, evm: LabInfo['evm']): string {
  if (execution === undefined || evm === undefined) return ''
  return ` \\
  --evm.eth-url ${execution.ethUrl} --evm.engine-url ${execution.engineUrl} \\
  --evm.jwt-secret-file ${execution.jwtSecretFile} --evm.genesis-hash ${evm.genesisHash} \\
  --evm.fee-recipient ${evm.feeRecipient}`
}

function runOnce(program: string, args: readonly string[], env: Record<string, string>): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.on('data', (data) => {
      said = `${said}${data}`.slice(-2_000)
    })
    child.once('error', reject)
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`${program} ${args[0]}: exit ${code}: ${said}`)),
    )
  })
}
