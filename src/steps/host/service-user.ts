import type { Command } from '../../base/command.ts'
import type { NodeSpec } from '../../runbook/load.ts'
import { fact, type StepContext } from '../step.ts'

/** The user the node runs as on this host; empty for root. */
export function serviceUser(context: StepContext, spec: NodeSpec): string {
  return spec.user ?? fact(context, 'check').user
}

/** Where the node finds its passphrase on this host: as the runbook says, else where the live unit says. */
export function passphraseFileOf(spec: NodeSpec, live: string): string {
  return spec.passphraseFile ?? live
}

/** argv run as the service user, so that no file of the node ends up owned by root. */
export function asServiceUser(user: string, argv: Command['argv']): Command['argv'] {
  return user === '' ? argv : ['runuser', '-u', user, '--', ...argv]
}
