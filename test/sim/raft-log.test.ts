// A leader has its block in the Raft logs before it is in any store. A rollback that looked at stores, logs of the nodes and
// DA alone would let the single sequencer sign that height once more.
import { expect, test } from 'vitest'
import type { RaftDir } from './node.ts'
import type { Sim } from './sim.ts'
import { simulate } from './simulate.ts'

/** Once all nodes have stopped, one more block turns out to have been signed; only a Raft log may know of it. */
function oneMore(isInLog: boolean) {
  return (sim: Sim): void => {
    let added = false
    sim.meets = () => {
      if (added || sim.lastState !== 'rollback.rank') return
      added = true
      const logs = sim.hosts.map((host) => {
        const path = `${host.spec.raftDir}/raft-log.db`
        return { host, path, kept: JSON.parse(host.files.read(path) ?? '') as RaftDir }
      })
      const { host, path, kept } = logs.reduce((a, b) => (b.kept.height > a.kept.height ? b : a))
      const { height } = sim.chain.sign(sim.chain.store(kept.store), sim.timeline.now, host.name)
      if (isInLog) host.files.write(path, JSON.stringify({ ...kept, height }))
    }
  }
}

const scene = { seed: 1, nodes: 3, goal: 'roll back', faults: [], quiet: true } as const

test('a block that stands in a Raft log alone keeps a rollback from going on below it', async () => {
  const { story, broken } = await simulate({ ...scene, prepare: oneMore(true) })
  expect(story.join('\n')).toMatch(
    /block \d+ was signed, as the Raft log of node-\d says, but the highest store ends at/,
  )
  expect(broken.join('\n')).not.toContain('signed twice')
})

test('without that evidence the height is signed twice', async () => {
  const { broken } = await simulate({ ...scene, prepare: oneMore(false) })
  expect(broken.join('\n')).toContain('signed twice')
})

test('a rollback that can not read the Raft logs of a quorum asks for a human', async () => {
  const { story } = await simulate({
    ...scene,
    prepare: (sim) => {
      sim.meets = () => {
        if (sim.lastState !== 'rollback.rank') return
        for (const host of sim.hosts.slice(1)) host.files.write(`${host.spec.raftDir}/raft-log.db`, 'no log')
      }
    },
  })
  expect(story.join('\n')).toMatch(/the Raft logs of node-2, node-3 are not there or can not be read/)
})
