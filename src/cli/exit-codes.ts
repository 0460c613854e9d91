import type { Failure } from '../base/errors.ts'

/** What each exit code says; help prints it, scripts rely on it. */
export const exitCodes: readonly (readonly [code: string, meaning: string])[] = [
  ['0', 'done'],
  ['1', 'failed, safe to run again'],
  ['2', 'usage or configuration; nothing was done'],
  ['3', 'preflight blocked; nothing was changed'],
  ['4', 'waiting at a gate or declined; resumable'],
  ['5', 'back on the single sequencer, chain producing'],
  ['6', 'needs a human: unsafe or unknown'],
  ['7', 'somebody else holds the lock'],
  ['130/143', 'interrupted; resumable'],
]

const codes: Readonly<Record<Failure['kind'], number>> = {
  usage: 2,
  blocked: 3,
  unreachable: 1,
  refused: 1,
  hostKey: 1,
  timeout: 1,
  budget: 1,
  failed: 1,
  contradiction: 6,
  locked: 7,
  waiting: 4,
  interrupted: 130,
}

/** The exit code of a command that ended with this failure. Before anything changed, a host that lets nobody in is a blocked preflight. */
export function exitCodeFor(failure: Failure): number {
  const atTheDoor = failure.kind === 'unreachable' || failure.kind === 'refused' || failure.kind === 'hostKey'
  return atTheDoor && failure.changedAnything === 'no' ? 3 : codes[failure.kind]
}
