import { EvhaError } from '../base/errors.ts'
import type { Gate } from '../base/names.ts'
import { findRun } from '../journal/runs.ts'
import { ignores, type StateView, viewOf } from '../machine/decider.ts'
import { edges, type StateFacts, stateFacts } from '../machine/graph.ts'
import { type Standing, standingIn } from '../machine/standing.ts'
import { nearestKey } from '../runbook/nearest-key.ts'
import { nextCommand } from './ends.ts'
import { readRun, snapshotOf } from './rebuild.ts'
import { isDriven } from './report.ts'

/** One command that may be typed in a state. */
export interface Choice {
  readonly command: string
  /** What it does, as a sentence. */
  readonly does: string
  /** What can not be undone once it is approved; null: it can be undone. */
  readonly irreversible: string | null
}

/** What `explain --json` prints. */
export interface Explanation {
  /** null: a state was asked about, not a run. */
  readonly run: string | null
  readonly chain: string | null
  readonly state: string
  readonly says: string
  readonly source: string
  /** True: what was done up to here can be undone by an abort. */
  readonly reversible: boolean
  readonly runningNow: string
  readonly ifLost: { readonly workstation: string; readonly source: string; readonly anotherHost: string }
  readonly choices: readonly Choice[]
}

/** What the words of an explanation are filled with. */
interface Names {
  readonly run: string | null
  readonly chain: string | null
  readonly source: string
}

/** Explains where a run stands, from its journal alone. Without `run` the newest one. */
export function explainRun(stateDir: string, run?: string): Explanation {
  const stored = readRun(findRun(stateDir, run))
  const snapshot = snapshotOf(stored)
  const view = viewOf(snapshot)
  const { header } = stored
  const names = { run: header.run, chain: header.chain, source: view.context.source }
  const goOn = nextCommand(view, header.run, header.chain, stateDir)
  const possible = (type: 'ABORT' | 'ROLLBACK') => !ignores(snapshot, { type })
  const choices = choicesIn(view.path, view.gate, view.says, names, goOn, possible)
  const driven: Choice[] = isDriven(stateDir, stored)
    ? [
        {
          command: `evha pause ${header.run}`,
          does: 'asks the process at work to stop at the next safe point',
          irreversible: null,
        },
      ]
    : []
  return explained(view, names, [...driven, ...choices])
}

/** Explains a state of the machine by its name, for a run that has not come there. */
export function explainState(path: string): Explanation {
  const all = stateFacts()
  const found = all.find((one) => one.path === path)
  if (found === undefined)
    throw new EvhaError({
      kind: 'usage',
      message: `${path} is not a state of a migration`,
      changedAnything: 'no',
      retryable: false,
      hint: otherStates(
        path,
        all.map((one) => one.path),
      ),
    })
  const names = { run: null, chain: null, source: 'the source' }
  const gate = path.startsWith('gate.') ? (path.slice('gate.'.length) as Gate) : null
  const leaves = (event: string) => edges().some((edge) => edge.from === path && edge.event === event)
  const choices = choicesIn(path, gate, found.says, names, found.final ? null : 'evha resume', leaves)
  return explained({ ...found, standing: standingIn(found.standing, names.source) }, names, choices)
}

/** What to type in place of a state there is not: those that share a part with it, else the nearest, else the gates. */
function otherStates(typed: string, paths: readonly string[]): string {
  const lower = typed.toLowerCase()
  const sharing = paths.filter((path) => path.toLowerCase().split('.').includes(lower))
  const near =
    nearestKey(typed, paths) ??
    nearestKey(
      typed,
      paths.flatMap((path) => path.split('.')),
    )
  const meant =
    sharing.length > 0 ? sharing : paths.filter((path) => [path, ...path.split('.')].includes(near ?? ''))
  if (meant.length === 1) return `type \`evha explain --state ${meant[0]}\``
  const some = meant.length > 0 ? meant : paths.filter((path) => path.startsWith('gate.'))
  return `name one like ${some.join(', ')}; \`evha graph\` draws all ${paths.length}`
}

function explained(
  state: Pick<StateView, 'path' | 'says' | 'standing'> &
    (Pick<StateView, 'tags'> | Pick<StateFacts, 'reversible'>),
  names: Names,
  choices: readonly Choice[],
): Explanation {
  const { runs, workstation, source, peer }: Standing = state.standing
  return {
    ...names,
    state: state.path,
    says: state.says,
    reversible: 'tags' in state ? state.tags.has('reversible') : state.reversible,
    runningNow: runs,
    ifLost: { workstation, source, anotherHost: peer },
    choices,
  }
}

function choicesIn(
  path: string,
  gate: Gate | null,
  says: string,
  { run, source }: Names,
  goOn: string | null,
  possible: (type: 'ABORT' | 'ROLLBACK') => boolean,
): Choice[] {
  const named = run === null ? '' : ` ${run}`
  const opens = edges().find((edge) => edge.from === path && edge.irreversible !== null)
  const irreversible = opens?.irreversible?.replaceAll('{source}', source) ?? null
  const choices: Choice[] = []
  if (goOn !== null) choices.push({ command: goOn, does: whatResumeDoes(path, gate, says), irreversible })
  if (possible('ABORT'))
    choices.push({
      command: `evha abort${named}`,
      does: `brings ${source} back as the single sequencer, and removes what was prepared`,
      irreversible: null,
    })
  if (possible('ROLLBACK'))
    choices.push({
      command: `evha rollback${named}`,
      does: 'asks, through a gate of its own, to stop the cluster and go on alone from the most advanced store',
      irreversible: null,
    })
  return choices
}

/** States in which there is nothing left to go on with. */
const ends = ['done', 'aborted', 'rolledBack', 'needsHuman']

function whatResumeDoes(path: string, gate: Gate | null, says: string): string {
  if (ends.includes(path)) return 'tells the whole run, with its evidence'
  if (path === 'window.returned') return 'begins the next attempt with seeding; every gate asks again'
  if (gate !== null) return `measures again, shows what the gate "${gate}" rests on, and asks`
  return `first looks at what was done of "${says}", then goes on from there; every gate asks again`
}
