import { type ActorScope, createActor, type SnapshotFrom } from 'xstate'
import type { Failure } from '../base/errors.ts'
import { type Gate, gates, type StepName, stepNames } from '../base/names.ts'
import type { Meta, MigrateEvent, Phase, RunContext, RunInput, Tag } from './context.ts'
import { migrateMachine } from './migrate.ts'
import { type Standing, standingIn } from './standing.ts'

export type Snapshot = SnapshotFrom<typeof migrateMachine>
/** The migration's machine, or one of the same kind that a test has changed. */
export type RunMachine = typeof migrateMachine

/** The end of a step as the machine hears of it. */
export type StepEvent =
  | { readonly type: 'STEP_DONE'; readonly step: StepName; readonly output: unknown }
  | { readonly type: 'STEP_FAILED'; readonly step: StepName; readonly failure: Failure }

/** Everything a journal may hold for the machine. */
export type RunEvent = MigrateEvent | StepEvent

/** One state as the rest of evha sees it. */
export interface StateView {
  /** `window.stop`, `gate.commit`, … */
  readonly path: string
  readonly phase: Phase
  /** The state's sentence with its names filled in. */
  readonly says: string
  /** What runs meanwhile, and what follows when a machine is lost, with its names filled in. */
  readonly standing: Standing
  readonly tags: ReadonlySet<Tag>
  /** What the state wants done, if anything. */
  readonly work: StepName | null
  /** The gate the state waits at, if any. */
  readonly gate: Gate | null
  readonly final: boolean
  readonly context: RunContext
}

export function begin(input: RunInput, machine: RunMachine = migrateMachine): Snapshot {
  return machine.getInitialSnapshot(scopeOf(machine), input)
}

/** The next snapshot: pure, so that replaying a journal's events gives the state the run was in. */
export function advance(snapshot: Snapshot, event: RunEvent): Snapshot {
  const machine = snapshot.machine as RunMachine
  return machine.transition(snapshot, asMachineEvent(event), scopeOf(machine))
}

type Scope = ActorScope<Snapshot, MigrateEvent>
const scopes = new WeakMap<RunMachine, Scope>()

/**
 * What XState's own `initialTransition` and `transition` make for each call, a whole actor with its first state among it, made once: the table
 * has no timers, no ids in a system and nothing that is spawned, so nothing of one transition stays in it for the next.
 */
function scopeOf(machine: RunMachine): Scope {
  const known = scopes.get(machine)
  if (known !== undefined) return known
  const self = createActor(machine, { input: { chain: '', source: '', nodes: 0 } })
  const nothing = () => undefined
  const scope: Scope = {
    self,
    id: '',
    sessionId: '',
    system: self.system,
    logger: nothing,
    defer: nothing,
    emit: nothing,
    stopChild: nothing,
    actionExecutor: nothing,
  }
  scopes.set(machine, scope)
  return scope
}

export function replay(from: Snapshot, events: readonly RunEvent[]): Snapshot {
  return events.reduce((snapshot, event) => advance(snapshot, event), from)
}

/** True when the event changes nothing: it has no edge here, or its guard refused. */
export function ignores(snapshot: Snapshot, event: RunEvent): boolean {
  return !snapshot.can(asMachineEvent(event))
}

function asMachineEvent(event: RunEvent): MigrateEvent {
  if (event.type === 'STEP_DONE')
    return { type: `xstate.done.actor.${event.step}`, output: event.output } as unknown as MigrateEvent
  if (event.type === 'STEP_FAILED')
    return { type: `xstate.error.actor.${event.step}`, error: event.failure } as unknown as MigrateEvent
  return event
}

const views = new WeakMap<Snapshot, StateView>()

/** A snapshot never changes, and is asked for its view again and again. */
export function viewOf(snapshot: Snapshot): StateView {
  const known = views.get(snapshot) ?? viewed(snapshot)
  views.set(snapshot, known)
  return known
}

function viewed(snapshot: Snapshot): StateView {
  const path = pathOf(snapshot.value)
  const meta = Object.values(snapshot.getMeta() as Record<string, Meta | undefined>).find((one) => one?.says)
  const node = snapshot._nodes.find((one) => one.path.join('.') === path)
  const src = node?.invoke[0]?.src as string | undefined
  return {
    path,
    phase: meta?.phase ?? 'end',
    says: (meta?.says ?? path).replaceAll('{source}', snapshot.context.source),
    standing: standingIn(meta?.standing ?? 'unknown', snapshot.context.source),
    tags: snapshot.tags as ReadonlySet<Tag>,
    work: stepNames.find((name) => name === src) ?? null,
    gate: gates.find((gate) => path === `gate.${gate}`) ?? null,
    final: snapshot.status === 'done',
    context: snapshot.context,
  }
}

function pathOf(value: Snapshot['value']): string {
  if (typeof value === 'string') return value
  const [[parent, child] = ['', '']] = Object.entries(value)
  return `${parent}.${pathOf(child as Snapshot['value'])}`
}
