import { EvhaError } from '../base/errors.ts'
import { bytesField, objectIn, textField } from './json.ts'

/** The chain as its genesis.json declares it. */
export interface Genesis {
  readonly chainId: string
  /** 32 bytes in base64; after a key rotation the chain's state names another one (evnode.md B 9). */
  readonly proposerAddress: string
  readonly initialHeight: number
  /** RFC 3339, as written. */
  readonly startTime: string
}

/** Reads the text of a genesis.json. Throws EvhaError (usage). */
export function readGenesis(text: string): Genesis {
  const what = 'genesis.json'
  const file = objectIn(text, what)
  const initialHeight = file['initial_height']
  if (typeof initialHeight !== 'number' || !Number.isSafeInteger(initialHeight) || initialHeight < 1) {
    throw new EvhaError({
      kind: 'usage',
      message: `${what}: initial_height is not a height`,
      changedAnything: 'no',
      retryable: false,
      hint: 'compare it with the genesis.json of the running sequencer',
    })
  }
  return {
    chainId: textField(file, 'chain_id', what),
    proposerAddress: bytesField(file, 'proposer_address', what, 32).toString('base64'),
    initialHeight,
    startTime: textField(file, 'start_time', what),
  }
}
