// go-ethereum in ev-reth's place: its command line, its two ports, its answers. A test harness lays it onto hosts as `ev-reth`.
import { appendFileSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { isObject } from '../../src/evnode/json.ts'
import { clientOptions, flag } from '../../src/lab/execution/command-line.ts'
import { listening } from '../../src/lab/standin/rpc/http.ts'
import { startGeth } from './geth.ts'
import { proxyServers } from './proxy.ts'

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    geth: flag('geth'),
    /** A file that each exchange with go-ethereum is written to. */
    record: flag(''),
    ...clientOptions,
  },
})

const genesis: unknown = JSON.parse(readFileSync(values.chain, 'utf8'))
const { child, ...urls } = await startGeth({
  geth: values.geth,
  genesisFile: values.chain,
  dataDir: values.datadir,
  jwtSecretFile: values['authrpc.jwtsecret'],
  gasLimit: String(Number(isObject(genesis) ? genesis['gasLimit'] : 30_000_000)),
})
child.removeAllListeners('exit').once('exit', (code) => process.exit(code ?? 1))
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => child.kill('SIGTERM'))
const { eth, engine } = proxyServers(urls, (exchange) => {
  if (values.record !== '') appendFileSync(values.record, `${JSON.stringify(exchange)}\n`)
})
await listening(eth, { host: values['http.addr'], port: Number(values['http.port']) })
await listening(engine, { host: values['authrpc.addr'], port: Number(values['authrpc.port']) })
