import type { Command } from '../../src/base/command.ts'
import type { StateView } from '../../src/machine/decider.ts'
import { retrying } from '../../src/remote/retry.ts'
import type { Clock } from '../../src/run/clock.ts'
import type { World } from '../../src/run/world.ts'
import { blockAt, heightOf } from './chain.ts'
import { type Disk, type DiskFault, Gone, mount, type Watcher } from './disk.ts'
import type { SimHost } from './host.ts'
import type { SimNode } from './node.ts'
import { Door } from './remote.ts'
import type { Sim } from './sim.ts'

/** The machine an operator sits at. */
export interface Workstation {
  readonly name: string
  readonly disk: Disk
  readonly cutFrom: Set<SimHost>
  clockOffsetMs: number
  diskFull: boolean
}

/** Where a fault may strike: a line goes into the journal, a command leaves, an answer arrives. */
export type PointKind = 'append' | 'send' | 'answer'

export interface Point {
  readonly kind: PointKind
  /** The state the run is in. */
  readonly state: string
  /** Counts the points of one process, from 1. */
  readonly number: number
  readonly host: SimHost | null
  readonly says: string
}

/** What a fault does to the command or the line it strikes; null: it goes its way. */
export type Struck =
  | 'lostAnswer'
  | 'late'
  | 'hung'
  | 'killedAfter'
  | 'reboot'
  | 'torn'
  | 'full'
  | 'killed'
  | null

/** It counts as a change because the database may rewrite its own files on opening; asked twice, it answers twice. */
const asksOnly = ({ says }: Command): boolean => says.startsWith('ask the stopped store')

/** One process of evha on a workstation, as long as it lives. */
export class Evha implements Watcher {
  readonly sim: Sim
  readonly workstation: Workstation
  readonly stateDir: string
  readonly #free: () => void
  readonly #strike: (point: Point, evha: Evha) => Struck
  dead = false
  state = 'begin'
  points = 0
  readonly #unseen = new Map<string, SimHost>()
  readonly #listening = new Set<() => void>()
  /** What it does after some time, or again and again, unless it is called off. */
  readonly #timers = new Set<{ readonly says: string }>()
  #whenDead: () => void = () => undefined
  readonly died: Promise<'killed'>

  constructor(sim: Sim, workstation: Workstation, strike: (point: Point, evha: Evha) => Struck) {
    this.sim = sim
    this.workstation = workstation
    this.#strike = strike
    const { path, free } = mount(workstation.disk, this)
    this.stateDir = path
    this.#free = free
    this.died = new Promise((resolve) => {
      this.#whenDead = () => resolve('killed')
    })
  }

