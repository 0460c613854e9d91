import type { Evha, Point, PointKind, Struck } from './evha.ts'
import type { SimHost } from './host.ts'
import { SimNode } from './node.ts'
import type { Random } from './random.ts'
import type { Sim } from './sim.ts'

/** What can go wrong at a point of a run. */
export const faultKinds = [
  'kill before it',
  'kill in the middle of it',
  'kill after it',
  'lost answer',
  'hung SSH',
  'disk full on the workstation',
  'host reboots',
  'another host reboots',
  'link to the workstation cut',
  'link between hosts cut',
  'clock step',
  'slow host',
  'node exits',
  'a hand starts the unit',
  'a copy that is not kept',
  'a command lands late',
  'something starts the node past its unit',
  'a second operator',
  'all links of the workstation cut',
] as const
export type FaultKind = (typeof faultKinds)[number]

export interface Fault {
  readonly kind: FaultKind
  /** The state of the run it strikes in, and at which point of all in that state. */
  readonly state: string
  readonly nth: number
}

const onlyCommands: readonly FaultKind[] = [
  'lost answer',
  'hung SSH',
  'host reboots',
  'link to the workstation cut',
  'slow host',
  'a copy that is not kept',
  'a command lands late',
]
const onlyLines: readonly FaultKind[] = ['disk full on the workstation']

/** A point that was passed, by its number in its state. */
export interface LoggedPoint {
  readonly kind: PointKind
  readonly state: string
  readonly nth: number
}

/** True when this kind can strike at such a point. */
export function fits(kind: FaultKind, point: Pick<Point, 'kind'>): boolean {
  if (onlyCommands.includes(kind)) return point.kind === (kind === 'lost answer' ? 'answer' : 'send')
  if (onlyLines.includes(kind)) return point.kind === 'append'
  return true
}

/**
 * Left out of what a seed may choose: a command that lands long after evha has given it up. Until the guard of the lease
 * holds such a command off, it does harm: a late `systemctl stop` stops a chain that runs again. And the cut of all links
 * for so long that most else would wait for it: cut-off.test.ts strikes it in every state.
 */
export const withheld: readonly FaultKind[] = ['a command lands late', 'all links of the workstation cut']

/** Longer than every dead-man and a reboot take, and than the node needs to come up. */
export const cutOffMs = 60_000

/** Where a kind has most to say; half of its faults strike there. */
const atHome: { readonly [K in FaultKind]?: readonly string[] } = {
  'a copy that is not kept': ['window.sync'],
  'a command lands late': ['commit.decide', 'abort.decide', 'commit.start'],
  'link between hosts cut': ['verifyElection', 'soak', 'gate.finish', 'commit.rest'],
  'another host reboots': ['gate.commit', 'window.warm', 'commit.start'],
}

/** The faults a seed chooses. */
export function chosen(
  random: Random,
  states: readonly (readonly [state: string, points: number, weight: number])[],
  kinds: readonly FaultKind[] = faultKinds.filter((kind) => !withheld.includes(kind)),
): Fault[] {
  const inAll = states.reduce((sum, [, , weight]) => sum + weight, 0)
  return Array.from({ length: random.pick([0, 1, 1, 1, 2, 2, 3, 4]) }, () => {
    const kind = random.pick(kinds)
    const home = random.chance(0.5) ? atHome[kind] : undefined
    const at = home === undefined ? null : random.pick(home)
    let left = random.next() * inAll
    const found = states.find(([state, , weight]) => {
      left -= weight
      return at === null ? left < 0 : state === at
    })
    const [state = 'window.stop', points = 1] = found ?? []
    return { kind, state, nth: random.between(1, points) }
  })
}

/** The faults of one run, each struck once. */
export class Faults {
  readonly #sim: Sim
  readonly #random: Random
  #pending: Fault[]
  readonly #passed = new Map<string, number>()
  /** What was struck, for the story's head. */
  readonly struck: Fault[] = []
  /** Every point that was passed, where somebody wants to know. */
  log: LoggedPoint[] | null = null
  /** Another person types something now. */
  second: () => void = () => undefined

  constructor(sim: Sim, random: Random, faults: readonly Fault[]) {
    this.#sim = sim
    this.#random = random
    this.#pending = [...faults]
  }

  /** No more of them. */
  calm(): void {
    this.#pending = []
  }

  /** Points passed in each state. */
  get passed(): ReadonlyMap<string, number> {
    return this.#passed
  }

