import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { realClient } from '../go-ethereum/as-ev-reth.ts'
import { confirm, type Lab, pause, withLab } from './lab.ts'

const clientUnit = 'ev-reth.service'
/** Below a client's directory. */
const [identity, database] = realClient ? ['geth/nodekey', 'geth/chaindata'] : ['discovery-secret', 'db']
const identityOf = (lab: Lab, name: string) =>
  readFileSync(join(lab.root, name, 'var/lib/ev-reth', identity), 'utf8')
const processOf = async (lab: Lab, name: string) =>
  (await lab.on(name, `systemctl show ${clientUnit} --property=InvocationID,MainPID`)).stdout

/** More than a member may have to replay: a client without them is worth a copy. */
const worthCopying = 25

async function headOf({ hosts: [first] }: Lab): Promise<number> {
  const response = await fetch(first?.execution?.ethUrl ?? '', {
    method: 'POST',
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_blockNumber', params: [] }),
  })
  return Number(((await response.json()) as { result: string }).result)
}

/** As an operator makes a copy at rest where the disk knows no snapshots: both are stopped for it. Returns where it lies. */
async function copyAtRest(lab: Lab): Promise<string> {
  const [source] = lab.hosts
  const { name = '', execution } = source ?? {}
  while ((await headOf(lab)) < worthCopying) await pause(200)
  const to = join(lab.root, name, 'srv', 'client-at-rest')
  const made = await lab.on(
    name,
    `set -e
systemctl stop ev-node.service
systemctl stop ${clientUnit}
mkdir -p srv
cp -a ${execution?.dataDir} ${to}
systemctl start ${clientUnit}
systemctl start ev-node.service`,
  )
  expect(made.code, made.stderr).toBe(0)
  return to
}

function wantCopy(lab: Lab, copyFrom: string): void {
  let text = readFileSync(lab.runbook, 'utf8')
  for (const { execution } of lab.hosts) {
    const line = `jwtSecretFile: ${JSON.stringify(execution?.jwtSecretFile)}\n`
    text = text.replace(line, `${line}      dataDir: ${execution?.dataDir}\n`)
  }
  const all = `execution:\n  warmUp: copy\n  unit: ${clientUnit}\n  copyFrom: ${copyFrom}\n`
  writeFileSync(lab.runbook, `${text}${all}`)
}

/** A host on which a copy can not be put in place; returns what takes that away again. */
function withoutRenames(lab: Lab, name: string): () => void {
  const shim = join(lab.root, name, 'bin', 'mv')
  writeFileSync(
    shim,
    '#!/bin/sh\ncase "$*" in *.evha/tree/*) echo broken off >&2; exit 9 ;; esac\nexec /bin/mv "$@"\n',
    { mode: 0o755 },
  )
  return () => rmSync(shim)
}

test('clients get a copy of data at rest, broken off or not, under their own identity; the client of the sequencer is not touched', () =>
  withLab(
    3,
    async (lab) => {
      const names = lab.hosts.map(({ name }) => name)
      const from = await copyAtRest(lab)
      // A database that is written to is refused before anything is changed.
      wantCopy(lab, `${lab.root}/node-1/var/lib/ev-reth/${database}`)
      const refused = await lab.evha('check', lab.runbook)
      expect(refused.code).toBe(3)
      expect(refused.stdout).toMatch(/ev-reth\/\S+ is open in the process \d+ [\s\S]*torn/)
      const runbook = readFileSync(lab.runbook, 'utf8')
      writeFileSync(lab.runbook, runbook.replace(/copyFrom: .*/, `copyFrom: ${from}`))
      const identities = names.map((name) => identityOf(lab, name))
      const sourceClient = await processOf(lab, 'node-1')

      const planned = await lab.evha('plan', lab.runbook)
      expect(planned.code, planned.stderr).toBe(0)
      expect(planned.stdout).toContain(`copy the execution client's data from ${from} on node-1, which must`)
      expect(planned.stdout).toContain(`stop ${clientUnit}, put the copy in place`)

      const mended = withoutRenames(lab, 'node-2')
      const broken = await lab.evha('migrate', lab.runbook)
      expect(broken.stderr).toMatch(/node-2: putting the copy in place ended with exit 9: broken off/)
      // Half of two databases: it can not be started before somebody went on.
      expect((await lab.on('node-2', `systemctl start ${clientUnit}`)).code).not.toBe(0)
      mended()
      const waits = await lab.evha('resume')
      expect(waits.code, waits.stderr).toBe(4)
      const told = `${broken.stdout}${broken.stderr}${waits.stdout}${waits.stderr}`
      for (const name of names.slice(1)) {
        const seen = new RegExp(`${name}: its execution client stands on the copied data, at block (\\d+)`)
        expect(Number(seen.exec(told)?.[1]), `${name}: ${told}`).toBeGreaterThanOrEqual(worthCopying)
      }

      const gone = await lab.evha('abort', ...confirm(lab))
      expect(gone.code, gone.stderr).toBe(5)
      for (const name of names.slice(1)) {
        expect(existsSync(`${lab.root}/${name}/var/lib/ev-reth/.evha`), name).toBe(false)
        expect(existsSync(`${lab.root}/${name}/etc/systemd/system/${clientUnit}.d`), name).toBe(false)
        expect((await lab.on(name, `systemctl is-active ${clientUnit}`)).code, name).toBe(0)
      }
      expect(names.map((name) => identityOf(lab, name))).toEqual(identities)
      expect(new Set(identities).size).toBe(names.length)
      expect(await processOf(lab, 'node-1')).toBe(sourceClient)
    },
    '--evm',
  ))
