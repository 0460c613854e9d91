import type { Command } from 'commander'
import { type Proof, prove } from '../machine/proof/prove.ts'
import { proofText } from '../ui/proof-text.ts'
import { explain } from './help.ts'
import { jsonOf } from './json/schema.ts'
import type { Act, Result } from './result.ts'

/** `evha prove` */
export function addProve(program: Command, act: Act): void {
  explain(
    program.command('prove'),
    'search everything that can happen in a run for a path that is unsafe; no host is asked',
    [
      ['evha prove', 'exit code 3 when a path is found, told step by step'],
      ['evha prove --json', 'the same for a program'],
    ],
  ).action(() => act(() => proofResult(prove())))
}

/** The preflight of evha itself: it blocks when a path is unsafe, and nothing was changed. */
export function proofResult(proof: Proof): Result {
  return { exitCode: proof.ok ? 0 : 3, json: jsonOf('proof', proof), text: proofText(proof) }
}
