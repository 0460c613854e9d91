#!/usr/bin/env node
// The stand-in execution client of evha's lab: what an ev-node asks of ev-reth, with ev-reth's flags. It executes nothing.
import { readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { parseArgs } from 'node:util'
import { jwtSecretIn } from '../../evnode/engine-token.ts'
import { isObject } from '../../evnode/json.ts'
import { listening } from '../standin/rpc/http.ts'
import { blockHash, genesisBlock } from './block.ts'
import { Chain } from './chain.ts'
import { clientOptions, flag } from './command-line.ts'
import { engineMethods } from './engine-methods.ts'
import { ethMethods } from './methods.ts'
import { Pool } from './pool.ts'
import { rpcServer } from './server.ts'
import { tokenProblem } from './token.ts'

const [command = '', ...words] = process.argv.slice(2)
try {
  if (command === 'genesis-hash') process.stdout.write(`${blockHash(genesisBlock(genesisIn(words[0])))}\n`)
  else if (command === 'node') await serve(words)
  else throw new Error('usage: ev-reth node --datadir DIR --chain GENESIS --authrpc.jwtsecret FILE [...]')
} catch (thrown) {
  process.stderr.write(`Error: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`)
  process.exit(1)
}

async function serve(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...clientOptions,
      // ev-reth's own name for what is kept of the past; the stand-in forgets the blocks with their states.
      'prune.account-history.distance': flag(''),
      'client.version': flag('ev-reth-stand-in/v1.0.0'),
    },
  })
  const secret = jwtSecretIn(readFileSync(values['authrpc.jwtsecret'], 'utf8'))
  if (secret === undefined) throw new Error(`no secret of 32 bytes in hex in ${values['authrpc.jwtsecret']}`)
  const genesis = genesisIn(values.chain)
  const config = isObject(genesis['config']) ? genesis['config'] : {}
  const client = {
    chain: new Chain(
      values.datadir,
      genesisBlock(genesis),
      Number(values['prune.account-history.distance'] || Number.POSITIVE_INFINITY),
    ),
    pool: new Pool(),
    chainId: Number(config['chainId'] ?? 1),
    version: values['client.version'],
  }
  const eth = ethMethods(client)
  const servers: Server[] = [
    rpcServer(eth),
    rpcServer({ ...eth, ...engineMethods(client) }, ({ headers }) =>
      tokenProblem(headers.authorization, secret.reveal()),
    ),
  ]
  const [http, engine] = servers
  if (http !== undefined)
    await listening(http, { host: values['http.addr'], port: Number(values['http.port']) })
  if (engine !== undefined)
    await listening(engine, { host: values['authrpc.addr'], port: Number(values['authrpc.port']) })
  process.stderr.write(
    `a stand-in for an execution client, made for the lab of evha: head ${Number(client.chain.head.number)}\n`,
  )
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(0))
}

function genesisIn(file: string | undefined): Record<string, unknown> {
  const read: unknown = JSON.parse(readFileSync(file ?? '', 'utf8'))
  if (!isObject(read)) throw new Error(`no genesis in ${file}`)
  return read
}
