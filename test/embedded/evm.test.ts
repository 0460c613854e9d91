import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { steps } from '../../src/steps/registry.ts'
import type { StepContext } from '../../src/steps/step.ts'
import { type TrafficOptions, whileFlowing } from '../go-ethereum/traffic.ts'
import { confirm, driveWith, type Lab, migrate, withLab } from './lab.ts'

const unit = 'evha-warm-up-ev-node.service'
const isUp = async (lab: Lab, name: string) => (await lab.on(name, `systemctl is-active ${unit}`)).code === 0
const peersOf = (lab: Lab) => lab.hosts.slice(1).map(({ name }) => name)

/** To every client, as none hands a transaction to another. */
const trafficOn = (lab: Lab): TrafficOptions => ({
  urls: lab.hosts.flatMap(({ execution }) => execution?.ethUrl ?? []),
  chainId: lab.evm?.chainId ?? 0,
  everyMs: 700,
})

async function nothingIsLeft(lab: Lab): Promise<void> {
  for (const name of peersOf(lab)) {
    expect(await isUp(lab, name), name).toBe(false)
    for (const path of [`etc/systemd/system/${unit}`, 'var/lib/ev-node/warm-up', 'var/lib/evha/warm-up'])
      expect(existsSync(`${lab.root}/${name}/${path}`), `${name}: ${path}`).toBe(false)
  }
}

test('a chain whose nodes drive execution clients goes to three nodes, every client warm before the window, transfers flowing all the while', () =>
  withLab(
    3,
    async (lab) => {
      const { did, transfers } = await whileFlowing(trafficOn(lab), () =>
        migrate(lab, 'cutover', 'commit', 'finish'),
      )
      const { code, report, stderr } = did
      expect(code, stderr).toBe(0)
      expect(await transfers).toMatchObject({ missing: [], twice: [] })
      expect(report).toMatchObject({ outcome: 'migrated', nodesVoting: 3, hashContinuity: true, forks: [] })
      expect(report.firstClusterHeight).toBe((report.lastOldHeight ?? 0) + 1)
      const { clients = [], firstClusterHeight: first } = report
      expect(clients.map(({ node, why }) => [node, why]).sort()).toEqual(
        lab.hosts.map(({ name }) => [name, null]),
      )
      expect(new Set(clients.map(({ hash }) => hash)).size).toBe(1)
      for (const { height } of clients) expect(height).toBeGreaterThan(first ?? Number.NaN)
      expect(lab.signedTwice()).toEqual([])
      await nothingIsLeft(lab)
    },
    '--evm',
  ))

/** The window's step, on a chain it takes for one without clients: it ends no full node. */
const endsNoFullNode = ({ facts, ...others }: StepContext): StepContext => {
  const { execution: _, ...check } = facts.check ?? {}
  return { ...others, facts: { ...facts, check } } as StepContext
}

test.runIf(process.env['EVHA_TEST_TIER'] === 'nightly')(
  'a member is not started while a full node drives its client: the run goes back, and abort takes the full nodes away',
  () =>
    withLab(
      3,
      async (lab) => {
        const told: string[] = []
        const apply = (context: StepContext) => steps.finalSync.apply(endsNoFullNode(context))
        const end = await driveWith(lab, { finalSync: { apply } }, (text) => told.push(text))
        expect(end.exitCode, told.join('; ')).toBe(5)
        expect(told.join('\n')).toMatch(
          /node-[23]: evha-warm-up-ev-node\.service still drives its execution client/,
        )
        expect(await isUp(lab, 'node-2')).toBe(true)
        const gone = await lab.evha('abort', ...confirm(lab))
        expect(gone.code, gone.stderr).toBe(5)
        expect(lab.signedTwice()).toEqual([])
        await nothingIsLeft(lab)
      },
      '--evm',
    ),
)
