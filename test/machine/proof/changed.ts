import type { StepName } from '../../../src/base/names.ts'
import type { RunMachine } from '../../../src/machine/decider.ts'
import { migrateMachine } from '../../../src/machine/migrate.ts'
import type { Act, Effect, Effects } from '../../../src/machine/proof/effect.ts'
import { effects } from '../../../src/machine/proof/effects.ts'
import { migrate, type Subject } from '../../../src/machine/proof/subject.ts'
import { rules } from '../../../src/machine/rules.ts'

/** A table of the machine's config, free to be changed. */
export type Table = { [key: string]: unknown }

/** The real machine with its table changed: everything else is what evha runs. */
export function withTable(change: (state: (path: string) => Table) => void): Subject {
  const config = copy(migrateMachine.config) as Table
  change((path) =>
    path
      .split('.')
      .filter((key) => key !== '')
      .reduce((at, key) => (at['states'] as Table)[key] as Table, config),
  )
  const machine = rules.createMachine(config as Parameters<typeof rules.createMachine>[0])
  return { ...migrate, machine: machine as unknown as RunMachine }
}

/** The real machine with one of its guards always open, or one of its actions idle. */
export function provided(parts: { guards?: Table; actions?: Table }): Subject {
  const machine = migrateMachine.provide(parts as Parameters<typeof migrateMachine.provide>[0])
  return { ...migrate, machine: machine as unknown as RunMachine }
}

/** The real machine, with other effects of some steps. */
export function withEffects(
  change: { readonly [name: string]: Effect | undefined },
  from: Subject = migrate,
): Subject {
  return { ...from, effects: { ...effects, ...change } as Effects }
}

/** The real machine, beside somebody of whom one act is changed. */
export function withActs(says: string, change: (act: Act) => Act): Subject {
  let found = 0
  const actors = migrate.actors.map((actor) => ({
    ...actor,
    acts: actor.acts.map((act) => {
      if (!act.says.startsWith(says)) return act
      found += 1
      return change(act)
    }),
  }))
  if (found !== 1) throw new Error(`there are ${found} acts that begin with ${says}`)
  return { ...migrate, actors }
}

/** A step that says it is done and has changed nothing. */
export const idle = (effect: Effect, output: unknown = {}): Effect => ({
  ...effect,
  acts: [],
  done: () => [output],
})

/** The same effect with some of its acts changed. */
export const acting = (effect: Effect, change: (act: Act) => Act): Effect => ({
  ...effect,
  acts: effect.acts.map(change),
})

/** Lets the step of a state lead elsewhere, past what stands behind it. */
export function skip(state: Table, by: StepName, to: string): void {
  const invoke = state['invoke'] as Table
  if (invoke['src'] !== by) throw new Error(`the state does not invoke ${by}`)
  invoke['onDone'] = { target: to, actions: 'noteFacts' }
}

export const onOf = (table: Table, event: string) => (table['on'] as Table)[event] as Table

/** What is taken away, the machine without it, the law that breaks, and words of how. */
export type Mutant = readonly [what: string, subject: Subject, law: string, words: string]

function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, copy(one)]))
}
