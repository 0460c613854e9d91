import { type Command, Option } from 'commander'
import type { Phase } from '../machine/context.ts'
import { edges, stateFacts } from '../machine/graph.ts'
import { graphPage, phaseDiagram, phases } from '../ui/graph-text.ts'
import { explain } from './help.ts'
import { jsonOf } from './json/schema.ts'
import type { Act } from './result.ts'

/** `evha graph` */
export function addGraph(program: Command, act: Act): void {
  explain(program.command('graph'), 'the states of a run and the ways between them, as Mermaid', [
    ['evha graph > states.md', 'Markdown, one diagram a phase'],
    ['evha graph --phase window', 'the diagram of one phase alone'],
    ['evha graph --json', 'states and edges for a program'],
  ])
    .addOption(new Option('--phase <phase>', 'only this phase').choices(Object.keys(phases)))
    .action(({ phase }: { phase?: Phase }) =>
      act(() => {
        const graph = { states: stateFacts(), edges: edges() }
        const text = phase === undefined ? graphPage(graph) : phaseDiagram(graph, phase)
        return { exitCode: 0, json: jsonOf('graph', graph), text }
      }),
    )
}
