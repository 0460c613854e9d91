import type { Finding, MachineProof, Proof } from '../machine/proof/prove.ts'

/** What the search found, for a person: counts when all is well, else each finding with the way there. */
export function proofText({ machines }: Proof): string {
  return `${machines.flatMap(machineLines).join('\n')}\n`
}

function machineLines(machine: MachineProof): string[] {
  const { name, states, edges, irreversibleEdges, searched, findings, ok } = machine
  const rows = irreversibleEdges.map(
    ({ from, to, irreversible }) =>
      `  ${from} to ${to ?? from}: ${(irreversible ?? '').replaceAll('{source}', 'node-1')}`,
  )
  const counts = searched.map(
    ({ nodes, beside, moments, moves, worlds }) =>
      `  ${nodes} nodes, ${beside}: ${moments} moments, ${moves} moves, ${worlds} worlds`,
  )
  return [
    `${name}: ${states} states, ${edges} edges, ${ok ? 'no path is unsafe' : 'NOT SAFE'}`,
    '',
    'Irreversible, each behind the approval of its gate:',
    ...rows,
    '',
    'Searched:',
    ...counts,
    ...findings.flatMap(findingLines),
  ]
}

/** One finding: the sentence, then the way there, numbered. */
export function findingLines({ law, says, path }: Finding): string[] {
  const width = String(path.length).length
  return [
    '',
    `${law}: ${says}`,
    ...(path.length === 0 ? [] : ['  It comes about like this (node-1 is the source):']),
    ...path.map((sentence, i) => `  ${String(i + 1).padStart(width)}. ${sentence}`),
  ]
}
