import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { type LabPlan, planLab } from '../../src/lab/plan.ts'

async function planned(): Promise<LabPlan> {
  const stateDir = mkdtempSync(join(tmpdir(), 'evha-plan-'))
  onTestFinished(() => rmSync(stateDir, { recursive: true, force: true }))
  const lab = { nodes: 3, fast: true, evm: false, rttMs: 0, chain: 'lab-chain' } as const
  return planLab({ ...lab, stateDir, built: '/nowhere', nodeBinary: undefined, clientBinary: undefined })
}

const portsOf = ({ hosts, daPort }: LabPlan) => {
  const [first] = hosts
  return [first?.ssh.port, Number(first?.rpc.split(':')[1]), first?.p2pPort, first?.raftPort, daPort]
}

test('what a lab does not listen on yet is taken by no other, as long as it is up', async () => {
  const one = await planned()
  const [door] = one.hosts
  const port = door?.ssh.port ?? 0
  const server = createServer().listen(port, door?.address)
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  // The other draws the same block first.
  const drawn = vi.spyOn(Math, 'random').mockReturnValueOnce(((port - 20_000) / 8 + 0.5) / 1_500)
  onTestFinished(() => drawn.mockRestore())
  const other = await planned()
  expect(drawn.mock.calls.length).toBeGreaterThan(1)
  expect(new Set([...portsOf(one), ...portsOf(other)]).size).toBe(10)
})
