import type { Phase } from '../machine/context.ts'
import type { Edge, StateFacts } from '../machine/graph.ts'

/** The machine as data. */
export interface Graph {
  readonly states: readonly StateFacts[]
  readonly edges: readonly Edge[]
}

/** What each phase is for, in the order of a migration. */
export const phases: Readonly<Record<Phase, string>> = {
  prepare: 'Preparing, while the chain runs',
  gate: 'The gates: each waits for the chain id',
  window: 'The window: the chain stands still, everything leads back',
  commit: 'The decision, and what only follows once it has fallen',
  after: 'The cluster runs: checking, watching, finishing',
  abort: 'The way back before the point of no return',
  rollback: 'The way back after it',
  end: 'Where a run ends',
}

/** All phases as Markdown with a Mermaid diagram each: what `evha graph` prints and docs/states.md holds. */
export function graphPage(graph: Graph): string {
  const parts = (Object.keys(phases) as Phase[]).map(
    (phase) => `## ${phase}\n\n${phases[phase]}.\n\n\`\`\`mermaid\n${phaseDiagram(graph, phase)}\`\`\`\n`,
  )
  return `# The states of a run

Made from the state machine itself by \`evha graph\`. A thick edge leads through a gate; its label says what it
gives up. States of another phase stand with their name alone. \`RETRY\` and \`RESUME\` that stay where they are
are left out, and so is \`failed\` where it stays: the run waits there, and \`evha resume\` tries again.

${parts.join('\n')}`
}

/** One phase as a Mermaid flow chart. */
export function phaseDiagram({ states, edges }: Graph, phase: Phase): string {
  const own = states.filter((state) => state.phase === phase)
  const names = new Set(own.map(({ path }) => path))
  const shown = merged(edges.filter(({ from, to }) => names.has(from) && to !== null && to !== from))
  const others = [...new Set(shown.map(({ to }) => to))].filter((to) => !names.has(to))
  const lines = [
    ...own.map(ownState),
    ...others.map((path) => `${idOf(path)}["${path}"]:::other`),
    ...shown.map(edgeLine),
    'classDef other stroke-dasharray: 4 4',
    'classDef still stroke-width: 3px',
  ]
  return `flowchart TD\n${lines.map((line) => `  ${line}\n`).join('')}`
}

interface ShownEdge {
  readonly from: string
  readonly to: string
  readonly labels: readonly string[]
  readonly irreversible: string | null
}

/** Edges between the same two states are drawn as one, unless one of them can not be undone. */
function merged(edges: readonly Edge[]): ShownEdge[] {
  const shown = new Map<string, ShownEdge>()
  for (const edge of edges) {
    const { from, to, irreversible } = edge
    if (to === null) continue
    const key = [from, to, irreversible].join('|')
    const before = shown.get(key)
    const labels = [...new Set([...(before?.labels ?? []), labelOf(edge)])]
    shown.set(key, { from, to, irreversible, labels })
  }
  return [...shown.values()]
}

/** `done`, `failed if contradicts`, `APPROVE if approvalHolds(commit)` */
function labelOf({ event, guard }: Edge): string {
  const word = event.startsWith('xstate.done.')
    ? 'done'
    : event.startsWith('xstate.error.')
      ? 'failed'
      : event
  return guard === null ? word : `${word} if ${guard}`
}

function ownState({ path, says, final, stopped }: StateFacts): string {
  const words = `<b>${path}</b><br>${says}`
  const [open, close] = final ? ['([', '])'] : ['[', ']']
  return `${idOf(path)}${open}"${quoted(words)}"${close}${stopped ? ':::still' : ''}`
}

function edgeLine({ from, to, labels, irreversible }: ShownEdge): string {
  const words =
    irreversible === null ? labels : [...labels, `then: ${irreversible.replaceAll('{source}', 'the source')}`]
  const arrow = irreversible === null ? '-->' : '==>'
  return `${idOf(from)} ${arrow}|"${quoted(words.join('<br>'))}"| ${idOf(to)}`
}

/** `end` is a word of Mermaid's own. */
const idOf = (path: string) => `s_${path.replaceAll('.', '_')}`

/** Inside quotes Mermaid takes everything but a quote and its own entities. */
const quoted = (text: string) =>
  text.replaceAll('#', '#35;').replaceAll('"', '#quot;').replaceAll('{', '#123;').replaceAll('}', '#125;')
