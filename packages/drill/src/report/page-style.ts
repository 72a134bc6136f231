/** The look of the report: light or dark as the reader's system is, and fit for paper. */
export const pageStyle: string = `
:root{color-scheme:light dark;--text:#1b1f24;--soft:#5b6470;--ground:#fff;--panel:#f5f7f9;--line:#d6dbe1;--good:#2e7d4f;--warn:#b7791f;--shed:#7a5ea8;--bad:#c0392b;--plain:#2f6fb3;--band:#1b1f2433}
@media (prefers-color-scheme:dark){:root{--text:#e6e9ed;--soft:#a2abb6;--ground:#14171b;--panel:#1d2127;--line:#343b44;--good:#58b583;--warn:#e0a84e;--shed:#b39ddb;--bad:#ef7365;--plain:#7db4ea;--band:#e6e9ed33}}
*{box-sizing:border-box}body{margin:0;font:15px/1.5 system-ui,sans-serif;color:var(--text);background:var(--ground)}
header,main,footer{max-width:62rem;margin:0 auto;padding:1rem 1.25rem}header{border-top:6px solid var(--soft)}
header.passed{border-color:var(--good)}header.failed{border-color:var(--bad)}header.partial{border-color:var(--warn)}
h1{margin:.25rem 0;font-size:2rem}h2{margin:2rem 0 .5rem;font-size:1.2rem}p{margin:.4rem 0}small,footer,figcaption,.nothing,caption{color:var(--soft)}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(14rem,1fr));gap:.5rem 1.5rem;margin:1rem 0}dt{color:var(--soft);font-size:.85em}dd{margin:0;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}.scroll{overflow-x:auto}th,td{padding:.35rem .6rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}thead th{color:var(--soft);font-weight:600;white-space:nowrap}
td:nth-child(3),td:nth-child(4){white-space:nowrap}.badge{display:inline-block;padding:0 .5em;border-radius:.7em;border:1px solid currentColor;font-size:.85em}.pass .badge{color:var(--good)}.fail .badge{color:var(--bad)}.inconclusive .badge{color:var(--warn)}
figure{margin:1rem 0}svg{width:100%;height:auto;display:block}.line{fill:none;stroke-width:1.5}.area{stroke:none}.grid{stroke:var(--line);stroke-width:1}.tick{fill:var(--soft);font-size:11px}.band{fill:var(--band)}
.area.good{fill:var(--good)}.area.warn{fill:var(--warn)}.area.shed{fill:var(--shed)}.area.bad{fill:var(--bad)}.line.plain{stroke:var(--plain)}
.key{white-space:nowrap}.key.good::before,.key.warn::before,.key.shed::before,.key.bad::before{content:"";display:inline-block;width:.8em;height:.8em;margin-right:.3em;background:currentColor;border-radius:2px}.key.good{color:var(--good)}.key.warn{color:var(--warn)}.key.shed{color:var(--shed)}.key.bad{color:var(--bad)}
.strips th{width:10rem;font-weight:400}.strips caption{text-align:left}.strip{height:14px}.state{fill:var(--soft)}.state.closed,.state.disabled,.state.level0{fill:var(--good)}.state.halfOpen,.state.level1{fill:var(--warn)}.state.open,.state.isolated,.state.level3,.state.level4{fill:var(--bad)}.state.level2{fill:color-mix(in srgb,var(--warn),var(--bad))}
ul{margin:0;padding-left:1.1rem}.missed{color:var(--bad)}pre{overflow:auto;max-height:20rem;padding:.5rem;background:var(--panel);font-size:12px}code{overflow-wrap:anywhere}
@media print{details{display:none}}
`
