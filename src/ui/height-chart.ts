import type { FullReport, NodeHeights, Window } from '../run/full-report.ts'
import { duration } from './figures.ts'
import { type Html, html, nothing } from './html.ts'

/** What of the run is drawn: the window with this much around it, in ms. */
const aroundMs = 15_000
const [wide, high] = [1_000, 100]

interface Span {
  readonly fromMs: number
  readonly toMs: number
}

interface Scale {
  readonly x: (atMs: number) => number
  readonly y: (height: number) => number
}

type Drawn = Pick<FullReport, 'heights' | 'window' | 'source' | 'report'>

/** Block height by time, one lane a node, the gap marked through all of them. */
export function heightChart(full: Drawn): Html {
  const nodes = withLastBlock(full)
  const all = nodes.flatMap(({ points }) => points)
  if (all.length < 2) return html`<p>No heights were recorded in this run.</p>`
  const span = spanOf(
    full.window,
    all.map(([atMs]) => atMs),
  )
  const within = nodes.map((one) => clipped(one, span))
  const heights = within.flatMap(({ points }) => points.map(([, height]) => height))
  const [least, most] = [Math.min(...heights), Math.max(...heights)]
  const scale: Scale = {
    x: (atMs) => round(((atMs - span.fromMs) / (span.toMs - span.fromMs)) * wide),
    y: (height) => round(high - 8 - ((height - least) / Math.max(1, most - least)) * (high - 16)),
  }
  const zeroMs = full.window?.lastBlockTimeMs ?? span.fromMs
  return html`<figure class="chart">
<figcaption>${caption(full)} Heights ${least} to ${most}.</figcaption>
${within.map((one) => lane(one, scale, full.window))}
<div class="axis">${ticks(span, zeroMs).map((tick) => tickOf(tick, scale, zeroMs))}</div>
<p class="note">Seconds ${full.window?.lastBlockTimeMs === null || full.window === null ? 'since the first point' : 'from the last block of the single sequencer'}. Heights are as this workstation read them; the gap is told by the blocks' own times.</p>
</figure>`
}

function caption({ window, report }: Drawn): string {
  if (report.gapMs !== null && window !== null)
    return `The chain stood still for ${duration(report.gapMs)} (marked).`
  return 'Each step is a block that was seen.'
}

/** The last block of the single sequencer is known by its own time, whoever was looking then. */
function withLastBlock({ heights, window, source, report }: Drawn): NodeHeights[] {
  const atMs = window?.lastBlockTimeMs ?? null
  const height = report.lastOldHeight
  return heights.map((one) => {
    if (one.node !== source || atMs === null || height === null) return one
    const before = one.points.filter(([ms]) => ms < atMs)
    const after = one.points.filter(([ms]) => ms > atMs)
    return { node: one.node, points: [...before, [atMs, height] as const, ...after] }
  })
}

function spanOf(window: Window | null, times: readonly number[]): Span {
  const [first, last] = [Math.min(...times), Math.max(...times)]
  const begin = window?.lastBlockTimeMs ?? window?.stopAtMs ?? null
  if (begin === null) return { fromMs: first, toMs: Math.max(last, first + 1_000) }
  const end = window?.firstBlockTimeMs ?? last
  const fromMs = Math.max(first, begin - aroundMs)
  return { fromMs, toMs: Math.max(Math.min(last, end + aroundMs), end, fromMs + 1_000) }
}

/** The points inside the span, and the one that holds at its edge. */
function clipped({ node, points }: NodeHeights, { fromMs, toMs }: Span): NodeHeights {
  const before = points.findLast(([atMs]) => atMs < fromMs)
  const inside = points.filter(([atMs]) => atMs >= fromMs && atMs <= toMs)
  return { node, points: before === undefined ? inside : [[fromMs, before[1]], ...inside] }
}

function lane({ node, points }: NodeHeights, { x, y }: Scale, window: Window | null): Html {
  const line = lineOf(points, { x, y }, window)
  const last = points.at(-1)
  const said = last === undefined ? 'not seen in this span' : `to ${last[1]}`
  return html`<div class="lane"><span class="who">${node} <small>${said}</small></span>
<svg viewBox="0 0 ${wide} ${high}" preserveAspectRatio="none" role="img" aria-label="${node}: block height by time, ${said}">${gapOf(window, x)}<path class="line" d="${line}"/></svg></div>`
}

/** A step for each block; a straight line where several came unseen, but never across the gap: there was none. */
function lineOf(points: NodeHeights['points'], { x, y }: Scale, window: Window | null): string {
  const gapMs = window?.firstBlockTimeMs ?? Number.POSITIVE_INFINITY
  return points
    .map(([atMs, height], i) => {
      const before = points[i - 1]
      if (before === undefined) return `M${x(atMs)} ${y(height)}`
      const unseen = height - before[1] > 1 && (atMs < gapMs || before[0] >= gapMs)
      return unseen ? `L${x(atMs)} ${y(height)}` : `H${x(atMs)}V${y(height)}`
    })
    .join('')
}

function gapOf(window: Window | null, x: Scale['x']): Html {
  if (window === null || window.lastBlockTimeMs === null || window.firstBlockTimeMs === null) return nothing
  const left = x(window.lastBlockTimeMs)
  const width = round(x(window.firstBlockTimeMs) - left)
  return html`<rect class="gap" x="${left}" y="0" width="${width}" height="${high}"/>`
}

const niceSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600, 86_400]
const ticksMax = 5

/** Round seconds from zero, few enough for a phone; epoch ms. */
function ticks({ fromMs, toMs }: Span, zeroMs: number): number[] {
  const seconds = (toMs - fromMs) / 1_000
  const step = 1_000 * (niceSteps.find((one) => seconds / one <= ticksMax) ?? Math.ceil(seconds / ticksMax))
  const first = zeroMs + Math.ceil((fromMs - zeroMs) / step) * step
  const count = Math.floor((toMs - first) / step) + 1
  return Array.from({ length: Math.max(0, count) }, (_, i) => first + i * step)
}

function tickOf(atMs: number, { x }: Scale, zeroMs: number): Html {
  const seconds = Math.round((atMs - zeroMs) / 1_000)
  const left = x(atMs) / (wide / 100)
  const side = left > 92 ? 'end' : left < 8 ? 'start' : 'mid'
  return html`<span class="${side}" style="left:${round(left)}%">${seconds > 0 ? `+${seconds}` : seconds} s</span>`
}

const round = (value: number) => Math.round(value * 10) / 10
