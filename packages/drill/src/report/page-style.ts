/** The look of the report: light or dark as the reader's system is, fit for a telephone and for paper. */
export const pageStyle: string = `
:root{color-scheme:light dark;--text:#1b1f24;--soft:#5b6470;--ground:#fff;--panel:#f5f7f9;--line:#d6dbe1;--good:#2e7d4f;--fill:#8fc7a5;--warn:#b7791f;--warm:#e3a540;--shed:#7a5ea8;--bad:#c0392b;--plain:#2f6fb3;--band:#1b1f2414;--mark:#5b6470}
@media (prefers-color-scheme:dark){:root{--text:#e6e9ed;--soft:#a2abb6;--ground:#14171b;--panel:#1d2127;--line:#343b44;--good:#58b583;--fill:#2f6b4b;--warn:#e0a84e;--warm:#c08a2e;--shed:#b39ddb;--bad:#ef7365;--plain:#7db4ea;--band:#e6e9ed17;--mark:#a2abb6}}
*{box-sizing:border-box}body{margin:0;font:15px/1.5 system-ui,sans-serif;color:var(--text);background:var(--ground)}
header{border-top:6px solid var(--soft);background:var(--panel)}.inner,main,footer{max-width:64rem;margin:0 auto;padding:1rem 1.25rem}
header.passed{border-color:var(--good)}header.failed{border-color:var(--bad)}header.partial{border-color:var(--warn)}
h1{margin:.25rem 0;font-size:2rem}h2{margin:2.2rem 0 .5rem;font-size:1.2rem}p{margin:.4rem 0}small,footer,figcaption,.nothing,caption{color:var(--soft)}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(14rem,1fr));gap:.5rem 1.5rem;margin:1rem 0 0}dt{color:var(--soft);font-size:.85em}dd{margin:0;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}.scroll{overflow-x:auto}th,td{padding:.35rem .6rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}thead th{color:var(--soft);font-weight:600;white-space:nowrap}
.criteria td:nth-child(2){width:34%}.criteria td:nth-child(3),.criteria td:nth-child(4){white-space:nowrap}
.badge{display:inline-block;padding:0 .5em;border-radius:.7em;border:1px solid currentColor;font-size:.85em;white-space:nowrap}.pass .badge{color:var(--good)}.fail .badge{color:var(--bad)}.inconclusive .badge{color:var(--warn)}
figure{margin:1.2rem 0}svg{width:100%;min-width:40rem;height:auto;display:block}.line{fill:none;stroke-width:1.6}.area{stroke:none}.grid{stroke:var(--line);stroke-width:1;stroke-opacity:.7}.tick,.name{fill:var(--soft);font-size:12px}.name{fill:var(--text)}.band{fill:var(--band)}.mark{fill:var(--mark)}
.area.good{fill:var(--fill)}.area.warn{fill:var(--warm)}.area.shed{fill:var(--shed)}.area.bad{fill:var(--bad)}.line.plain{stroke:var(--plain)}
.key{white-space:nowrap;margin-left:.6em}.key::before{content:"";display:inline-block;width:.8em;height:.8em;margin-right:.3em;background:var(--line);border-radius:2px}.key.good::before{background:var(--fill)}.key.warn::before{background:var(--warm)}.key.shed::before{background:var(--shed)}.key.bad::before{background:var(--bad)}
.state{fill:var(--line)}.state.closed,.state.disabled,.state.level0{fill:var(--fill)}.state.halfOpen,.state.level1{fill:var(--warm)}.state.open,.state.isolated,.state.level3,.state.level4{fill:var(--bad)}.state.level2{fill:color-mix(in srgb,var(--warm),var(--bad))}
ul,ol{margin:0;padding-left:1.1rem}.plain{list-style:none;padding:0}.asked{white-space:nowrap}.missed{color:var(--bad)}pre{overflow:auto;max-height:20rem;padding:.5rem;background:var(--panel);font-size:12px}code{overflow-wrap:anywhere}details{margin:.6rem 0}td details{margin:0}summary{cursor:pointer;color:var(--soft)}
@media (max-width:44rem){.stacks thead{display:none}.stacks tr{display:block;padding:.6rem 0;border-bottom:1px solid var(--line)}.stacks td{display:block;border:0;padding:.05rem 0}.stacks td[data-name]:empty{display:none}.criteria td:nth-child(-n+2){display:inline;width:auto}.criteria .badge{margin-right:.5em}dl{grid-template-columns:repeat(auto-fill,minmax(9rem,1fr))}td[data-name]::before{content:attr(data-name) ": ";color:var(--soft)}}
@media print{details{display:none}svg{min-width:0}}
`
