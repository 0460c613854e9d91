/** The page's whole style: light and dark, a phone, paper. It names no file and no font that is not there. */
export const reportStyle = `
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --paper: #fff; --card: #f6f8fa; --edge: #d0d7de;
  --line: #0b62c4; --good: #1a7f37; --bad: #b3261e; --gap: #f6c9c5; --warn: #7a5200; --bar: #5b9bd5; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --soft: #9aa4af; --paper: #0d1117; --card: #161b22; --edge: #30363d;
    --line: #79b8ff; --good: #56d364; --bad: #ff8f87; --gap: #5c2522; --warn: #e3b341; --bar: #388bfd; }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; padding: 1rem; max-width: 60rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .5rem 0; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; padding-top: .6rem; border-top: 1px solid var(--edge); }
h3 { font-size: 1rem; margin: 1.2rem 0 .2rem; }
p { margin: .4rem 0; }
small, .note { color: var(--soft); font-size: .85rem; }
code, pre { font: .85rem/1.45 ui-monospace, monospace; }
pre { margin: .4rem 0; padding: .6rem; background: var(--card); border: 1px solid var(--edge); border-radius: 6px;
  white-space: pre-wrap; }
.banner { padding: .6rem .8rem; border: 1px solid var(--edge); border-left: 6px solid var(--warn); border-radius: 6px;
  background: var(--card); margin: .8rem 0; }
.banner.bad { border-left-color: var(--bad); } .banner.good { border-left-color: var(--good); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .5rem; padding: 0; margin: .8rem 0; }
.tiles div { background: var(--card); border: 1px solid var(--edge); border-radius: 6px; padding: .5rem .7rem; }
.tiles dt { color: var(--soft); font-size: .85rem; } .tiles dd { margin: 0; font-weight: 600; }
.tiles dd.bad { color: var(--bad); }
.rows { margin: .4rem 0; display: grid; grid-template-columns: minmax(7rem, 14rem) 1fr; gap: .15rem .8rem; }
.rows dt { color: var(--soft); } .rows dd { margin: 0; }
.steps { list-style: none; margin: .4rem 0; padding: 0; }
.steps li { display: grid; grid-template-columns: 1fr 40% 5.5rem; gap: 0 .8rem; align-items: center;
  padding: .2rem 0; border-bottom: 1px solid var(--edge); }
.track { position: relative; height: .8rem; background: var(--card); border-radius: 3px; }
.track i { position: absolute; top: 0; bottom: 0; min-width: 3px; background: var(--bar); border-radius: 3px; }
.failed .track i { background: var(--bad); } .failed .says small { color: var(--bad); }
.still .track i { background: var(--bad); opacity: .55; } .still .says { font-weight: 600; }
.took { text-align: right; font-variant-numeric: tabular-nums; }
.chart { margin: .6rem 0; }
.chart figcaption { margin-bottom: .4rem; }
.lane { display: grid; grid-template-columns: 8.5rem 1fr; align-items: center; margin-bottom: 3px; }
.lane svg { display: block; width: 100%; height: 46px; background: var(--card); border: 1px solid var(--edge); }
.lane .gap { fill: var(--gap); }
.lane .line { fill: none; stroke: var(--line); stroke-width: 2; vector-effect: non-scaling-stroke; }
.axis { position: relative; height: 1.4rem; margin-left: 8.5rem; font-size: .85rem; color: var(--soft); }
.axis span { position: absolute; white-space: nowrap; } .axis .mid { transform: translateX(-50%); }
.axis .end { transform: translateX(-100%); }
details { border: 1px solid var(--edge); border-radius: 6px; padding: .3rem .7rem; margin: .4rem 0; }
summary { cursor: pointer; font-weight: 600; }
.commands { padding-left: 0; list-style: none; margin: .4rem 0; }
.commands > li { padding: .4rem 0; border-top: 1px solid var(--edge); }
.commands pre { margin: .2rem 0; padding: .3rem .5rem; }
.mutates { color: var(--warn); font-weight: 600; } .exit-bad { color: var(--bad); font-weight: 600; }
ul { padding-left: 1.2rem; }
@media (max-width: 40rem) {
  body { padding: .7rem; }
  .rows { grid-template-columns: 1fr; gap: 0; } .rows dd { margin-bottom: .4rem; }
  .steps li { grid-template-columns: 1fr 5rem; } .steps .says { grid-column: 1 / -1; }
  .lane { grid-template-columns: 1fr; } .axis { margin-left: 0; }
}
@media print {
  :root { color-scheme: light; --ink: #000; --soft: #444; --paper: #fff; --card: #f4f4f4; --edge: #bbb;
    --line: #0b4a94; --good: #1a6b2f; --bad: #a01a12; --gap: #f2c4bf; --warn: #6a4700; --bar: #6c9cc9; }
  @page { margin: 14mm; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  h2, h3, h3 + p, summary { break-after: avoid; }
  .steps li, .lane, .tiles div, .commands > li, .banner { break-inside: avoid; }
  .track, .track i, .lane svg, .gap, .banner, .tiles div, pre { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  details { border: 0; padding: 0; } details::details-content { content-visibility: visible; height: auto; }
  pre { font-size: 7.5pt; }
}
`
