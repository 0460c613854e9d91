import { EvhaError } from '../../src/base/errors.ts'
import { runbookFromText } from '../../src/runbook/load.ts'

/** A right runbook as lines, to be spoilt by a test. `more` comes last, so its first line is `lastLine(nodes) + 1`. */
export function runbookText(options: { nodes?: number; more?: string } = {}): string {
  const { nodes = 3, more = '' } = options
  const listed = Array.from({ length: nodes }, (_, index) => {
    const number = index + 1
    return `  - name: node-${number}\n    ssh: root@192.0.2.${number}\n    address: 192.0.2.${number}\n`
  })
  return `version: 1
chain: lab-chain
node:
  binary: /usr/local/bin/testapp
  db: testapp
nodes:
${listed.join('')}source: node-1
${more}`
}

/** The refusal of a runbook; fails when it is not refused, or not as a mistake of usage. */
export function refusalOf(text: string): { readonly message: string; readonly hint: string } {
  try {
    runbookFromText(text, 'chain.yaml')
  } catch (error) {
    if (!(error instanceof EvhaError)) throw error
    const { kind, changedAnything, retryable, message, hint } = error
    if (kind === 'usage' && changedAnything === 'no' && !retryable) return { message, hint }
    throw error
  }
  throw new Error('the runbook was not refused')
}
