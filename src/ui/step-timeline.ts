import type { StepReport } from '../run/api.ts'
import type { FullReport } from '../run/full-report.ts'
import { duration } from './figures.ts'
import { type Html, html, nothing } from './html.ts'

/** A stretch of the run with a scale of its own: an hour of seeding and a window of seconds do not fit on one. */
interface Stretch {
  readonly title: string
  readonly steps: StepReport[]
}

const titles = {
  before: 'Before the window: the chain runs',
  window: 'The window',
  after: 'After the point of no return: the cluster runs',
  back: 'The way back to the single sequencer',
  rollback: 'The rollback',
} as const

/** The steps in their order, each as a bar on the scale of its stretch. */
export function stepTimeline(full: Pick<FullReport, 'report' | 'window'>): Html {
  const { steps } = full.report
  if (steps.length === 0) return html`<p>No step was begun.</p>`
  return html`${stretchesOf(steps).map((one) => stretchOf(one, full))}`
}

function stretchesOf(steps: readonly StepReport[]): Stretch[] {
  const stretches: Stretch[] = []
  for (const step of steps) {
    const title = titles[kindOf(step.state)]
    const last = stretches.at(-1)
    if (last?.title === title && last.steps[0]?.attempt === step.attempt) last.steps.push(step)
    else stretches.push({ title, steps: [step] })
  }
  return stretches
}

function kindOf(state: string): keyof typeof titles {
  if (state.startsWith('abort.')) return 'back'
  if (state.startsWith('rollback.') || state === 'gate.rollback') return 'rollback'
  if (state.startsWith('window.') || state.startsWith('commit.') || state === 'gate.commit') return 'window'
  return ['verifyElection', 'soak', 'gate.finish', 'finish'].includes(state) ? 'after' : 'before'
}

function stretchOf(
  { title, steps }: Stretch,
  { report, window }: Pick<FullReport, 'report' | 'window'>,
): Html {
  const fromMs = Date.parse(steps[0]?.startedAt ?? '')
  const toMs = Math.max(fromMs + 1, ...steps.map((step) => Date.parse(step.startedAt) + step.durationMs))
  const percent = (ms: number) => Math.round((ms / (toMs - fromMs)) * 1_000) / 10
  const many = report.attempt > 1 ? `, attempt ${steps[0]?.attempt ?? 1}` : ''
  const rows = steps.map((step) => {
    const left = Math.min(99, percent(Date.parse(step.startedAt) - fromMs))
    const width = Math.min(100 - left, percent(step.durationMs))
    return html`<li class="${step.ok ? 'ok' : 'failed'}"><span class="says">${step.says} <small>${step.state}${step.ok ? '' : ', failed'}</small></span>
<span class="track"><i style="left:${left}%;width:${width}%"></i></span><span class="took">${duration(step.durationMs)}</span></li>`
  })
  const still = standstill(window, { fromMs, toMs, percent })
  return html`<h3>${title}${many}</h3>
<p class="note">from ${clock(fromMs)} UTC, ${duration(toMs - fromMs)} in all</p>
<ol class="steps">${still}${rows}</ol>`
}

/** The time without blocks as a bar of its own, in the stretch it lies in. */
function standstill(
  window: FullReport['window'],
  stretch: { fromMs: number; toMs: number; percent: (ms: number) => number },
): Html {
  const [last, first] = [window?.lastBlockTimeMs ?? null, window?.firstBlockTimeMs ?? null]
  const { fromMs, toMs, percent } = stretch
  if (last === null || first === null || last > toMs || first < fromMs) return nothing
  const left = percent(Math.max(0, last - fromMs))
  const width = Math.min(100 - left, percent(Math.min(first, toMs) - Math.max(last, fromMs)))
  return html`<li class="still"><span class="says">no block: the chain stands still</span>
<span class="track"><i style="left:${left}%;width:${width}%"></i></span><span class="took">${duration(first - last)}</span></li>`
}

const clock = (ms: number) => new Date(ms).toISOString().slice(11, 19)
