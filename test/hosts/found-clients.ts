import { randomBytes } from 'node:crypto'
import { labGenesis } from '../../src/lab/genesis.ts'
import { did, ethUrlOf, type Hosts, until } from './hosts.ts'

const genesisFile = '/etc/ev-reth/genesis.json'
const jwtSecretFile = '/etc/ev-node/jwt.hex'
const dataDir = '/var/lib/ev-reth'

/** An execution client on every host, as a service with a secret of its own. Returns the flags that tell node-1's node of it. */
export async function foundClients(hosts: Hosts): Promise<string> {
  await Promise.all(hosts.names.map((host) => layClient(hosts, host)))
  const [genesisHash] = await Promise.all(hosts.names.map((host) => genesisHashOn(hosts, host)))
  return ` \\
  --evm.eth-url ${ethUrlOf('node-1')} --evm.jwt-secret-file ${jwtSecretFile} \\
  --evm.genesis-hash ${genesisHash} --evm.fee-recipient 0x00000000000000000000000000000000000000fe`
}

const unitText = (host: string) => `[Unit]
Description=execution client
After=network-online.target

[Service]
ExecStart=/usr/local/bin/ev-reth node --chain ${genesisFile} --datadir ${dataDir} \\
  --http --http.addr ${new URL(ethUrlOf(host)).hostname} --http.port 8545 \\
  --authrpc.addr 127.0.0.1 --authrpc.port 8551 --authrpc.jwtsecret ${jwtSecretFile}
Restart=on-failure
RestartSec=1s

[Install]
WantedBy=multi-user.target
`

async function layClient(hosts: Hosts, host: string): Promise<void> {
  const secret = `${randomBytes(32).toString('hex')}\n`
  await did(hosts, host, `install -o root -g ev-node -m 640 /dev/stdin ${jwtSecretFile}`, secret)
  await did(hosts, host, `install -D -m 644 /dev/stdin ${genesisFile}`, JSON.stringify(labGenesis))
  const unit = '/etc/systemd/system/ev-reth.service'
  await did(hosts, host, `install -d ${dataDir} && cat > ${unit}`, unitText(host))
  await did(hosts, host, 'systemctl daemon-reload && systemctl enable -q --now ev-reth.service')
}

const asking = `const answer = await fetch(process.argv[1], {
  method: 'POST', headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_getBlockByNumber', params: ['0x0', false] }) })
console.log((await answer.json()).result.hash)`

/** Resolves when the client answers. */
function genesisHashOn(hosts: Hosts, host: string): Promise<string> {
  return until(`the execution client of ${host}`, async () => {
    const asked = `/opt/evha/node --input-type=module -e "$(cat)" ${ethUrlOf(host)}`
    const { code, stdout } = await hosts.on(host, asked, asking)
    return code === 0 ? stdout.trim() : undefined
  })
}
