// What seeding moves a second, from host to host and relayed: `script/bench seeding [MIB] [ROUNDS]`. Same hosts, same chain,
// one after the other in turn; each round to empty peers.
import { readFileSync, writeFileSync } from 'node:fs'
import { type Hosts, run, script } from '../hosts/hosts.ts'
import { did, freshChain, withArena } from './arena.ts'

const home = '/var/lib/ev-node'
const kinds = ['direct', 'relay'] as const

/** What the workstation has sent and received so far, bytes: evha works behind the hosts' bridge. */
async function throughWorkstation(): Promise<number> {
  const { stdout } = await run(script, ['within', 'cat', '/proc/net/dev']).ended
  const [received = 0, , , , , , , , sent = 0] = (/br0:\s*(.*)/.exec(stdout)?.[1] ?? '')
    .split(/\s+/)
    .map(Number)
  return received + sent
}

interface Seen {
  readonly through: number
  readonly bytes: number
  readonly seconds: number
}

/** Up to the gate, and back again. */
async function once(hosts: Hosts, via: (typeof kinds)[number]): Promise<Seen> {
  const written = readFileSync(hosts.runbook, 'utf8').replace(/^copy:.*\n/m, '')
  writeFileSync(hosts.runbook, `${written}copy: { via: ${via}, binary: false }\n`)
  const before = await throughWorkstation()
  const { stderr } = await hosts.evha('migrate', hosts.runbook, '--json')
  const [, bytes, seconds] = /pass 1: \d+ files, (\d+) bytes in ([\d.]+) s/.exec(stderr) ?? []
  if (bytes === undefined) throw new Error(`no pass was seen:\n${stderr}`)
  const went = stderr.includes('sends straight to') ? 'direct' : 'relay'
  if (went !== via) throw new Error(`it was to go by ${via} and went by ${went}:\n${stderr}`)
  const through = (await throughWorkstation()) - before
  const back = await hosts.evha('abort', '--json')
  if (back.code !== 5) throw new Error(`abort: ${back.stderr}`)
  return { through, bytes: Number(bytes), seconds: Number(seconds) }
}

const [mib = '256', rounds = '2'] = process.argv.slice(2)
await withArena(async (hosts) => {
  await freshChain(hosts, 20)
  // Not to be compressed, and as dead as an old table.
  await did(hosts, 'node-1', `head -c ${Number(mib) * 1_048_576} /dev/urandom > ${home}/data/ballast`)
  process.stdout.write(
    `| way | MiB to each of ${hosts.names.length - 1} peers | s, all of the pass | MB/s to all | MB in and out of the workstation |\n|---|---|---|---|---|\n`,
  )
  for (let round = 0; round < Number(rounds); round++)
    for (const via of kinds) {
      const { bytes, seconds, through } = await once(hosts, via)
      process.stdout.write(
        `| ${via} | ${mib} | ${seconds.toFixed(1)} | ${(bytes / 1e6 / seconds).toFixed(0)} | ${(through / 1e6).toFixed(0)} |\n`,
      )
    }
})
