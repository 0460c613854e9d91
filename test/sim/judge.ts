import type { Gate } from '../../src/base/names.ts'
import { signerPath } from '../../src/steps/host/unit-files.ts'
import { weighs } from './approvals.ts'
import type { Signed } from './chain.ts'
import type { Evha } from './evha.ts'
import { followed } from './followed.ts'
import type { SimHost } from './host.ts'
import type { SimNode } from './node.ts'
import type { Sim } from './sim.ts'

/** What a commit rests on may be so old (design: commit.decide), and some more for the round itself. */
const roundMs = 2_500

/** Watches what must never happen, at the moment it does. */
export class Judge {
  readonly #sim: Sim
  /** Sentences; empty as long as all is well. */
  readonly broken: string[] = []
  #decision = 'absent'
  #openedMs = 0

  constructor(sim: Sim) {
    this.#sim = sim
  }

  say(sentence: string): void {
    if (this.broken.includes(sentence)) return
    this.broken.push(sentence)
    this.#sim.tell(`BROKEN: ${sentence}`)
  }

  /** A block was signed. */
  signed(node: SimNode, block: Signed): void {
    const { chain } = this.#sim
    if ((chain.signed.get(block.height)?.length ?? 0) > 1) this.say(`height ${block.height} is signed twice`)
    for (const other of this.#sim.nodes())
      if (other !== node && other.writes) this.say(`two write at once: ${node.name} and ${other.name}`)
  }

  /** A member joined the others: before the decision fewer than a quorum may run. */
  joined(node: SimNode): void {
    const { cluster, runbook } = this.#sim
    if (this.#decision.startsWith('committed')) return
    if (cluster.members.size >= runbook.quorum)
      this.say(
        `${cluster.members.size} Raft processes run before the decision, ${node.name} is the last of them`,
      )
  }

  /** A unit is asked to stop: the sequencer must be fenced by then. */
  stops(host: SimHost, unit: string): void {
    if (host !== this.#sim.source || unit !== host.spec.unit || !this.#decision.startsWith('open')) return
    if (this.#permit('single')) this.say('the sequencer is stopped while its unit could still be started')
  }

  fileChanged(host: SimHost, path: string, content: string | null): void {
    if (host !== this.#sim.source) return
    if (path === `${host.spec.paths.evha}/decision`) this.#decided((content ?? '').trim())
    if (path.endsWith('/permits/single') && this.#decision !== 'absent') this.#unfenced()
  }

  /** The operator is asked: upon what this very process has weighed. */
  asked(gate: Gate, evha: Evha): void {
    if (evha.dead) return
    const records = followed(this.#sim, evha.workstation.disk)?.records ?? []
    const since = records.slice(records.findLastIndex((record) => record.type === 'resumed') + 1)
    if (!since.some((record) => record.type === 'outcome' && record.ok && record.step === weighs[gate]))
      this.say(`the operator is asked at the gate ${gate} upon evidence that an earlier process weighed`)
  }

  #decided(now: string): void {
    const before = this.#decision
    if (now === before) return
    this.#decision = now
    const [was = '', ...wasKey] = before.split(' ')
    const [is = '', ...isKey] = now.split(' ')
    // Run and attempt; the epoch rises when another workstation takes the run up.
    const same = wasKey.slice(0, 2).join(' ') === isKey.slice(0, 2).join(' ')
    const rises = Number(isKey[2]) >= Number(wasKey[2])
    const legal =
      (is === was && same && rises) ||
      (is === 'open' && (was === 'absent' || (was === 'returned' && !same))) ||
      (is === 'committed' && was === 'open' && same) ||
      (is === 'returned' && (was === 'open' || was === 'held') && same) ||
      (is === 'returned' && was === 'committed' && same && this.#rollsBack)
    if (!legal) this.say(`the decision goes from "${before}" to "${now}"`)
    if (is === 'open') this.#openedMs = this.#sim.timeline.now
    if (is === 'committed') this.#committed()
  }

  #rollsBack = false

  /** A rollback was approved: from then on the decision may be taken back. */
  rollsBack(): void {
    this.#rollsBack = true
  }

  /** The point of no return: what it rests on must be so, or have been so a moment ago. */
  #committed(): void {
    const { source, cluster, timeline, runbook } = this.#sim
    if (!source.wasLocked(`${source.spec.home}/data/${source.spec.db}`, roundMs))
      this.say('it is decided while nobody holds the store of the sequencer')
    if (timeline.now - source.bootedMs > roundMs && source.bootedMs > this.#openedMs)
      this.say('it is decided although the sequencer rebooted in the window')
    if (this.#permit('single')) this.say('it is decided while the unit of the sequencer could be started')
    if (source.files.exists(signerPath(source.spec)))
      this.say('it is decided while whatever is started past the unit of the sequencer finds its key')
    const warm = new Set([...cluster.members].map((node) => node.host.name))
    for (const [name, leftMs] of cluster.leftMs) if (timeline.now - leftMs <= roundMs) warm.add(name)
    if (warm.size < runbook.quorum - 1)
      this.say(`it is decided while ${warm.size} nodes are warm, not ${runbook.quorum - 1}`)
  }

  /** The single sequencer may be started again: no member may run that evha can reach. */
  #unfenced(): void {
    const { cluster, unreached, strays } = this.#sim
    const running = [...cluster.members].filter((node) => !unreached.has(node.host) && !strays.has(node))
    // The dead-men act without knowing of each other; fewer than a quorum produce nothing.
    const byHand = ['abort.unfence', 'rollback.start'].includes(this.#sim.lastState)
    if (running.length >= (byHand ? 1 : this.#sim.runbook.quorum))
      this.say(`the sequencer gets its permit back while ${running.map((node) => node.name).join(', ')} runs`)
  }

  #permit(mode: string): boolean {
    const { files, spec } = this.#sim.source
    return (
      files.exists(`${spec.paths.evha}/permits/${mode}`) || files.exists(`${spec.paths.run}/permits/${mode}`)
    )
  }
}
