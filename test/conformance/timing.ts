import { setTimeout as sleep } from 'node:timers/promises'
import { at, onGround } from './ground.ts'
import type { Subject } from './subject.ts'

/** How long a node took for what the window of a migration is made of, ms. */
export interface NodeTiming {
  /** SIGTERM to the single sequencer until its process is gone. */
  readonly stopMs: number
  /** Start of the third member, two of them up and waiting, until the cluster's first block. */
  readonly firstBlockMs: number
}

const blockTime = ['--evnode.node.block_time', '1s']

/** One round: a chain, its sequencer stopped at blocks of 1 s, two of five on equal stores, up and waiting, then the third. */
export function timingOf(subject: Subject): Promise<NodeTiming> {
  return onGround(subject, async (ground) => {
    await ground.withDa()
    const { places, last } = await ground.chain(5)
    const single = ground.single(at(places, 0), ...blockTime)
    await single.until('produced', ({ height }) => height > last + 1)
    const stoppedAt = performance.now()
    if ((await single.stop()) !== 0) throw new Error(single.last)
    const stopMs = performance.now() - stoppedAt
    const head = single.produced.at(-1) ?? last

    for (const place of places.slice(1)) ground.takeData(at(places, 0), place)
    await ground.bootstrap(places)
    const pair = places.slice(0, 2).map((place) => ground.member(place, places, ...blockTime))
    for (const node of pair) await node.until('raftStarted')
    // They find each other, and elect nobody.
    await sleep(2_000)
    if (pair.some((node) => node.events.some(({ kind }) => kind === 'electionWon')))
      throw new Error('two of five elected a leader')
    const startedAt = performance.now()
    const nodes = [...pair, ground.member(at(places, 2), places, ...blockTime)]
    await Promise.any(nodes.map((node) => node.until('produced', ({ height }) => height === head + 1)))
    return { stopMs, firstBlockMs: performance.now() - startedAt }
  })
}
