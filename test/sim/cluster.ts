import { heightOf, type Signed } from './chain.ts'
import type { SimNode } from './node.ts'

/** The members that run, and who leads them. */
export class Cluster {
  readonly members = new Set<SimNode>()
  leader: SimNode | null = null
  /** When the member of a host went last. */
  readonly leftMs = new Map<string, number>()
  #electing: (() => void) | null = null

  joined(node: SimNode): void {
    this.members.add(node)
    node.host.sim.judge.joined(node)
    if (this.leader !== null && this.#sees(this.leader, node)) this.#follow(node)
    this.changed(node)
  }

  left(node: SimNode): void {
    if (!this.members.delete(node)) return
    this.leftMs.set(node.host.name, node.host.sim.timeline.now)
    if (this.leader === node) this.leader = null
    this.changed(node)
  }

  /** Somebody came, went, or a link changed. */
  changed({ host: { sim } }: Pick<SimNode, 'host'>): void {
    const { leader } = this
    if (leader !== null) {
      if (!this.hasQuorum(leader))
        sim.timeline.inside(175, () => {
          if (this.leader === leader && !this.hasQuorum(leader)) leader.loseLock()
        })
      for (const node of this.members) if (node !== leader && this.#sees(leader, node)) this.#follow(node)
      return
    }
    if (this.#electing !== null || !this.#electable().length) return
    this.#electing = sim.timeline.inside(sim.random.between(300, 1_000), () => {
      this.#electing = null
      this.#elect()
    })
  }

  hasQuorum(node: SimNode): boolean {
    const voters = node.raft?.voters.length ?? 0
    return this.#reached(node).length >= Math.floor(voters / 2) + 1
  }

  replicate(leader: SimNode, block: Signed): void {
    leader.committed(leader, block)
    for (const node of this.#reached(leader)) if (node !== leader) node.committed(leader, block)
  }

  #sees(one: SimNode, other: SimNode): boolean {
    return one.host === other.host || one.host.reaches(other.host)
  }

  #reached(node: SimNode): SimNode[] {
    return [...this.members].filter((other) => !other.gone && this.#sees(node, other))
  }

  /** Votes compare Raft logs alone; the block store plays no role (evnode.md B 2.1). */
  #electable(): SimNode[] {
    return [...this.members].filter((node) => {
      if (node.stopping) return false
      const voters = node.raft?.voters.length ?? 0
      const votes = this.#reached(node).filter(
        (other) => (other.raft?.height ?? 0) <= (node.raft?.height ?? 0),
      )
      return votes.length >= Math.floor(voters / 2) + 1
    })
  }

  #elect(): void {
    const candidates = this.#electable()
    if (candidates.length === 0 || this.leader !== null) return
    const [first] = candidates as [SimNode]
    const { sim } = first.host
    const elected = sim.random.pick(candidates)
    const committed = elected.raft?.height ?? 0
    const own = heightOf(elected.store)
    // Evnode.md B 0.5: on a chain with history the first change of leaders kills who already follows.
    if (committed === 0 && elected.following && own > 0) {
      elected.fail('unmarshal header: signed header is nil')
      return
    }
    if (committed > 0 && own > committed) {
      elected.fail(`invalid state: local height (${own}) ahead of raft (${committed})`)
      return
    }
    if (committed > 0 && own < committed) {
      elected.applyUpTo(sim.chain.store(elected.raft?.store ?? 0))
      this.changed(elected)
      return
    }
    this.leader = elected
    elected.lead()
    for (const node of this.members) if (node !== elected && this.#sees(elected, node)) this.#follow(node)
  }

  #follow(node: SimNode): void {
    node.follow()
    const store = this.leader?.store ?? null
    const committed = this.leader?.raft?.height ?? 0
    // Who comes late is fed by the leader's log and by P2P.
    if (committed > 0 && node.raft !== null && this.leader !== null && this.leader !== node) {
      node.raft.height = Math.max(node.raft.height, committed)
      node.raft.store = store?.id ?? 0
      node.applyUpTo(store)
    }
  }
}