  /**
   * SIGKILL: no handler runs, nothing is flushed; what was sent is on its way. Where lines of a journal are not on the disk
   * yet, every second time it is the power that goes: true when they are lost.
   */
  kill(): boolean {
    if (this.dead) return false
    this.dead = true
    const lost = this.points % 2 === 0 && this.workstation.disk.losesPower('/journal.jsonl')
    if (lost) this.sim.tell(`${this.workstation.name} loses its power, and lines of the journal`)
    this.sim.tell(`evha on ${this.workstation.name} is killed in ${this.state}`)
    const { disk } = this.workstation
    for (const [path, holder] of disk.holders) {
      const text = holder === this && path.endsWith('.lock') ? disk.text(path) : null
      // What /proc says from now on of the process that holds the lock.
      if (text !== null) disk.write(path, text.replace(/"startTime":"[^"]*"/, '"startTime":"gone"'))
    }
    this.#whenDead()
    return lost
  }

  /** The command is through: nothing of it may go on for a run that is put down. */
  end(): void {
    if (!this.dead && this.#timers.size > 0)
      this.sim.judge.say(
        `evha is through, and a timer of it still runs: ${[...this.#timers].map(({ says }) => says)}`,
      )
    this.dead = true
    this.#free()
  }

  /** Calls `stop` when the signal aborts, until what is returned is called. */
  listens(signal: AbortSignal | undefined, stop: () => void): () => void {
    if (signal === undefined) return () => undefined
    const off = (): void => {
      signal.removeEventListener('abort', stop)
      this.#listening.delete(off)
    }
    signal.addEventListener('abort', stop, { once: true })
    this.#listening.add(off)
    return off
  }

  /** The simulation is over. Node keeps a signal that somebody listens to, and with it all that this process knew. */
  forget(): void {
    for (const off of this.#listening) off()
  }

  point(kind: PointKind, host: SimHost | null, says: string): Struck {
    if (this.dead) return null
    this.points++
    const struck = this.#strike({ kind, state: this.state, number: this.points, host, says }, this)
    if (kind !== 'append' && (struck === 'killed' || struck === 'killedAfter' || struck === 'torn')) {
      this.kill()
      return struck === 'killedAfter' ? 'killedAfter' : null
    }
    return struck
  }

  /** A command whose end was not seen. */
  unseen(host: SimHost, command: Command): void {
    if (command.mutates && command.often !== true && !asksOnly(command))
      this.#unseen.set(`${host.name} ${command.argv.join(' ')}`, host)
  }

  /** A command is about to leave: one that only reads settles what was not seen there. */
  looks(host: SimHost, command: Command): void {
    if (!command.mutates) {
      for (const [key, one] of this.#unseen) if (one === host) this.#unseen.delete(key)
      return
    }
    if (!this.dead && this.#unseen.size > 0 && this.#unseen.has(`${host.name} ${command.argv.join(' ')}`))
      this.sim.judge.say(
        `"${command.says}" is sent to ${host.name} once more although nobody looked whether it happened`,
      )
  }

  /** For a host that is to go down between two commands of a script. */
  steps(host: SimHost, fault: Struck | null): (() => void) | undefined {
    if (fault !== 'reboot') return undefined
    let left = this.sim.random.between(0, 4)
    return () => {
      if (left-- === 0) this.sim.reboot(host)
    }
  }

  writes(path: string, bytes: number): DiskFault | null {
    if (!path.endsWith('/journal.jsonl'))
      return this.workstation.diskFull && !path.includes('/locks/') ? { kind: 'full', keeps: 0 } : null
    this.#unseen.clear()
    const struck = this.point('append', null, 'a line of the journal')
    if (struck === 'full' || this.workstation.diskFull) {
      this.workstation.diskFull = true
      return { kind: 'full', keeps: this.sim.random.between(0, bytes - 1) }
    }
    if (struck !== 'killed' && struck !== 'torn' && struck !== 'killedAfter') return null
    if (this.kill()) return { kind: 'killed', keeps: 0 }
    const keeps = struck === 'torn' ? this.sim.random.between(1, bytes - 1) : struck === 'killed' ? 0 : bytes
    return { kind: 'killed', keeps }
  }

  synced(): void {}

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.sim.timeline.in(ms, () => this.dead || resolve()))
  }

  entered(view: StateView): void {
    this.state = view.path
    this.sim.lastState = view.path
    if (view.path === 'rollback.stop') this.sim.judge.rollsBack()
    this.sim.tell(`evha: ${view.path}: ${view.says}`)
  }

  #timer(says: string): { over(): void } {
    const timer = { says }
    this.#timers.add(timer)
    return { over: () => void this.#timers.delete(timer) }
  }

  get clock(): Clock {
    const { timeline } = this.sim
    const inLife = (run: () => void) => (): void => {
      if (this.dead) return
      try {
        run()
      } catch (thrown) {
        if (!(thrown instanceof Gone)) throw thrown
      }
    }
    return {
      now: () => timeline.now + this.workstation.clockOffsetMs,
      after: (ms, run) => {
        const timer = this.#timer(`after ${ms} ms`)
        const off = timeline.in(
          ms,
          inLife(() => {
            timer.over()
            run()
          }),
        )
        return () => {
          timer.over()
          off()
        }
      },
      every: (ms, run) => {
        const timer = this.#timer(`every ${ms} ms`)
        let off = (): void => undefined
        const next = (): void => {
          off = timeline.in(
            ms,
            inLife(() => {
              run()
              next()
            }),
          )
        }
        next()
        return () => {
          timer.over()
          off()
        }
      },
      sleep: (ms, signal) =>
        new Promise((resolve, reject) => {
          if (signal?.aborted === true) return reject(signal.reason)
          const deaf = this.listens(signal, () => {
            off()
            if (!this.dead) reject(signal?.reason)
          })
          const off = timeline.in(
            ms,
            inLife(() => {
              deaf()
              resolve()
            }),
          )
        }),
    }
  }

  get world(): World {
    const { sim } = this
    const doors = new Map(sim.hosts.map((host) => [host.name, new Door(this, host)]))
    const door = (name: string): Door => doors.get(name) as Door
    const hostNamed = (name: string): SimHost => sim.hosts.find((host) => host.name === name) as SimHost
    const wait = (ms: number): Promise<void> => this.wait(ms)
    return {
      clock: this.clock,
      random: () => sim.random.next(),
      openHosts: async (runbook) =>
        runbook.nodes.map((spec) => ({
          spec,
          remote: retrying(door(spec.name), { attemptsMax: 3, pauseMs: 250, wait }),
        })),
      rpc: ({ spec }, { timeoutMs }) => {
        const asked = async <T>(value: (node: SimNode) => T) => {
          const answer = await door(spec.name).ask(timeoutMs, () => {
            const node = sim.nodeOn(hostNamed(spec.name))
            return node?.answers === true
              ? { kind: 'ok' as const, value: value(node) }
              : { kind: 'closed' as const, why: 'nobody listens' }
          })
          return answer === 'timeout' ? { kind: 'timeout' as const, afterMs: timeoutMs } : answer
        }
        const unmodelled = (): never => {
          throw new Error('nobody has modelled this question to the node')
        }
        return {
          state: () =>
            asked(({ store }) => ({
              chainId: sim.chain.chainId,
              initialHeight: 1,
              lastBlockHeight: heightOf(store),
              lastBlockTimeMs: store?.top.atMs ?? Number.NaN,
              daHeight: sim.chain.da.length - 1,
              appHash: '',
              nextProposerAddress: sim.chain.proposer,
            })),
          block: async (height) => {
            const answer = await asked(({ store }) => blockAt(store, height))
            if (answer.kind !== 'ok') return answer
            return answer.value === null
              ? { kind: 'missing' }
              : { kind: 'ok', value: sim.chain.block(answer.value) }
          },
          raftNode: async () => {
            const answer = await asked((node) =>
              node.isSingle ? null : { isLeader: node.writes, nodeId: spec.name },
            )
            if (answer.kind !== 'ok') return answer
            return answer.value === null ? { kind: 'noRaft' } : { kind: 'ok', value: answer.value }
          },
          namespace: () => asked(() => ({ header: sim.chain.namespace, data: sim.chain.namespace })),
          live: () => asked(() => true),
          storeInfo: unmodelled,
          ready: unmodelled,
          counter: unmodelled,
          netInfo: unmodelled,
          signerAddress: unmodelled,
        }
      },
      da: ({ spec }, { timeoutMs }) => {
        const asked = async <T>(value: () => T) => {
          const answer = await door(spec.name).ask(timeoutMs, value)
          return answer === 'timeout'
            ? { kind: 'timeout' as const, afterMs: timeoutMs }
            : { kind: 'ok' as const, value: answer }
        }
        return {
          localHead: () => asked(() => sim.chain.da.length - 1),
          headerBlobs: (height) => asked(() => sim.chain.blobsAt(height)),
        }
      },
    }
  }
}
