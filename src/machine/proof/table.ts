import { type Gate, gates } from '../../base/names.ts'
import { ignores, type RunMachine } from '../decider.ts'
import { type Edge, edges, stateFacts } from '../graph.ts'
import type { Effects } from './effect.ts'
import { approval, isRight, type Pilot } from './pilot.ts'

/** An edge that can be taken without its gate's approval. */
export interface Ungated {
  readonly from: string
  readonly event: string
  readonly to: string | null
  readonly says: string
}

/** Irreversible edges as the table names them: each must leave its own gate, for that gate's approval. */
export function ungatedEdges(all: readonly Edge[]): Ungated[] {
  return all
    .filter((edge) => edge.irreversible !== null)
    .filter(({ from, event, guard }) => {
      const gate = gates.find((one) => from === `gate.${one}`)
      return gate === undefined || event !== 'APPROVE' || guard !== `approvalHolds(${gate})`
    })
    .map(({ from, event, to }) => ({ from, event, to, says: 'the edge asks for no approval of its gate' }))
}

const wrongs = [
  ['for evidence that the gate does not show', {}],
  ['for other evidence', { digest: 'other evidence' }],
  ['for no evidence', { digest: '' }],
  ['for another chain', { chain: 'another-chain' }],
] as const

/** Approvals the machine took although the search holds them for wrong, in every state a run can be in. */
export function wrongApprovals(pilots: Iterable<Pilot>): Ungated[] {
  return [...pilots].flatMap((pilot) =>
    gates.flatMap((gate: Gate) =>
      wrongs.flatMap(([words, wrong]) => {
        const event = approval(gate, wrong)
        if (isRight(pilot, event) || ignores(pilot.snapshot, event)) return []
        const says = `an approval of ${gate} ${words} is taken`
        return [{ from: pilot.view.path, event: 'APPROVE', to: null, says }]
      }),
    ),
  )
}

/** States no edge leads to, and, where the search was not cut short, states no run comes to. */
export function unreachable(
  machine: RunMachine,
  all: readonly Edge[],
  pilots: Iterable<Pilot>,
  whole: boolean,
): string[] {
  const entered = new Set(all.filter(({ from, to }) => to !== from).map(({ to }) => to))
  const met = new Set([...pilots].map(({ view }) => view.path))
  const [first] = met
  return stateFacts(machine)
    .map(({ path }) => path)
    .filter((path) => path !== first && (!entered.has(path) || (whole && !met.has(path))))
}

/** Where the watch goes on once the decision fell; while it falls, its file is read first. */
const watchedAfter = ['commit.start', 'commit.rest', 'verifyElection', 'soak']

/** Events that may reach a state, by what the runner gives, and for which it has no edge. */
export function unhandled(machine: RunMachine, pilots: Iterable<Pilot>): string[] {
  const all = edges(machine)
  const has = (from: string, event: string) => all.some((edge) => edge.from === from && edge.event === event)
  const views = new Map([...pilots].map(({ view }) => [view.path, view]))
  return [...views.values()].flatMap(({ path, phase, gate, work, final }) => {
    if (final) return []
    const wanted = ['RESUME', 'RETRY']
    if (work !== null) wanted.push(`xstate.done.actor.${work}`, `xstate.error.actor.${work}`)
    if (gate !== null) wanted.push('APPROVE')
    if (gate === 'commit' || gate === 'rollback') wanted.push('DECLINE')
    if (phase === 'window' || gate === 'commit') wanted.push('BUDGET_SPENT', 'DEAD_MAN')
    if (phase === 'window' || gate === 'commit' || gate === 'finish' || watchedAfter.includes(path))
      wanted.push('SIGNED_TWICE')
    if (path === 'window.returned') wanted.push('NEXT_ATTEMPT')
    return wanted.filter((event) => !has(path, event)).map((event) => `${path}: ${event}`)
  })
}

/** Steps that a state asks for and whose effect on the hosts nobody has stated: the search would not see it. */
export function withoutEffect(effects: Effects, pilots: Iterable<Pilot>): string[] {
  const asked = new Set([...pilots].flatMap(({ view }) => (view.work === null ? [] : [view.work])))
  return [...asked].filter((step) => effects[step] === undefined)
}
