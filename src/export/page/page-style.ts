/** The look of a report: light and dark by the reader's system, one column on a phone, ink-saving on paper. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --ink:#1b1f24; --soft:#57606a; --paper:#fff; --raised:#f6f8fa; --line:#d0d7de;
  --accent:#0b5cad; --bad:#b3261e; --bad-paper:#fdecea; --warn:#7a4d00; --warn-paper:#fff4d6; --good:#1a6b34;
  --mark:#fff1b8; --mono: ui-monospace, SFMono-Regular, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
@media (prefers-color-scheme: dark) { :root { --ink:#e6edf3; --soft:#9aa7b4; --paper:#0e1116; --raised:#171b22;
  --line:#313945; --accent:#79b8ff; --bad:#ff9a90; --bad-paper:#3a1513; --warn:#f2c55c; --warn-paper:#33270a;
  --good:#7ee2a0; --mark:#4a3d0c; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, "Segoe UI", Roboto, "Noto Sans",
  "DejaVu Sans", sans-serif; overflow-wrap: anywhere; }
.skip { position: absolute; left: -999px; } .skip:focus { left: 1rem; top: 1rem; background: var(--paper); padding: .5rem 1rem; }
header, main, footer { max-width: 66rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2rem; }
.kicker { color: var(--soft); font-size: .875rem; margin: 0 0 .75rem; }
h1 { font-size: 1.75rem; line-height: 1.25; margin: 0 0 .75rem; font-weight: 650; }
h1 .place { display: block; font: 500 1.05rem/1.4 var(--mono); color: var(--accent); margin-top: .35rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; padding-top: 1.25rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
.badge { display: inline-block; padding: .1rem .6rem; border-radius: 1rem; font-size: .8125rem; font-weight: 600;
  vertical-align: .2em; margin-left: .5rem; border: 1px solid currentColor; white-space: nowrap; }
.high { color: var(--bad); background: var(--bad-paper); } .medium { color: var(--warn); background: var(--warn-paper); }
.low { color: var(--soft); } .good { color: var(--good); }
.summary { font-size: 1.125rem; margin: 0 0 1rem; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: .4rem 1.5rem; margin: 1rem 0; }
.facts div { min-width: 0; } dt { color: var(--soft); font-size: .8125rem; } dd { margin: 0; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1rem; padding: 0; margin: 1rem 0 0; font-size: .9375rem; }
a { color: var(--accent); text-underline-offset: .15em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
.next { border-left: 4px solid var(--accent); background: var(--raised); padding: .75rem 1rem; margin: 1rem 0; border-radius: 0 6px 6px 0; }
.note { border-left: 4px solid var(--warn); background: var(--warn-paper); padding: .6rem 1rem; margin: .75rem 0; border-radius: 0 6px 6px 0; }
.soft { color: var(--soft); } ul.plain { padding-left: 1.2rem; margin: .5rem 0; }
code, pre, .mono { font-family: var(--mono); font-size: .875em; }
pre { margin: .4rem 0 1rem; padding: .6rem 0; background: var(--raised); border: 1px solid var(--line); border-radius: 6px;
  overflow-x: auto; line-height: 1.5; tab-size: 2; overflow-wrap: normal; }
pre span { display: block; padding: 0 .75rem; white-space: pre; min-width: max-content; } pre .here { background: var(--mark); font-weight: 600; }
.frame { margin: .75rem 0 0; } .frame .by { color: var(--soft); }
.scroll { overflow-x: auto; } .scroll th, .scroll td { overflow-wrap: break-word; } table { border-collapse: collapse; width: 100%; font-size: .875rem; }
th, td { text-align: left; padding: .35rem .9rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--soft); font-weight: 600; white-space: nowrap; } td.num, th.num { text-align: right; white-space: nowrap; }
details { margin: .25rem 0; } summary { cursor: pointer; padding: .15rem 0; }
details details, .leaf { margin-left: 1.1rem; padding-left: .6rem; border-left: 1px solid var(--line); }
.leaf { padding-top: .1rem; padding-bottom: .1rem; } .count { color: var(--bad); font-weight: 600; } .waits { color: var(--soft); }
.tools { display: flex; flex-wrap: wrap; gap: .5rem; margin: .75rem 0; align-items: center; }
input, button { font: inherit; font-size: .9375rem; color: var(--ink); background: var(--paper); border: 1px solid var(--line);
  border-radius: 6px; padding: .4rem .7rem; } input { flex: 1 1 14rem; min-width: 0; } button { cursor: pointer; }
.hit > summary, .leaf.hit { background: var(--mark); } .out { display: none; }
svg { width: 100%; min-width: 34rem; height: auto; display: block; } svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
svg .soft { fill: var(--soft); } svg .silent { fill: var(--bad); opacity: .75; } svg .calm { fill: var(--good); opacity: .6; }
svg .axis { stroke: var(--line); } svg .look { stroke: var(--accent); stroke-width: 2; } figure { margin: 0; }
iframe { width: 100%; height: 30rem; border: 1px solid var(--line); border-radius: 6px; background: #fff; }
footer { color: var(--soft); font-size: .875rem; padding-top: 2rem; padding-bottom: 3rem; }
@media (max-width: 40rem) { body { font-size: 15px; } h1 { font-size: 1.4rem; }
  header, main, footer { padding-left: 1rem; padding-right: 1rem; } iframe { height: 24rem; }
  .facts { grid-template-columns: 1fr 1fr; } }
@media print { body { background: #fff; color: #000; font-size: 10.5pt; } nav, .tools, iframe, .skip { display: none; }
  h2 { break-after: avoid; } pre, .frame, tr { break-inside: avoid; } pre span { white-space: pre-wrap; min-width: 0; } }
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
`
