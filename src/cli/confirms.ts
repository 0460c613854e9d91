import { EvhaError } from '../base/errors.ts'
import { type Gate, gates } from '../base/names.ts'
import { nearestKey } from '../runbook/nearest-key.ts'

const form = `write it as --confirm GATE=CHAIN_ID, where GATE is one of ${gates.join(', ')}`

/**
 * The `--confirm GATE=CHAIN_ID` of a command line. Throws EvhaError 'usage' for anything that is not exactly that;
 * whether the chain id is the runbook's is for the run to say.
 */
export function parseConfirms(values: readonly string[]): ReadonlyMap<Gate, string> {
  const confirms = new Map<Gate, string>()
  for (const value of values) {
    const [gate, chain] = parseConfirm(value)
    const before = confirms.get(gate)
    if (before !== undefined && before !== chain)
      throw usage(`--confirm ${gate} is given twice, for ${before} and for ${chain}`, 'give it once')
    confirms.set(gate, chain)
  }
  return confirms
}

function parseConfirm(value: string): readonly [Gate, string] {
  const at = value.indexOf('=')
  if (at < 0) throw usage(`--confirm ${value} has no = and names no chain`, form)
  const name = value.slice(0, at)
  const chain = value.slice(at + 1)
  const gate = gates.find((one) => one === name)
  if (gate === undefined) {
    const near = nearestKey(name, gates)
    const meant = near === undefined ? '' : `; did you mean ${near}?`
    throw usage(`--confirm ${value}: there is no gate ${JSON.stringify(name)}${meant}`, form)
  }
  if (chain === '' || /\s/.test(chain))
    throw usage(`--confirm ${gate}=${chain} names no chain`, `write --confirm ${gate}=CHAIN_ID`)
  return [gate, chain]
}

function usage(message: string, hint: string): EvhaError {
  return new EvhaError({ kind: 'usage', message, changedAnything: 'no', retryable: false, hint })
}
