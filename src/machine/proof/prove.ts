import { type Edge, edges, states } from '../graph.ts'
import type { Beside } from './moves.ts'
import { Pilots } from './pilot.ts'
import { type Searched, search } from './search.ts'
import { type Subject, subjects } from './subject.ts'
import { type Ungated, ungatedEdges, unhandled, unreachable, withoutEffect, wrongApprovals } from './table.ts'
import { deadEnds, noWayForward } from './ways.ts'
import { sizeOf } from './world.ts'

/** One thing that is wrong, and how it comes about. */
export interface Finding {
  readonly law: string
  readonly says: string
  /** The counter-example: what happens, one sentence after the other. Empty where the table itself is wrong. */
  readonly path: readonly string[]
}

/** One search and how large it was. */
export interface Count {
  readonly nodes: number
  readonly beside: string
  readonly moments: number
  readonly moves: number
  readonly worlds: number
}

/** What was found out about one machine. */
export interface MachineProof {
  readonly name: string
  readonly states: number
  readonly edges: number
  readonly irreversibleEdges: readonly Edge[]
  readonly ungated: readonly Ungated[]
  readonly deadEnds: readonly string[]
  readonly unreachable: readonly string[]
  readonly unhandled: readonly string[]
  readonly withoutEffect: readonly string[]
  readonly searched: readonly Count[]
  readonly findings: readonly Finding[]
  readonly ok: boolean
}

export interface Proof {
  readonly machines: readonly MachineProof[]
  readonly ok: boolean
}

/** Cluster sizes a runbook may name. */
export const sizes = [3, 5, 7] as const

/** Searches every machine, for clusters of the given sizes. Pure: it needs no host, no file and no clock. */
export function prove(nodes: readonly number[] = sizes): Proof {
  const machines = subjects.map((subject) => proveMachine(subject, nodes))
  return { machines, ok: machines.every((one) => one.ok) }
}

export function proveMachine(subject: Subject, nodes: readonly number[] = sizes): MachineProof {
  const pilots = new Pilots(subject.machine)
  const searches = searchAll(subject, pilots, nodes)
  const whole = searches.every(({ found }) => found.broken.length === 0)
  const ways = searches.map(({ found, beside }) => waysOf(found, beside))
  const all = edges(subject.machine)
  const table = {
    ungated: unique([...ungatedEdges(all), ...wrongApprovals(pilots.all)]),
    unreachable: unreachable(subject.machine, all, pilots.all, whole),
    unhandled: unhandled(subject.machine, pilots.all),
    withoutEffect: withoutEffect(subject.effects, pilots.all),
  }
  const findings = [
    ...firstOfEach([
      ...searches.flatMap(({ found }) => found.broken),
      ...ways.flatMap((one) => one.findings),
    ]),
    ...tableFindings(table),
  ]
  return {
    name: subject.name,
    states: states(subject.machine).length,
    edges: all.length,
    irreversibleEdges: all.filter((edge) => edge.irreversible !== null),
    ...table,
    ungated: [...table.ungated, ...searches.flatMap(({ found }) => ungatedIn(found))],
    deadEnds: [...new Set(ways.flatMap((one) => one.deadEnds))],
    searched: searches.map(({ found, nodes: count, beside }) => ({
      nodes: count,
      beside: besides[beside],
      ...countOf(found),
    })),
    findings,
    ok: findings.length === 0,
  }
}

interface OneSearch {
  readonly nodes: number
  readonly beside: Beside
  readonly found: Searched
}

const besides: Readonly<Record<Beside, string>> = {
  hosts: 'hosts and dead-men',
  otherRun: 'a second operator with a run of his own',
}

/** One search for each size, then one with a second operator; it ends with the first that breaks a law. */
function searchAll(subject: Subject, pilots: Pilots, nodes: readonly number[]): OneSearch[] {
  const wanted = [
    ...nodes.map((count) => ({ nodes: count, beside: 'hosts' as const })),
    ...nodes.slice(0, 1).map((count) => ({ nodes: count, beside: 'otherRun' as const })),
  ]
  const searches: OneSearch[] = []
  for (const one of wanted) {
    const found = search(subject, pilots, sizeOf(one.nodes), one.beside)
    searches.push({ ...one, found })
    if (found.broken.length > 0) break
  }
  return searches
}

const countOf = ({ moments, moves, worlds }: Searched) => ({ moments: moments.length, moves, worlds })

function unique(all: readonly Ungated[]): Ungated[] {
  return [...new Map(all.map((one) => [`${one.from} ${one.event} ${one.says}`, one])).values()]
}

/** A search that stopped at a broken law has not seen all ways; it is told by that law alone. */
function waysOf(
  found: Searched,
  beside: Beside,
): { readonly deadEnds: string[]; readonly findings: Finding[] } {
  if (beside !== 'hosts' || found.broken.length > 0) return { deadEnds: [], findings: [] }
  const ends = deadEnds(found)
  const forward = noWayForward(found)
  const finding = (law: string, [first]: typeof ends): Finding[] =>
    first === undefined ? [] : [{ law, says: `${first.state}: ${first.says}`, path: first.path }]
  return {
    deadEnds: ends.map(({ state }) => state),
    findings: [...finding('deadEnd', ends), ...finding('noWayForward', forward)],
  }
}

function ungatedIn({ broken }: Searched): Ungated[] {
  return broken
    .filter(({ law }) => law === 'ungatedEffect')
    .map(({ state, says }) => ({ from: state, event: 'effect', to: null, says }))
}

function tableFindings(table: {
  readonly ungated: readonly Ungated[]
  readonly unreachable: readonly string[]
  readonly unhandled: readonly string[]
  readonly withoutEffect: readonly string[]
}): Finding[] {
  const finding = (law: string, says: string): Finding => ({ law, says, path: [] })
  return [
    ...table.ungated.map(({ from, event, says }) => finding('ungated', `${from}, ${event}: ${says}`)),
    ...table.unreachable.map((state) => finding('unreachable', `no run comes to the state ${state}`)),
    ...table.unhandled.map((what) => finding('unhandled', `there is no edge for ${what}`)),
    ...table.withoutEffect.map((step) =>
      finding('withoutEffect', `what ${step} does to the hosts is not stated`),
    ),
  ]
}

/** The same law broken in several searches is told once, by the first. */
function firstOfEach(findings: readonly Finding[]): Finding[] {
  const seen = new Map<string, Finding>()
  for (const { law, says, path } of findings) if (!seen.has(law)) seen.set(law, { law, says, path })
  return [...seen.values()]
}
