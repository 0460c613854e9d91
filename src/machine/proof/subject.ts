import type { RunMachine } from '../decider.ts'
import { migrateMachine } from '../migrate.ts'
import { type Actor, actors } from './actors.ts'
import type { Effects } from './effect.ts'
import { effects } from './effects.ts'

/** What is searched: a machine, what its steps do, who acts beside it, and what the search takes for granted. */
export interface Subject {
  readonly name: string
  readonly machine: RunMachine
  readonly effects: Effects
  readonly actors: readonly Actor[]
  readonly granted: Granted
}

/** What is not searched but believed. */
export interface Granted {
  /** A host refuses the commands of a workstation whose run was taken over by another one. */
  readonly refusesOld: boolean
  /** Who takes a run over has its journal whole: then a takeover is a resume. */
  readonly wholeJournal: boolean
}

export const migrate: Subject = {
  name: 'migrate',
  machine: migrateMachine,
  effects,
  actors,
  granted: { refusesOld: true, wholeJournal: true },
}

/** The machines evha runs. */
export const subjects: readonly Subject[] = [migrate]
