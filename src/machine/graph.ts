import type { Meta, Phase } from './context.ts'
import type { RunMachine } from './decider.ts'
import { migrateMachine } from './migrate.ts'
import type { StandingName } from './standing.ts'

/** One edge of the machine, as data: what `prove`, `graph` and the tests read. */
export interface Edge {
  readonly from: string
  readonly event: string
  readonly guard: string | null
  /** null: the edge stays in its state. */
  readonly to: string | null
  /** What can not be undone once the edge is taken. */
  readonly irreversible: string | null
}

/** What the table says of one state. */
export interface StateFacts {
  readonly path: string
  readonly phase: Phase
  readonly says: string
  readonly final: boolean
  /** No sequencer produces while the run is here. */
  readonly stopped: boolean
  readonly standing: StandingName
  /** Everything up to here can be undone by an abort. */
  readonly reversible: boolean
}

interface Node {
  readonly path: readonly string[]
  readonly states: Readonly<Record<string, Node>>
  readonly transitions: ReadonlyMap<string, readonly Transition[]>
  readonly initial?: { readonly target: readonly Node[] }
  readonly type: string
  readonly meta?: Meta
  readonly tags: readonly string[]
}

interface Transition {
  readonly guard?: unknown
  readonly target: readonly Node[] | undefined
  readonly meta?: Meta
}

const nameOf = (node: Node) => node.path.join('.')

function leafOf(node: Node): Node {
  const first = node.initial?.target[0]
  return first === undefined ? node : leafOf(first)
}

function guardName(guard: unknown): string | null {
  if (guard === undefined) return null
  const named = guard as { type?: string; params?: { gate?: string } }
  if (typeof guard === 'string') return guard
  return named.params?.gate === undefined ? (named.type ?? 'guard') : `${named.type}(${named.params.gate})`
}

function leaves(node: Node): Node[] {
  const children = Object.values(node.states)
  return children.length === 0 ? [node] : children.flatMap(leaves)
}

/** The atomic states of the machine, in the order of the table. */
export function states(machine: RunMachine = migrateMachine): string[] {
  return leaves(machine.root as unknown as Node).map(nameOf)
}

/** The same with the sentence and the phase of each. */
export function stateFacts(machine: RunMachine = migrateMachine): StateFacts[] {
  return leaves(machine.root as unknown as Node).map((node) => ({
    path: nameOf(node),
    phase: node.meta?.phase ?? 'end',
    says: (node.meta?.says ?? nameOf(node)).replaceAll('{source}', 'the source'),
    final: node.type === 'final',
    stopped: node.tags.includes('chain-stopped'),
    standing: node.meta?.standing ?? 'unknown',
    reversible: node.tags.includes('reversible'),
  }))
}

/** Every edge an atomic state has, its own and those it inherits from its parents. */
export function edges(machine: RunMachine = migrateMachine): Edge[] {
  const root = machine.root as unknown as Node
  return leaves(root).flatMap((leaf) => {
    const line = leaf.path.map((_, i) =>
      leaf.path.slice(0, i).reduce((at, key) => at.states[key] as Node, root),
    )
    return [...line, leaf].reverse().flatMap((owner) =>
      [...owner.transitions].flatMap(([event, all]) =>
        all.map((one) => ({
          from: nameOf(leaf),
          event,
          guard: guardName(one.guard),
          to: one.target?.[0] === undefined ? null : nameOf(leafOf(one.target[0])),
          irreversible: one.meta?.irreversible ?? null,
        })),
      ),
    )
  })
}

/** The graph as one text, for the digest a journal's header keeps: a journal of another graph is not replayed. */
export function graphText(): string {
  return edges()
    .map((edge) =>
      [edge.from, edge.event, edge.guard ?? '', edge.to ?? '', edge.irreversible ?? ''].join('|'),
    )
    .sort()
    .join('\n')
}