  strike(point: Point, evha: Evha): Struck {
    const passed = (this.#passed.get(point.state) ?? 0) + 1
    this.#passed.set(point.state, passed)
    this.log?.push({ kind: point.kind, state: point.state, nth: passed })
    if (this.#pending.length === 0) return null
    const at = this.#pending.findIndex(
      ({ state, nth, kind }) => state === point.state && passed >= nth && fits(kind, point),
    )
    const fault = this.#pending[at]
    if (fault === undefined) return null
    this.#pending.splice(at, 1)
    this.struck.push(fault)
    const where = point.host === null ? point.says : `"${point.says}" on ${point.host.name}`
    this.#sim.tell(`FAULT: ${fault.kind}, at point ${passed} of ${point.state} (${point.kind} ${where})`)
    return this.#do(fault.kind, point, evha)
  }

  /** One that the world does by itself, at no point of evha's. */
  byItself(kind: (typeof worldKinds)[number], evha: Evha): void {
    this.struck.push({ kind, state: evha.state, nth: 0 })
    this.#sim.tell(`FAULT: ${kind}, by itself`)
    this.#do(kind, { kind: 'send', state: evha.state, number: 0, host: null, says: '' }, evha)
  }

  #do(kind: FaultKind, point: Point, evha: Evha): Struck {
    const sim = this.#sim
    const random = this.#random
    const host = point.host ?? random.pick(sim.hosts)
    switch (kind) {
      case 'kill before it':
        return 'killed'
      case 'kill in the middle of it':
        return 'torn'
      case 'kill after it':
        return 'killedAfter'
      case 'lost answer':
        return 'lostAnswer'
      case 'hung SSH':
        return 'hung'
      case 'disk full on the workstation':
        sim.timeline.in(random.between(2_000, 30_000), () => {
          evha.workstation.diskFull = false
        })
        return 'full'
      case 'host reboots':
        return 'reboot'
      case 'another host reboots':
        sim.reboot(random.pick(sim.hosts))
        return null
      case 'link to the workstation cut':
        evha.workstation.cutFrom.add(host)
        sim.timeline.in(random.between(1_000, 40_000), () => evha.workstation.cutFrom.delete(host))
        return null
      case 'all links of the workstation cut':
        for (const one of sim.hosts) evha.workstation.cutFrom.add(one)
        sim.timeline.in(cutOffMs, () => evha.workstation.cutFrom.clear())
        sim.cutOff()
        return null
      case 'link between hosts cut':
        cutHosts(sim, host, random)
        return null
      case 'clock step':
        stepClock(sim, evha, random)
        return null
      case 'slow host':
        host.slowness = random.between(3, 30)
        sim.timeline.in(random.between(5_000, 30_000), () => {
          host.slowness = 1
        })
        return null
      case 'node exits':
        for (const node of sim
          .nodes()
          .filter(() => random.chance(0.5))
          .slice(0, 2)) {
          sim.tell(`the node ${node.name} dies`)
          node.kill()
        }
        return null
      case 'a hand starts the unit':
        handStarts(sim, random.chance(0.6) ? sim.source : random.pick(sim.hosts))
        return null
      case 'a copy that is not kept':
        for (const one of sim.hosts) if (one !== sim.source) one.diskLies = random.chance(0.7)
        return null
      case 'a second operator':
        this.second()
        return null
      case 'a command lands late':
        return 'late'
      case 'something starts the node past its unit':
        startPastUnit(sim)
        return null
    }
  }
}

/** The kinds that need no point of evha's: the world does them by itself. */
export const worldKinds = [
  'another host reboots',
  'link between hosts cut',
  'node exits',
  'a hand starts the unit',
  'something starts the node past its unit',
] as const

export type WorldKind = (typeof worldKinds)[number]

/** A container or a cron line with the sequencer's old command. */
export function startPastUnit(sim: Sim): void {
  const { source } = sim
  if (!source.up) return
  sim.tell(`something starts the node on ${source.name} past its unit`)
  const argv = [
    source.spec.binary,
    'start',
    '--home',
    source.spec.home,
    '--evnode.node.aggregator=true',
    '--evnode.signer.passphrase_file',
    '/etc/ev-node/passphrase',
  ]
  const process = new SimNode(source, argv, 'past its unit', false, () => void sim.strays.delete(process))
  sim.strays.add(process)
}

function cutHosts(sim: Sim, host: SimHost, random: Random): void {
  const others = sim.hosts.filter((other) => other !== host && random.chance(0.6))
  for (const other of others) host.cutFrom.add(other)
  sim.cluster.changed({ host })
  sim.timeline.in(random.between(1_000, 20_000), () => {
    for (const other of others) host.cutFrom.delete(other)
    sim.cluster.changed({ host })
  })
}

function stepClock(sim: Sim, evha: Evha, random: Random): void {
  const byMs = random.between(-20_000, 20_000)
  if (random.chance(0.5)) {
    evha.workstation.clockOffsetMs += byMs
    sim.tell(`the workstation's clock steps by ${byMs} ms`)
    return
  }
  const host = random.pick(sim.hosts)
  host.clockOffsetMs += byMs
  sim.tell(`the clock of ${host.name} steps by ${byMs} ms`)
}

/** Somebody else, a timer or a person, types `systemctl start`. */
function handStarts(sim: Sim, host: SimHost): void {
  const service = host.up ? host.systemd.service(host.spec.unit) : null
  if (service === null) return
  const why = host.systemd.start(service)
  sim.tell(`a hand types systemctl start on ${host.name}: ${why === '' ? 'started' : why}`)
}
