import type { StepName } from '../base/names.ts'
import type { DaClient, DaOptions } from '../evnode/da.ts'
import type { NodeRpc } from '../evnode/rpc.ts'
import type { Remote } from '../remote/remote.ts'
import type { LoadedRunbook, NodeSpec } from '../runbook/load.ts'
import type { Facts } from './facts.ts'
import type { SeenWindows } from './gates/prediction.ts'
import type { Hands } from './hands.ts'
import type { Manifest } from './host/manifest.ts'
import type { ListedAhead } from './window/listed-ahead.ts'

/** A node of the runbook and the door to its host. */
export interface Host {
  readonly spec: NodeSpec
  readonly remote: Remote
}

/** What a whole round of the watch could see. A height signed twice is no answer here: it ends the step. */
export interface Watched {
  /** DA was read up to its head. */
  readonly daRead: boolean
}

/**
 * What a step has seen on the hosts in this attempt, so that the next one need not ask again while the chain stands still. A
 * step that finds nothing here asks.
 */
export interface Fresh {
  /** Stores as they were listed while the source stopped, its own once its guard stood. Never rejects. */
  listed?: { readonly attempt: number; readonly ahead: Promise<ListedAhead> }
  /** systemd's words when it refused to start the fenced unit, tried since the guard holds the store. Rejects where it did not. */
  fence?: { readonly attempt: number; readonly refusal: Promise<string> }
  /** When the round over all hosts began that was made while the warm nodes came up, epoch ms. */
  warm?: { readonly attempt: number; readonly roundAtMs: number }
  /** Stores as the window's pass left them, by node name; those it did not list are missing. */
  stores?: { readonly attempt: number; readonly manifests: Readonly<Record<string, Manifest>> }
}

/** Everything a step may look at or use. Steps keep nothing between two calls: facts come from the journal. */
export interface StepContext {
  readonly run: string
  readonly attempt: number
  readonly runbook: LoadedRunbook
  readonly nodes: readonly Host[]
  readonly source: Host
  readonly peers: readonly Host[]
  /** floor(n / 2) + 1. */
  readonly quorum: number
  readonly facts: Partial<Facts>
  /** Windows seen before, the best witness first; for the prediction alone. */
  readonly seen: readonly SeenWindows[]
  /** Epoch ms at which the open window's budget is spent; null outside of it. */
  readonly windowDeadlineMs: number | null
  /** Of the lease this process holds: rises with each process that goes on with the run. */
  readonly epoch: number
  /** True in a dry run: what only reads is really asked, what changes something is printed and counts as done. */
  readonly onPaper: boolean
  readonly signal: AbortSignal
  readonly hands: Hands
  rpc(host: Host): NodeRpc
  /** DA as this host reaches it. */
  da(host: Host, options: DaOptions): DaClient
  /** Returns when a majority of the hosts has all of the journal; throws when none takes it. */
  journalKept(): Promise<void>
  /** Returns when the run's watch has looked at all nodes and at DA once more. */
  watched(): Promise<Watched>
  /** For this process alone; empty at its beginning. */
  readonly fresh: Fresh
  /** One line for the operator. */
  tell(text: string): void
  /** How far something is: true until the next one comes. */
  passing(text: string): void
  now(): number
  sleep(ms: number): Promise<void>
}

/** What `verify` saw: it alone says whether the step is done. */
export type Verdict<T> =
  | { readonly done: true; readonly output: T }
  | { readonly done: false; readonly why: string }

interface Parts<K extends StepName> {
  readonly name: K
  /** What will be done, in words. */
  plan(context: StepContext): readonly string[]
  /** Throws when the step must not be tried; reads only. */
  precheck(context: StepContext): Promise<void>
  /** Changes the hosts. Safe to repeat: a resumed run may come here a second time. Returns what it measured meanwhile. */
  apply(context: StepContext): Promise<Partial<Facts[K]> | undefined>
  /** Reads only. Settles an unknown outcome after a crash; `measured` is there only right after an apply. */
  verify(context: StepContext, measured?: Partial<Facts[K]>): Promise<Verdict<Facts[K]>>
}

interface Undoable {
  readonly keepsJournal?: KeepsJournal
  /** Puts the hosts back; safe to repeat, and safe when the step did nothing. */
  undo(context: StepContext): Promise<void>
}

/**
 * Before it changes anything a majority of the hosts must keep the journal, so that whoever takes the run over knows
 * that it may have begun. `first`: that is waited for before the step. `beside`: the step waits for it itself, by
 * `journalKept`, beside other work and before its own point of no return; the chain stands still meanwhile.
 */
export type KeepsJournal = 'first' | 'beside'

interface Irreversible {
  /** Why there is no way back from here. */
  readonly irreversible: string
  readonly keepsJournal: KeepsJournal
}

/** A step is five answers; the fifth is how to undo it, or why nobody can. */
export type Step<K extends StepName = StepName> = Parts<K> & (Undoable | Irreversible)

export type StepRegistry = { readonly [K in StepName]: Step<K> }

/** For steps that only look: nothing to check, nothing to change, nothing to undo. */
export const looksOnly = {
  precheck: () => Promise.resolve(),
  apply: () => Promise.resolve(undefined),
  undo: () => Promise.resolve(),
}

/** The fact of an earlier step; its absence is a defect, because the machine's order guarantees it. */
export function fact<K extends StepName>(context: Pick<StepContext, 'facts'>, name: K): Facts[K] {
  const found = context.facts[name]
  if (found === undefined || found === null) throw new Error(`the step ${name} left no fact`)
  return found as Facts[K]
}

export const done = <T>(output: T): Verdict<T> => ({ done: true, output })
export const notYet = (why: string): { readonly done: false; readonly why: string } => ({ done: false, why })
