import { existsSync, readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { labControl } from '../../src/lab/control.ts'
import { labFiles } from '../../src/lab/layout.ts'
import { processesMarked } from '../../src/lab/marked-processes.ts'
import { signedHeaders } from '../../src/lab/witness.ts'
import { nextBlockOf } from './chain.ts'
import { allFilesOf, type Lab, labForAll, withLab } from './lab.ts'

describe('a lab that runs', () => {
  let lab: Lab
  let down: () => Promise<void>

  beforeAll(async () => {
    ;[lab, down] = await labForAll(3)
  })
  afterAll(() => down())

  test('below root stand only hosts, and what changes while the chain runs is data, Raft or a log', async () => {
    expect(readdirSync(lab.root).sort()).toEqual(['node-1', 'node-2', 'node-3'])
    const before = allFilesOf(lab)
    const heights = signedHeaders(lab.root).length
    await expect.poll(() => signedHeaders(lab.root).length, { timeout: 30_000 }).toBeGreaterThan(heights)
    const after = allFilesOf(lab)
    const changed = [...after].filter(([path, text]) => before.get(path) !== text).map(([path]) => path)
    expect(changed.length).toBeGreaterThan(0)
    expect(changed.filter((path) => !/\/(data|raft)\//.test(path) && !path.endsWith('.log'))).toEqual([])
  })

  test('another one runs beside it, and goes down alone', async () => {
    await withLab(3, async (other) => {
      expect(other.root).not.toBe(lab.root)
      expect(other.hosts[0]?.ssh.port).not.toBe(lab.hosts[0]?.ssh.port)
      expect((await other.evha('check', other.runbook)).code).toBe(0)
    })
    expect((await lab.evha('check', lab.runbook)).code).toBe(0)
  })

  test('a reboot starts what is enabled, and empties what does not survive one', async () => {
    await lab.on('node-1', 'mkdir -p run/evha && : > run/evha/volatile')
    const id = (await lab.on('node-1', 'systemd-id128 boot-id')).stdout
    await labControl(lab.stateDir, 'reboot', 'node-1')
    expect((await lab.on('node-1', 'systemctl is-active ev-node.service')).stdout).toBe('active\n')
    expect((await lab.on('node-1', 'systemd-id128 boot-id')).stdout).not.toBe(id)
    expect((await lab.on('node-1', 'ls run')).stdout).toBe('')
    expect(lab.signedTwice()).toEqual([])
  })
})

test('up again tells of the same lab; down leaves no process and no directory', async () => {
  let stateDir = ''
  await withLab(3, async (lab) => {
    ;({ stateDir } = lab)
    const again = await lab.evha('lab', 'up', '--fast', '--nodes', '3', '--json')
    expect(JSON.parse(again.stdout)).toMatchObject({ pid: lab.pid, root: lab.root })
    expect(processesMarked(labFiles(stateDir).socket).length).toBeGreaterThan(1)
    expect((await lab.evha('lab', 'down')).code).toBe(0)
    expect(processesMarked(labFiles(stateDir).socket)).toEqual([])
    expect(existsSync(labFiles(stateDir).dir)).toBe(false)
  })
})

test('a lab whose process was killed is cleaned up by down, its nodes with it', async () => {
  await withLab(3, async (lab) => {
    process.kill(lab.pid, 'SIGKILL')
    expect((await lab.evha('lab', 'down')).code).toBe(0)
    expect(processesMarked(labFiles(lab.stateDir).socket)).toEqual([])
  })
})

test.skipIf(process.env['EVHA_TEST_TIER'] !== 'nightly')(
  'a lab whose nodes drive execution clients makes blocks',
  () =>
    withLab(
      3,
      async (lab) => {
        expect(await nextBlockOf(lab, 'node-1', 30_000)).not.toBeNull()
        expect(lab.signedTwice()).toEqual([])
      },
      '--evm',
    ),
)
