/** The files of the dashboard. Made by page/build.ts; do not edit. uPlot is © Leon Sorokin, MIT: see its notice in uplot.js. */

/** A file to serve. */
export interface DashboardAsset {
  readonly contentType: string
  readonly body: string
}

/** By name: `index.html` belongs to the path of the dashboard itself, which ends in a slash; the others below it. */
export const dashboardAssets: Readonly<Record<string, DashboardAsset>> = {
  'index.html': {
    contentType: 'text/html; charset=utf-8',
    body: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>Reliability</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="ui/dashboard.css">
<script type="module" src="ui/dashboard.js"></script>
</head>
<body>
<svg class="symbols" aria-hidden="true">
<symbol id="icon-closed" viewBox="0 0 16 16"><circle cx="8" cy="8" r="6"/></symbol>
<symbol id="icon-open" viewBox="0 0 16 16"><path d="M5.2 1.5h5.6l3.7 3.7v5.6l-3.7 3.7H5.2l-3.7-3.7V5.2z"/><path class="cut" d="M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2"/></symbol>
<symbol id="icon-halfOpen" viewBox="0 0 16 16"><path class="line" d="M8 1.8L14.2 8 8 14.2 1.8 8z"/><path d="M8 1.8V14.2L1.8 8z"/></symbol>
<symbol id="icon-isolated" viewBox="0 0 16 16"><path d="M2 2h12v12H2z"/><path class="cut" d="M5 8h6"/></symbol>
<symbol id="icon-disposed" viewBox="0 0 16 16"><circle class="line" cx="8" cy="8" r="5.5"/></symbol>
<symbol id="icon-pass" viewBox="0 0 16 16"><circle cx="8" cy="8" r="6.5"/><path class="cut" d="M4.8 8.2l2.3 2.3 4.2-4.6"/></symbol>
<symbol id="icon-warn" viewBox="0 0 16 16"><path d="M8 1.2L15.4 14.4H.6z"/><path class="cut" d="M8 5.8v4.2M8 11.4v1.4"/></symbol>
<symbol id="icon-fail" viewBox="0 0 16 16"><path d="M5.2 1.5h5.6l3.7 3.7v5.6l-3.7 3.7H5.2l-3.7-3.7V5.2z"/><path class="cut" d="M8 4.2v4.6M8 10.4v1.5"/></symbol>
<symbol id="icon-unknown" viewBox="0 0 16 16"><circle class="line" cx="8" cy="8" r="6"/><path class="line" d="M6.2 6.4a1.9 1.9 0 1 1 2.6 1.8c-.5.2-.8.5-.8 1.1M8 11v1"/></symbol>
</svg>

<a class="skip" href="#main">Skip to the content</a>

<header class="top">
<div class="brand">
<h1>Reliability</h1>
<p id="service"></p>
</div>
<div class="connection">
<p id="connection"></p>
<button type="button" id="retry-now" hidden>Try now</button>
</div>
<div class="controls" id="controls" hidden>
<button type="button" id="pause" aria-pressed="false">Pause</button>
<label><span class="quiet">Theme</span>
<select id="theme"><option value="auto">System</option><option value="light">Light</option><option value="dark">Dark</option></select></label>
<label><span class="quiet">Density</span>
<select id="density"><option value="comfortable">Normal</option><option value="compact">Compact</option></select></label>
<button type="button" id="leave">Sign out</button>
</div>
</header>

<main id="main" tabindex="-1">
<form id="login" class="login" hidden>
<h2>Sign in</h2>
<p>This page shows what the service tells to those who have a token.</p>
<label for="token">Token</label>
<input id="token" type="password" autocomplete="current-password" required spellcheck="false" aria-describedby="login-error">
<p id="login-error" class="error" role="alert"></p>
<button type="submit" class="primary">Sign in</button>
<p class="quiet">The token stays in this tab and is forgotten when you close it.</p>
</form>

<div id="board" hidden>
<section id="banner" class="banner" aria-label="Service level"></section>
<nav aria-label="Sections"><ul id="jump" class="jump"></ul></nav>
<section aria-label="Key figures"><dl id="figures" class="figures"></dl></section>
</div>
<noscript><p class="login">This page needs JavaScript.</p></noscript>
</main>

<div id="notes" class="notes"></div>
<p id="announcer" class="unseen" role="status" aria-live="polite"></p>
</body>
</html>
`,
  },
  'ui/dashboard.css': {
    contentType: 'text/css; charset=utf-8',
    body: `.uplot,.uplot *,.uplot *:before,.uplot *:after{box-sizing:border-box}.uplot{font-family:system-ui,-apple-system,Segoe UI,Roboto,Helvetica Neue,Arial,Noto Sans,sans-serif,"\\
Apple Color Emoji","Segoe UI Emoji",Segoe UI Symbol,"Noto Color Emoji";line-height:1.5;width:min-content}.u-title{text-align:center;font-size:18px;font-weight:700}
.u-wrap{position:relative;-webkit-user-select:none;user-select:none}.u-over,.u-under{position:absolute}.u-under{overflow:hidden}.uplot canvas{display:block;position:relative;
width:100%;height:100%}.u-axis{position:absolute}.u-legend{font-size:14px;margin:auto;text-align:center}.u-inline{display:block}.u-inline *{display:inline-block}
.u-inline tr{margin-right:16px}.u-legend th{font-weight:600}.u-legend th>*{vertical-align:middle;display:inline-block}.u-legend .u-marker{width:1em;height:1em;margin-right:4px;
background-clip:padding-box!important}.u-inline.u-live th:after{content:":";vertical-align:middle}.u-inline:not(.u-live) .u-value{display:none}.u-series>*{padding:4px}
.u-series th{cursor:pointer}.u-legend .u-off>*{opacity:.3}.u-select{background:#00000012;position:absolute;pointer-events:none}.u-cursor-x,.u-cursor-y{position:absolute;
left:0;top:0;pointer-events:none;will-change:transform}.u-hz .u-cursor-x,.u-vt .u-cursor-y{height:100%;border-right:1px dashed #607D8B}.u-hz .u-cursor-y,.u-vt .u-cursor-x{
width:100%;border-bottom:1px dashed #607D8B}.u-cursor-pt{position:absolute;top:0;left:0;border-radius:50%;border:0 solid;pointer-events:none;will-change:transform;
background-clip:padding-box!important}.u-axis.u-off,.u-select.u-off,.u-cursor-x.u-off,.u-cursor-y.u-off,.u-cursor-pt.u-off{display:none}:root{color-scheme:light dark;--ground: light-dark(#f3f5f7, #0d1117);--panel: light-dark(#ffffff, #161b22);--text: light-dark(#15191e, #e4e9ef);--quiet: light-dark(#545d68,
#9ba6b2);--line: light-dark(#d8dde3, #2c343e);--edge: light-dark(#7d8793, #77828f);--accent: light-dark(#0b57b0, #79b4ff);--on-accent: light-dark(#ffffff, #08131f);
--good: light-dark(#1a7037, #56c271);--warn: light-dark(#865300, #e6b23c);--warn-faint: light-dark(#fbecd0, #3a2b08);--bad: light-dark(#b3261e, #ff857c);--bad-faint:
light-dark(#fbdedb, #48191a);--held: light-dark(#6a3ab2, #c6a2ff);--calls: light-dark(#3d6f9e, #7fb1dd);--cell: .45rem;--gap: 1rem;--size: .9375rem}:root[data-theme=light]{
color-scheme:light}:root[data-theme=dark]{color-scheme:dark}@media(prefers-contrast:more){:root{--line: var(--edge);--quiet: var(--text)}}:root[data-density=compact]{
--cell: .2rem;--gap: .6rem;--size: .8125rem}*,*:before,*:after{box-sizing:border-box}html{font:var(--size) / 1.4 system-ui,-apple-system,"Segoe UI",Roboto,"Noto\\
 Sans",sans-serif;font-variant-numeric:tabular-nums;color:var(--text);background:var(--ground);scroll-padding-top:4.5rem}body{margin:0}h1,h2,h3,p,dl,dd,ul,ol{margin:0;
padding:0}h1,h2{font-size:1.05rem}h3{font-size:.95rem;overflow-wrap:anywhere}ul,ol{list-style:none}a{color:var(--accent)}.quiet,.about,.more,dt{color:var(--quiet)}
.symbols{position:absolute;width:0;height:0}.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}.skip{position:absolute;
left:-100vw}.skip:focus{left:.5rem;top:.5rem;z-index:3;padding:.5rem 1rem;background:var(--panel)}:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
main:focus{outline:none}button,select,input{font:inherit;color:inherit}button,select,input:not([type=checkbox]){min-height:2rem;padding:.15rem .6rem;border:1px solid
var(--edge);border-radius:4px;background:var(--panel)}input:not([type=checkbox]),select{max-width:100%}input::placeholder{color:var(--quiet);opacity:1}input[type=checkbox]{
width:1.1rem;height:1.1rem;margin:0;accent-color:var(--accent)}button{cursor:pointer;white-space:nowrap}button:hover{background:var(--ground)}button.primary,button[aria-pressed=true]{
color:var(--on-accent);border-color:var(--accent);background:var(--accent)}button.danger{color:var(--bad);border-color:var(--bad)}button[aria-disabled=true]{color:var(--quiet);
border-style:dashed;cursor:default}button[aria-busy=true]:after{content:" …"}.field{display:inline-flex;align-items:center;gap:.4rem;min-width:0}.field>span{color:var(--quiet)}
.check{display:inline-flex;align-items:center;gap:.4rem;min-height:2rem}.box{display:inline-flex;min-width:1.5rem;min-height:1.5rem;align-items:center}.buttons,
.toolbar{display:flex;flex-wrap:wrap;align-items:center;gap:.4rem}.toolbar{margin:.5rem 0;gap:.6rem}.icon{width:1em;height:1em;flex:none;fill:currentColor}symbol
.cut{fill:none;stroke:var(--panel);stroke-width:1.8}symbol .line{fill:none;stroke:currentColor;stroke-width:1.6}dialog{width:min(30rem,calc(100vw - 2rem));max-height:calc(100vh
- 2rem);padding:1.25rem;border:1px solid var(--edge);border-radius:6px;color:var(--text);background:var(--panel);overflow:auto}dialog.wide{width:min(52rem,calc(100vw
- 2rem))}dialog::backdrop{background:#00000080}dialog form{display:grid;gap:.6rem}dialog h2{overflow-wrap:anywhere}dialog h3{margin:.9rem 0 .2rem}dialog p{overflow-wrap:anywhere}
dialog .buttons{justify-content:end;margin-top:.75rem}dialog li{overflow-wrap:anywhere}.pairs{display:grid;grid-template-columns:minmax(5rem,max-content) minmax(0,1fr);
gap:.15rem 1rem;margin-top:.6rem}.pairs dd{overflow-wrap:anywhere}pre{max-height:20rem;margin:0;padding:.6rem;overflow:auto;border:1px solid var(--line);background:var(--ground);
white-space:pre-wrap;overflow-wrap:anywhere}.notes{position:fixed;right:1rem;bottom:1rem;z-index:3;display:grid;gap:.5rem;width:min(26rem,calc(100vw - 2rem))}.note{
display:flex;justify-content:space-between;align-items:start;gap:.75rem;padding:.6rem .6rem .6rem 1rem;border:1px solid var(--edge);border-left:4px solid var(--good);
border-radius:4px;background:var(--panel);box-shadow:0 2px 10px #0003}.note p{align-self:center;min-width:0;overflow-wrap:anywhere}.note.bad{border-left-color:var(--bad)}
.top{position:sticky;top:0;z-index:2;display:flex;flex-wrap:wrap;align-items:center;gap:.4rem 1.25rem;padding:.5rem var(--gap);border-bottom:1px solid var(--line);
background:var(--panel)}.brand{display:flex;flex-wrap:wrap;align-items:baseline;gap:0 .75rem;min-width:0}.brand p{color:var(--quiet);overflow-wrap:anywhere}.connection{
display:flex;flex-wrap:wrap;align-items:center;gap:.5rem;margin-left:auto}.connection p:empty{display:none}.connection p:before{content:"";display:inline-block;
width:.6em;height:.6em;margin-right:.45em;border:2px solid currentColor;border-radius:50%}.connection p{color:var(--quiet)}.connection p[data-phase=live]{color:var(--good)}
.connection p[data-phase=live]:before{background:currentColor}.connection p[data-phase=lost],.connection p[data-phase=paused]{color:var(--warn);font-weight:600}
.connection p[data-phase=lost]:before,.connection p[data-phase=paused]:before{border-radius:0}.controls{display:flex;flex-wrap:wrap;align-items:center;gap:.4rem
.75rem}.login{display:grid;gap:.6rem;max-width:26rem;margin:12vh auto 0;padding:1.5rem}.login input{min-height:2.5rem}.error{color:var(--bad);font-weight:600}.error:empty{
display:none}#board{display:grid;grid-template-columns:minmax(0,1fr);align-items:start;gap:var(--gap);max-width:120rem;margin:0 auto;padding:var(--gap)}@media(min-width:70rem){
#board{grid-template-columns:repeat(2,minmax(0,1fr))}#board>:not(.half){grid-column:1 / -1}}.banner{display:flex;flex-wrap:wrap;align-items:center;gap:.3rem 2rem;
padding:.75rem 1rem;border:1px solid var(--line);border-left:6px solid var(--tone);border-radius:4px;background:var(--faint)}.banner .headline{display:flex;flex-wrap:wrap;
align-items:center;gap:.1rem .6rem;font-size:1.35rem;color:var(--tone)}.banner .service{color:var(--text)}.banner .details{display:flex;flex-wrap:wrap;gap:.1rem
1.5rem;min-width:0;overflow-wrap:anywhere}.banner .headline .icon .cut{stroke:var(--faint)}[data-tone=good]{--tone: var(--good);--faint: var(--panel)}[data-tone=warn]{
--tone: var(--warn);--faint: var(--warn-faint)}[data-tone=bad]{--tone: var(--bad);--faint: var(--bad-faint)}[data-tone=calls]{--tone: var(--calls)}[data-tone=ok],
[data-tone=none],[data-tone=plain]{--tone: var(--quiet)}.jump{display:flex;flex-wrap:wrap;gap:.1rem 1.1rem}.jump a{display:inline-block;padding:.15rem 0;min-height:1.5rem}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.2rem,1fr));gap:1px;border:1px solid var(--line);border-radius:4px;background:var(--panel);overflow:hidden}
.figures>div{box-shadow:0 0 0 1px var(--line);padding:calc(var(--cell) + .2rem) .8rem;background:var(--panel)}.figures .value{font-size:1.5rem;line-height:1.25;
font-weight:600}.figures .value[data-tone]{color:var(--tone)}.figures .more{font-size:.85em}.panel{min-width:0;padding:.8rem 1rem 1rem;border:1px solid var(--line);
border-radius:4px;background:var(--panel)}.panel-head{display:flex;flex-wrap:wrap;align-items:center;gap:.4rem 1.25rem;min-height:2rem;margin-bottom:.6rem}.panel-head
h2{margin-right:auto}.panel h3{margin:.9rem 0 .3rem}.empty{padding:.4rem 0;color:var(--quiet)}#board[data-old] .panel,#board[data-old] .figures{border-style:dashed;
border-color:var(--warn)}.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(19.5rem,100%),1fr));gap:.75rem}.card{display:grid;grid-template-columns:minmax(0,1fr);
align-content:start;gap:calc(var(--cell) * .9);padding:.65rem .8rem;border:1px solid var(--line);border-left:4px solid var(--tone, var(--edge));border-radius:4px}
[data-state=closed],[data-status=pass]{--tone: var(--good)}[data-state=open],[data-status=fail],[data-status=unknown]{--tone: var(--bad)}[data-state=halfOpen],[data-status=warn]{
--tone: var(--warn)}[data-state=isolated]{--tone: var(--held)}[data-status=off],[data-state=disposed]{--tone: var(--quiet)}.card-head{display:flex;justify-content:space-between;
gap:.75rem}.card h3{margin:0;min-width:0}.state{display:inline-flex;align-items:center;gap:.35rem;flex:none;font-weight:600;white-space:nowrap;color:var(--tone)}
.detail{color:var(--quiet);font-size:.92em;min-height:1.4em;overflow-wrap:anywhere}.strip{display:block;width:100%;height:14px;background:linear-gradient(var(--line),var(--line))
bottom / 100% 1px no-repeat}.strip rect,.ticks rect{fill:var(--tone)}.spark{height:44px}.chart{height:190px}.facts{display:grid;grid-template-columns:repeat(3,minmax(0,1fr));
gap:.15rem .75rem}.facts dt{font-size:.85em}.facts dd{font-weight:600}.facts dd[data-tone]{color:var(--tone)}.card .buttons{margin-top:.15rem}.card .pin{margin-left:auto}
.legend{display:flex;flex-wrap:wrap;gap:0 1.25rem}.legend li:before{content:"";display:inline-block;width:1.4em;margin-right:.45em;vertical-align:middle;border-top:3px
solid var(--tone)}.legend [data-tone=warn]:before{border-top-style:dashed}.reading{min-height:1.4em;color:var(--quiet)}summary{display:inline-block;padding:.2rem
0;cursor:pointer;color:var(--accent);text-decoration:underline}table{width:100%;border-collapse:collapse}th{padding:.1rem .8rem .3rem 0;text-align:left;font-weight:400;
font-size:.92em;color:var(--quiet);vertical-align:bottom}td{padding:var(--cell) .8rem var(--cell) 0;border-top:1px solid var(--line);vertical-align:top;overflow-wrap:break-word}
th:last-child,td:last-child{padding-right:0}th.number,td.number{text-align:right;white-space:nowrap}td.wide{min-width:9rem;overflow-wrap:anywhere}td.short{white-space:nowrap}
td .name,td .about{display:block}td .about{font-size:.92em}td .about:empty{display:none}td.pick{width:2rem}td.actions{text-align:right;white-space:nowrap}td.actions
button+button{margin-left:.4rem}[data-plain] .pick{display:none}.ticks{width:120px;height:14px;margin-top:.2rem}.gauge{min-width:9rem;white-space:nowrap}.gauge .bar{
display:inline-block;width:5rem;height:.6rem;margin-right:.6rem;border:1px solid var(--edge)}.gauge .fill{display:block;height:100%;background:var(--tone)}tr[data-tone=bad]
.gauge,tr[data-tone=warn] .gauge{color:var(--tone);font-weight:600}.scroll{max-height:28rem;overflow:auto}.ladder{display:grid;grid-template-columns:repeat(5,minmax(0,1fr));
border:1px solid var(--line);border-radius:4px}.ladder li{padding:.35rem .6rem;border-left:1px solid var(--line);border-bottom:4px solid transparent}.ladder li:first-child{
border-left:0}.ladder li .about{display:block;font-size:.85em;min-height:1.4em}.ladder li[aria-current]{font-weight:600;background:var(--ground);border-bottom-color:var(--text)}
.override-form{display:flex;flex-wrap:wrap;align-items:end;gap:.5rem .75rem}.override-form .field{flex-direction:column;align-items:start;gap:.1rem}.override-form
.wide{flex:1 1 12rem}.override-form .wide input{width:100%}#report table{margin-top:1rem}#report .pairs{grid-template-columns:minmax(5rem,max-content) minmax(0,60rem)}
.advice li{padding:.2rem 0}td[data-tone]{color:var(--tone);font-weight:600}td[data-tone] .about{font-weight:400}.events li{display:grid;grid-template-columns:auto
auto minmax(0,1fr);gap:0 .6rem;align-items:baseline;padding:calc(var(--cell) * .6) 0;border-top:1px solid var(--line)}.events time{color:var(--quiet)}.events .icon{
align-self:start;margin-top:.2em;color:var(--tone)}.events .text{overflow-wrap:anywhere}.events+.empty+button{margin-top:.5rem}@media(max-width:60rem){td.actions{
white-space:normal}}@media(max-width:46rem){html{scroll-padding-top:1rem}.top{position:static}.connection{margin-left:0}#board{padding:.6rem}.panel{padding:.6rem
.7rem .8rem}.figures{grid-template-columns:repeat(auto-fit,minmax(7rem,1fr))}.figures .value{font-size:1.25rem}table,tbody,tr,td{display:block}thead{position:absolute;
clip-path:inset(50%);width:1px;height:1px;overflow:hidden}tr{padding:.4rem 0;border-top:1px solid var(--line)}td,th.number,td.number{display:grid;grid-template-columns:6.5rem
minmax(0,1fr);gap:0 .5rem;padding:.1rem 0;border-top:0;text-align:left;white-space:normal}td:before{content:attr(data-label);color:var(--quiet);font-size:.92em}
td>*{grid-column:2}td:not([data-label]){display:block}td:not([data-label]):before{content:none}td.actions{text-align:left;white-space:normal}td.wide:first-child{
font-weight:600}td .about{font-weight:400}td.actions button{margin:.2rem .4rem .2rem 0}td.actions button+button{margin-left:0}td.gauge>*{grid-column:auto}td.gauge{
grid-template-columns:6.5rem auto 1fr}.ladder{grid-template-columns:minmax(0,1fr)}.ladder li{display:flex;gap:.75rem;align-items:baseline;border-bottom:0;border-left:4px
solid transparent}.ladder li:first-child{border-left:4px solid transparent}.ladder li[aria-current]{border-left-color:var(--text)}.ladder li .about:last-child{margin-left:auto}
.override-form .field{flex:1 1 7rem}.override-form .field>:last-child{width:100%}}@media(prefers-reduced-motion:no-preference){html{scroll-behavior:smooth}}@media(forced-colors:active){
.gauge .fill,.strip,.ticks{forced-color-adjust:none}}:is([hidden],#never){display:none}
`,
  },
  'ui/dashboard.js': {
    contentType: 'text/javascript; charset=utf-8',
    body: `var N=class extends Error{status;constructor(e,n){super(n),this.status=e}},pn=3e4,pe=class{#e;constructor(e){this.#e=e}get(e,n={}){let r=Object.entries(n).filter(
([,s])=>s!==void 0&&s!==""),o=new URLSearchParams(r.map(([s,a])=>[s,String(a)]));return this.#n("GET",o.size===0?e:\`\${e}?\${o}\`)}send(e,n,r={}){return this.#n(e,
n,JSON.stringify(r))}async stream(e){let n=await this.#t("GET","events",{accept:"text/event-stream",signal:e});if(n.body===null)throw new N(0,"The event stream \\
is empty.");return n.body}async#n(e,n,r){let o=AbortSignal.timeout(pn);return await(await this.#t(e,n,{accept:"application/json",signal:o,body:r})).json()}async#t(e,n,{
accept:r,signal:o,body:s}){let a=new Headers({accept:r});this.#e!==void 0&&a.set("authorization",\`Bearer \${this.#e}\`),s!==void 0&&a.set("content-type","applicat\\
ion/json");let d;try{d=await fetch(n,{method:e,headers:a,signal:o,body:s??null,cache:"no-store",redirect:"error"})}catch(c){let l=c instanceof DOMException&&c.name===
"TimeoutError";throw new N(0,l?"The service did not answer in time.":"The service cannot be reached.")}if(!d.ok)throw new N(d.status,await hn(d));return d}};function J(t){
if(t==="."||t==="..")throw new N(0,\`Nothing named \${t} can be reached over HTTP.\`);return encodeURIComponent(t)}async function hn(t){try{let{error:e}=await t.json();
if(typeof e.message=="string")return e.message}catch{}return\`The service answered \${t.status}.\`}import wn from"./uplot.js";function i(t,...e){let[n,r]=t.split("."),o=document.createElement(n);r!==void 0&&(o.className=r);for(let s of e)if(typeof s=="string"||s instanceof Node)o.append(
s);else for(let[a,d]of Object.entries(s))v(o,a,d);return o}function H(t,e,...n){let r=i("button",{type:"button"},t,...n);return r.addEventListener("click",e),r}
function G(t,e,n="field"){return i(\`label.\${n}\`,i("span",t),e)}function he(t,e){return i("input",{type:"search",autocomplete:"off",placeholder:t,id:e})}function oe(t,...e){
return i("select",{id:t},...e.map(([n,r])=>i("option",{value:n},r)))}function D(t,e,n,...r){let o=i("h2",{id:\`\${t}-title\`,tabindex:-1},e),s=i("section.panel",{id:t,
"aria-labelledby":o.id},i("div.panel-head",o,...n),...r);return F("jump").append(i("li",i("a",{href:\`#\${t}\`},e))),F("board").append(s),s}var gn="http://www.w3.o\\
rg/2000/svg";function ae(t,e={},...n){let r=document.createElementNS(gn,t);for(let[o,s]of Object.entries(e))v(r,o,s);return r.append(...n),r}function F(t){let e=document.
getElementById(t);if(e===null)throw new Error(\`The page has no #\${t}.\`);return e}function f(t,e){t.textContent!==e&&(t.textContent=e)}function v(t,e,n){if(n===void 0||
n===!1){t.hasAttribute(e)&&t.removeAttribute(e);return}let r=n===!0?"":String(n);t.getAttribute(e)!==r&&t.setAttribute(e,r)}function k(t,e){t.hidden!==e&&(t.hidden=
e)}var de=class{#e;#n;#t=new Map;constructor(e,n){this.#e=e,this.#n=n}get keys(){return[...this.#t.keys()]}update(e){for(let[o,s]of this.#t)e.has(o)||(s.element.
remove(),s.remove?.(),this.#t.delete(o));let n=document.activeElement,r=this.#e.firstElementChild;for(let[o,s]of e){let a=this.#t.get(o)??this.#n(o);this.#t.delete(
o),this.#t.set(o,a),a.element===r?r=r.nextElementSibling:this.#e.insertBefore(a.element,r),a.update(s)}n instanceof HTMLElement&&n!==document.activeElement&&this.#e.
contains(n)&&n.focus({preventScroll:!0})}};function ee(t){return ae("svg",{class:"icon","aria-hidden":"true"},ae("use",{href:\`#icon-\${t}\`}))}function te(t,e){let n=t.
firstElementChild;n!==null&&v(n,"href",\`#icon-\${e}\`)}var Ae=new Map,kt=new IntersectionObserver(t=>{for(let{target:e,isIntersecting:n}of t)Ae.get(e)?.show(n)}),xt=new ResizeObserver(t=>{for(let{target:e}of t)Ae.get(
e)?.resize()});function Xe(){for(let t of Ae.values())t.repaint()}var ge=class{#e;#n;#t=void 0;#r=void 0;#o=!1;constructor(e,n){this.#e=e,this.#n=n,v(e,"role","\\
img"),Ae.set(e,this),kt.observe(e),xt.observe(e)}update(e,n){v(this.#e,"aria-label",n),this.#r=e,this.#o&&this.#s()}show(e){this.#o=e,e&&this.#s()}resize(){let{
clientWidth:e,clientHeight:n}=this.#e;e>0&&this.#t?.setSize({width:e,height:n})}repaint(){this.#t?.redraw(!1,!0)}remove(){Ae.delete(this.#e),kt.unobserve(this.#e),
xt.unobserve(this.#e),this.#t?.destroy()}#s(){if(this.#r===void 0||this.#e.clientWidth===0)return;let e=this.#r;this.#t===void 0?this.#t=this.#i(e):this.#t.setData(
e)}#i(e){let{lines:n,axes:r=!1,onPoint:o}=this.#n,{clientWidth:s,clientHeight:a}=this.#e,d={show:r,stroke:()=>Fe("quiet"),grid:{stroke:()=>Fe("line"),width:1},ticks:{
show:!1},font:"12px system-ui, sans-serif"};return new wn({width:s,height:a,padding:r?[8,8,0,0]:[2,0,1,0],legend:{show:!1},cursor:{show:r,drag:{x:!1,y:!1},points:{
show:!1}},scales:{x:{time:!0},y:{range:(c,l,u)=>[0,Math.max(1,u*1.05)]}},axes:[{...d,values:"{HH}:{mm}",grid:{show:!1},size:28},{...d,size:44}],series:[{},...n.
map(({tone:c,filled:l})=>({stroke:()=>Fe(c),...l&&{fill:()=>yn(Fe(c))},...c==="warn"&&{dash:[4,3]},width:1.5,points:{show:!1}}))],hooks:{setCursor:[({cursor:c})=>o?.(
c.idx??void 0)]}},e,this.#e)}},Ze=i("span",{hidden:""});document.body.append(Ze);function Fe(t){return Ze.style.color=\`var(--\${t})\`,getComputedStyle(Ze).color}function yn(t){
return t.replace(/^rgb\\((.*)\\)$/,"rgba($1, 0.2)")}var He=class{#e;#n="";#t=!1;#r="";#o=[];#s=0;#i="";retry=void 0;constructor(e){this.#e=e}feed(e){let n=this.#t&&e.startsWith(\`
\`)?e.slice(1):e;e!==""&&(this.#t=e.endsWith("\\r")),n=this.#n+n;let r=n.split(/\\r\\n|\\r|\\n/);this.#n=r.pop(),this.#d(this.#n.length);for(let o of r)this.#a(o)}#a(e){
e===""?this.#l():this.#c(e)}#c(e){let n=e.indexOf(":");if(n===0)return;let r=n<0?e:e.slice(0,n),o=n<0?"":e.slice(e[n+1]===" "?n+2:n+1);r==="event"?this.#r=o:r===
"id"&&!o.includes("\\0")?this.#i=o:r==="retry"&&/^\\d+$/.test(o)?this.retry=Number(o):r==="data"&&(this.#s+=o.length,this.#d(this.#s),this.#o.push(o))}#l(){let[e,
n]=[this.#r||"message",this.#o];this.#r="",this.#o=[],this.#s=0,n.length>0&&this.#e({type:e,data:n.join(\`
\`),id:this.#i})}#d(e){if(e>8388608)throw new Error("The event stream sends more than can be read.")}};var St=35e3,bn=1e3,vn=15e3,Ie=class{#e;#n;#t=new AbortController;#r=0;#o=0;constructor(e,n){this.#e=e,this.#n=n,this.#s()}hurry(){this.#r!==0&&(clearTimeout(this.#r),
this.#r=0,this.#s())}restart(){this.close(),this.#o=0,this.#s()}close(){clearTimeout(this.#r),this.#r=0,this.#t.abort(et)}async#s(){this.#r=0,this.#n.onState({phase:"\\
connecting"});let e=new AbortController,{signal:n}=e;this.#t=e;let r="The service has ended the connection.",o;try{o=await this.#i(e)}catch(d){if(n.reason===et)
return;if(d instanceof N&&d.status===401)return this.#n.onRefused();r=d instanceof N?d.message:"The connection was lost."}if(n.reason===et)return;let s=Math.max(
o??0,Math.min(vn,bn*2**this.#o));this.#o++;let a=s*(.75+Math.random()/2);this.#n.onState({phase:"lost",retryAt:Date.now()+a,why:r}),this.#r=setTimeout(()=>{this.#s()},
a)}async#i(e){let n=setTimeout(()=>e.abort(),St);try{let r=new TextDecoderStream,o=(await this.#e.stream(e.signal)).pipeThrough(r).getReader(),s=new He(a=>this.#a(
a));for(;;){let{done:a,value:d}=await o.read();if(a)return s.retry;clearTimeout(n),n=setTimeout(()=>e.abort(),St),s.feed(d)}}finally{clearTimeout(n),e.abort($n)}}#a(e){
e.type==="snapshot"&&(this.#o=0,this.#n.onState({phase:"live"})),this.#n.onEvent(e)}},et=new DOMException("closed","AbortError"),$n=new DOMException("ended","Ab\\
ortError");var Ne=class{#e=[];#n=0;#t=Number.NEGATIVE_INFINITY;add(e){this.#e.at(-1)!==e&&this.#e.push(e)>3&&(this.#n+=this.#e.splice(0,this.#e.length-3).length)}take(e){if(this.#e.
length===0||e-this.#t<5e3)return;let r=\`\${this.#n>0?\`\${this.#n} more changes. \`:""}\${this.#e.join(". ")}.\`;return this.#e=[],this.#n=0,this.#t=e,r}};function T(t){return t===void 0||!Number.isFinite(t)?"–":t<0?\`-\${T(-t)}\`:t<999.5?ue(t):t<999500?\`\${ue(t/1e3)}k\`:t<9995e5?\`\${ue(t/1e6)}M\`:\`\${ue(t/1e9)}G\`}function ne(t){
return t===void 0?"–":\`\${T(t)}/s\`}function q(t){if(t===void 0||!Number.isFinite(t))return"–";let e=t*100;return e>0&&e<.1?"<0.1 %":e<100&&e>99.9?">99.9 %":\`\${ue(
e)} %\`}function R(t){if(t===void 0||!Number.isFinite(t))return"–";if(t<0)return R(0);if(t<999.5)return\`\${ue(t)} ms\`;let e=t/1e3;if(e<59.5)return\`\${e<9.95?ue(e):
Math.round(e)} s\`;let n=Math.round(e);if(n<3600)return tt(Math.floor(n/60),"min",n%60,"s");let r=Math.round(n/60);if(r<1440)return tt(Math.floor(r/60),"h",r%60,
"min");let o=Math.round(r/60);return tt(Math.floor(o/24),"d",o%24,"h")}function Z(t){let e=Math.max(0,Math.ceil(t/1e3));return e<60?\`\${e} s\`:R(e*1e3)}function we(t){
return Z(Math.floor(t/1e3)*1e3)}function ye(t){return t===void 0?"–":t<1e3?"now":\`\${Z(t)} ago\`}function Q(t){if(t===void 0||!Number.isFinite(t))return"–";let e=new Date(
t);return[e.getHours(),e.getMinutes(),e.getSeconds()].map(n=>String(n).padStart(2,"0")).join(":")}function W(t,e,n=\`\${e}s\`){return\`\${T(t)} \${t===1?e:n}\`}function P(t){
let e=t.replace(/([a-z0-9])([A-Z])/g,"$1 $2").replace(/[-_]+/g," ");return e.charAt(0).toUpperCase()+e.slice(1).toLowerCase()}function ue(t){let e=t<10||t<99.95?
Math.round(t*10)/10:Math.round(t);return String(e)}function tt(t,e,n,r){return n===0?\`\${t} \${e}\`:\`\${t} \${e} \${n} \${r}\`}var Ee=class{capacity;#e=[];#n=0;constructor(e){this.capacity=e}get size(){return this.#e.length}push(e){if(this.#e.length<this.capacity){this.#e.push(e);return}
this.#e[this.#n]=e,this.#n=(this.#n+1)%this.capacity}clear(){this.#e.length=0,this.#n=0}toArray(){return[...this.#e.slice(this.#n),...this.#e.slice(0,this.#n)]}newest(){
return this.#e.at(this.#n-1)}};var nt=["calls","failures","rejections"],rt=["p50","p95","p99"],Le=class{#e=0;#n=0;#t={calls:new Float32Array(900),failures:new Float32Array(900),rejections:new Float32Array(
900),p50:new Float32Array(900),p95:new Float32Array(900),p99:new Float32Array(900)};get end(){return this.#e*1e3}load(e,n){this.#e=0,this.advance(e),this.#n=this.#e;
let{length:r}=n.calls;for(let o=1;o<=Math.min(r,900);o++){let s=(this.#e-o)%900;for(let a of nt)this.#t[a][s]=n[a][r-o]??0;for(let a of rt)this.#t[a][s]=n[a][r-
o]??Number.NaN}}add(e,n){this.advance(e);let r=Math.floor(e/1e3)-1;if(r<this.#n||r<this.#e-900)return;let o=r%900;for(let s of nt)this.#t[s][o]=this.#t[s][o]+n[s];
for(let s of rt)this.#t[s][o]=n[s]??Number.NaN}advance(e){let n=Math.floor(e/1e3);for(let r=Math.max(this.#e,n-900);r<n;r++){let o=r%900;for(let s of nt)this.#t[s][o]=
0;for(let s of rt)this.#t[s][o]=Number.NaN}this.#e=Math.max(this.#e,n)}times(e){let n=this.#e-this.#e%e,r=900/e-1;return Array.from({length:r},(o,s)=>n-(r-1-s)*
e)}rates(e,n){let r=[],o=this.#e-this.#e%n;for(let s=o-900+n;s<o;s+=n){let a=0;for(let d=s;d<s+n;d++)a+=this.#r(e,d);r.push(a/n)}return r}summary(e){let n=s=>{let a=0;
for(let d=this.#e-e;d<this.#e;d++)a+=this.#r(s,d);return a},r=s=>{let a=[];for(let d=this.#e-e;d<this.#e;d++){let c=this.#r(s,d);!Number.isNaN(c)&&this.#r("call\\
s",d)>0&&a.push(c)}return a.sort((d,c)=>d-c)},o=r("p50");return{calls:n("calls"),failures:n("failures"),rejections:n("rejections"),p50:o[Math.floor(o.length/2)],
p95:r("p95").at(-1),p99:r("p99").at(-1)}}#r(e,n){return n<0?0:this.#t[e][n%900]}};var Me=9e5,kn=120;function ot(t,e,n){let r=t.at(-1),o=t.filter((s,a)=>(t[a+1]?.since??n)>n-Me);return r?.state===e.state?o:[...o.filter(({since:s})=>s<e.since),
e].slice(-kn)}function st(t,e){let n=e-Me,r=o=>Math.min(1,Math.max(0,(o-n)/Me));return t.map(({since:o,state:s},a)=>({state:s,from:r(o),to:r(t[a+1]?.since??e)})).
filter(({from:o,to:s})=>s>o)}function Tt(t,e){let n=st(t,e),r=n[0];if(r===void 0)return"Nothing is known about the last 15 minutes.";let o=new Map;for(let{state:d,
from:c,to:l}of n)o.set(d,(o.get(d)??0)+(l-c)*Me);let s=R(Math.round((1-r.from)*Me));if(o.size===1)return\`\${P(r.state)} for all of the last \${s}.\`;let a=[...o].map(
([d,c])=>\`\${P(d).toLowerCase()} \${R(Math.round(c))}\`);return\`In the last \${s}: \${a.join(", ")}; \${n.length-1} changes.\`}var je=500,xn=30,Sn=200,Oe=class{session=void 0;figures=void 0;health=void 0;degradation=void 0;deadLetters=[];circuits=new Map;components=new Map;events=new Ee(
je);began=0;eventCount=0;total=new Le;#e=0;#n=0;#t=new Map;#r=new Map;#o=new Map;now(e){return e+this.#n}series(e){let n=this.#t.get(e);return n?.advance(this.#e),
n}spans(e){return this.#r.get(e)??[]}results(e){return this.#o.get(e)?.results.toArray()??[]}snapshot(e,n){this.#n=e.time-n,this.#e=e.time;let{session:r,figures:o,
health:s,degradation:a,deadLetters:d}=e;this.began=r.time-r.service.uptime*1e3,Object.assign(this,{session:r,figures:o,degradation:a,deadLetters:d}),this.circuits.
clear(),this.#d(this.#r,new Set(e.circuitBreakers.map(re)));for(let c of e.circuitBreakers)this.#s(c,e.time);this.components.clear();for(let c of e.components)this.
components.set(it(c),c);this.health=void 0,this.#a(s),this.events.clear();for(let c of e.transitions)this.events.push(c);this.eventCount=e.transitions.length,this.#d(
this.#t,new Set(e.circuitBreakers.map(({name:c})=>c)))}delta(e,n){this.#n=e.time-n,this.#e=e.time,this.figures=e.figures,this.degradation=e.degradation??this.degradation,
this.deadLetters=e.deadLetters??this.deadLetters;for(let r of e.removed??[])this.#i(r);for(let r of e.circuitBreakers??[])this.#s(r,e.time);for(let r of e.components??
[])this.components.set(it(r),r);this.#a(e.health),this.#c(e)}transition(e){this.events.push(e),this.eventCount++}past(e){let n={calls:at(e),failures:at(e),rejections:at(
e)};for(let r of e.series){this.#l(r.name)?.load(e.end,r);for(let a of["calls","failures","rejections"])for(let d=0;d<r[a].length;d++)n[a][d]=(n[a][d]??0)+(r[a][d]??
0);let o=re(r),s=this.circuits.get(o);if(s!==void 0){this.#r.set(o,[]);for(let a of r.states)this.#r.set(o,ot(this.spans(o),a,e.end));this.#s(s,e.end)}}this.total.
load(e.end,{kind:"",name:"",...n,p50:[],p95:[],p99:[],states:[]})}size(){let e=0;for(let a of this.#r.values())e+=a.length;let n=0;for(let a of this.#o.values())
n+=a.results.size;let{circuits:r,components:o,events:s}=this;return{circuits:r.size,components:o.size,events:s.size,series:this.#t.size,spans:e,results:n}}#s(e,n){
let r=re(e);this.circuits.set(r,e),this.#r.set(r,ot(this.spans(r),{since:e.since,state:e.state},n))}#i(e){this.components.delete(it(e)),e.kind==="circuit-breake\\
r"&&(this.circuits.delete(re(e)),this.#r.delete(re(e)),e.key===void 0&&this.#t.delete(e.name))}#a(e){if(e!==void 0){this.health=e,this.#d(this.#o,new Set(e.checks.
map(({name:n})=>n)));for(let{name:n,lastStatus:r,checkedAt:o}of e.checks){let s=this.#o.get(n),a=s??{checkedAt:void 0,results:new Ee(xn)};s===void 0&&this.#o.set(
n,a),!(o===void 0||o===a.checkedAt)&&(a.checkedAt=o,a.results.push(r))}}}#c({time:e,points:n}){let r={calls:0,failures:0,rejections:0};for(let o of n)this.#l(o.
name)?.add(e,o),r.calls+=o.calls,r.failures+=o.failures,r.rejections+=o.rejections;this.total.add(e,{kind:"",name:"",...r,p50:null,p95:null,p99:null})}#l(e){let n=this.#t.
get(e);if(n!==void 0||this.#t.size>=Sn)return n;let r=new Le;return this.#t.set(e,r),r}#d(e,n){for(let r of e.keys())n.has(r)||e.delete(r)}};function re({name:t,
key:e}){return JSON.stringify(e===void 0?[t]:[t,e])}function it({kind:t,name:e}){return JSON.stringify([t,e])}function at({series:t}){return new Array(t[0]?.calls.
length??0).fill(0)}var Tn={open:"bad",isolated:"warn",halfOpen:"warn",closed:"good"},Ct={fail:"bad",unknown:"bad",warn:"warn",pass:"good"};function De({kind:t,name:e,type:n,facts:r}){
let o=d=>String(r[d]??""),s=(d="to")=>P(o(d)).toLowerCase(),a=(d,c,l=c!=="plain")=>({text:d,tone:c,urgent:l});if(t==="circuit-breaker"&&n==="stateChange"){let d=o(
"key")?\` \${o("key")}\`:"",c=o("reason")?\` (\${P(o("reason")).toLowerCase()})\`:"";return a(\`Circuit \${e}\${d} is \${s()}\${c}\`,Tn[o("to")]??"plain")}if(t==="health"&&
n==="changed"){let d=o("code")?\` (\${o("code")})\`:"";return a(\`Check \${o("check")}: \${s()}\${d}\`,Ct[o("to")]??"plain")}if(t==="health"&&n==="overallChanged")return a(
\`Health is \${s()}\`,Ct[o("to")]??"plain");if(t==="health"&&n==="draining")return a("Draining: no new requests","warn");if(t==="degradation"&&n==="changed")return a(
\`Level \${s("from")} → \${s()}\${o("trigger")?\` (\${o("trigger")})\`:""}\`,o("to")==="normal"?"good":"warn");if(t==="degradation"&&n==="featureChanged"){let d=r.on===
!0;return a(\`Feature \${o("feature")} is \${d?"on":"off"}\`,d?"good":"warn")}if(t==="dead-letters"&&n==="added")return a(\`Dead letter in \${e}: \${P(o("failure")||o(
"type")).toLowerCase()}\`,"plain");if(t==="ops"&&n==="adminAction"){let d=o("outcome")==="ok"||o("outcome")===""?"":\` (\${o("outcome")})\`;return a(\`\${o("actor")||
"Somebody"}: \${o("action")} \${o("target")}\${d}\`,"plain",!1)}if(t==="upkeep"&&n==="ran"){let d=o("outcome")==="failed",c=Number(r.failures)>1?\` \${o("failures")} \\
times in a row\`:"",l=d?\`failed\${c}\`:s("outcome");return a(\`Upkeep \${o("job")}: \${l}\`,d?"warn":"plain")}return a(\`\${e}: \${P(n).toLowerCase()}\${Cn(r)}\`,"plain",!1)}
function At(t){let e=[],n=new Map;for(let r of t){let o=De(r),s=String(r.seq),a=1+(r.suppressed??0),d=o.tone==="plain"?n.get(o.text):void 0,c=d===void 0?void 0:
e[d];if(d!==void 0&&c!==void 0){e[d]={...c,key:s,count:c.count+a};continue}o.tone==="plain"?n.set(o.text,e.length):n.clear(),e.push({key:s,event:r,story:o,count:a})}
return e}function Cn(t){let e=Object.entries(t).filter(([n])=>n!=="name").slice(0,5).map(([n,r])=>{let o=typeof r=="number"&&/duration|delay|age|openFor/i.test(
n);return\`\${P(n).toLowerCase()} \${o?R(r):String(r)}\`});return e.length===0?"":\` (\${e.join(", ")})\`}function Et({title:t,effect:e,verb:n,danger:r,reason:o,choice:s}){let a=i("input",{id:"dialog-reason",type:"text",maxlength:200,required:o==="required",autocomplete:"\\
off"}),d=i("label",{for:"dialog-reason"},\`Reason\${o==="required"?"":" (optional)"}, for the audit\`),c=i("input",{type:"checkbox"}),l=H("Cancel",()=>m.close()),u=i(
"button",{type:"submit",class:r?"danger":"primary"},n),h=i("form",i("h2",{id:"dialog-title"},t),i("p",{id:"dialog-effect"},e),...o===void 0?[]:[d,a],...s===void 0?
[]:[i("label.check",c,s)],i("div.buttons",l,u)),m=dt(h);return new Promise(p=>{let w;h.addEventListener("submit",b=>{b.preventDefault();let y=a.value.trim();if(o===
"required"&&y==="")return a.focus();w={chosen:c.checked,...y!==""&&{reason:y}},m.close()}),m.addEventListener("close",()=>p(w)),o==="required"?a.focus():r?l.focus():
u.focus()})}function dt(t,e=!1){let n=i("dialog",{class:e?"wide":void 0,"aria-labelledby":"dialog-title","aria-describedby":"dialog-effect"},t),r=document.activeElement;
return n.addEventListener("close",()=>{n.remove(),r instanceof HTMLElement&&r.isConnected&&r.focus({preventScroll:!0})}),document.body.append(n),n.showModal(),n}var An=8e3,En=3;function be(t,e=!1){let n=F("notes"),r=i("div",{class:e?"note bad":"note",role:e?"alert":"status"}),o=H("×",()=>r.remove(),{"aria-label":"Dismi\\
ss"});for(n.append(r),r.append(i("p",t),o);n.childElementCount>En;)n.firstElementChild?.remove();e||setTimeout(()=>r.remove(),An)}var Lt=["read","operate","override"],Mt=["aria-disabled","aria-busy"],qe=class{model;api;refresh;constructor(e,n,r){this.model=e,this.api=n,this.refresh=r}can(e){
let n=this.model.session?.scopes??[];return Lt.slice(Lt.indexOf(e)).some(r=>n.includes(r))}async act(e,n,r){if(e.getAttribute("aria-disabled")==="true")return!1;
let o=await Et(n);if(o===void 0)return!1;for(let s of Mt)v(e,s,"true");try{return be((await r(o)).message),!0}catch(s){if(be(s instanceof N?s.message:"Something\\
 went wrong in this page.",!0),!(s instanceof N))throw s;return!1}finally{for(let s of Mt)v(e,s,void 0)}}};var Re="seaworthy.";function We(t){try{let e=JSON.parse(localStorage.getItem(Re+t)??"[]");return Array.isArray(e)?e.filter(n=>typeof n=="string"):[]}catch{return[]}}
function Be(t,e){try{localStorage.setItem(Re+t,JSON.stringify(e))}catch{}}var ve={read(){try{return sessionStorage.getItem(\`\${Re}token\`)??void 0}catch{return}},
write(t){try{t===void 0?sessionStorage.removeItem(\`\${Re}token\`):sessionStorage.setItem(\`\${Re}token\`,t)}catch{}}};var le=class{answer=void 0;trouble="";missing=!1;#e;#n;#t=!1;#r=!1;constructor(e,n){this.#e=e,this.#n=n}async load(){if(this.#r=this.#t,!this.#t){this.#t=!0;try{
this.answer=await this.#e(),this.trouble=""}catch(e){this.missing=e instanceof N&&e.status===404,this.trouble=e instanceof N?e.message:"This could not be read."}
this.#t=!1,this.#n(),this.#r&&await this.load()}}};function U(t,e,n){let r=i("tbody",{role:"rowgroup"}),o=e.map(({label:d,look:c,unseen:l})=>i("th",{role:"columnheader",scope:"col",class:c},l?i("span.unseen",d):
d)),s=i("table",{role:"table"},i("caption.unseen",t),i("thead",{role:"rowgroup"},i("tr",{role:"row"},...o)),r),a=new de(r,d=>{let c=e.map(({label:u,look:h,unseen:m})=>i(
"td",{role:"cell",class:h,"data-label":m?void 0:u})),l=i("tr",{role:"row"},...c);return{element:l,update:n(l,c,d)}});return{element:s,rows:r.children,get keys(){
return a.keys},update(d){k(s,d.size===0),a.update(d)}}}var Ln=100;function Rt({api:t,refresh:e}){let n=new le(()=>t.get("audit",{limit:Ln}),e),r=U("What operators have done",[{label:"Time"},{label:"Who"},{label:"Act\\
ion",look:"wide"},{label:"Outcome"}],(s,[a,d,c,l])=>{let u=i("span.name"),h=i("span.about");return c.append(u,h),m=>{let{before:p,after:w,code:b,target:y}=m;f(a,
Q(m.time)),f(d,m.actor),f(u,\`\${m.action} \${y}\`);let g=p!==void 0&&w!==void 0?\`\${p} → \${w}\`:"";f(h,[g,m.reason].filter(Boolean).join(" · ")),f(l,\`\${P(m.outcome)}\${b===
void 0?"":\` (\${b})\`}\`),v(l,"data-tone",m.outcome==="ok"?void 0:"bad")}}),o=i("p.empty");return D("audit","Audit",[],i("div.scroll",{tabindex:0,role:"group","ari\\
a-labelledby":"audit-title"},r.element),o).classList.add("half"),{load:()=>n.load(),told({kind:s}){s==="ops"&&n.load()},update(){let{entries:s=[]}=n.answer??{};
f(o,n.trouble||"Nobody has done anything yet."),k(o,s.length>0&&n.trouble===""),r.update(new Map(s.map(a=>[String(a.id),a])))}}}var Mn={full:"Full service",degraded:"Degraded service",limited:"Limited service","cache-only":"Answers from memory only"};function Pt({model:t}){let e=ee("pass"),
n=i("strong.level"),r=i("span.service"),o=i("p.since"),s=i("p.reason"),a=i("p.override"),d=i("p.overall");return F("banner").append(i("p.headline",e,n,r),i("div\\
.details",o,s,a,d)),{update(c){let{degradation:l,health:u}=t,h=l?.value??(u?.status==="fail"?3:u?.status==="warn"?1:0);v(F("banner"),"data-tone",h===0?"good":h<
3?"warn":"bad"),te(e,h===0?"pass":h<3?"warn":"fail"),f(n,l===void 0?\`Health: \${u?.status??"not watched"}\`:P(l.level)),f(r,l===void 0?"":Mn[l.serviceLevel]);let m=l?.
since;f(o,m===void 0?"":\`Since \${Q(m)}, for \${we(c-m)}\`),k(o,m===void 0);let p=l!==void 0&&l.override===void 0&&h>0?l.reason:void 0,w=l?.rules?.find(({id:M})=>M===
p)?.reading?.about??[],b=w.length>0?\` (\${w.join(", ")})\`:"";f(s,p?\`Why: \${p}\${b}\`:""),k(s,!p);let y=l?.override,g=y?.expiresAt===void 0?"until it is cleared":\`f\\
or \${Z(y.expiresAt-c)} more\`;f(a,y===void 0?"":\`Set by \${y.actor} to \${y.mode==="floor"?"at least ":""}\${y.level}, \${g}: \${y.reason}\`),k(a,y===void 0);let C=u===
void 0||u.notes.length===0?"":\` (\${u.notes.join("; ")})\`;f(d,u===void 0||l===void 0?"":\`Health: \${u.status}\${C}\`),k(d,u===void 0||l===void 0)}}}function Vt(t,e,n){if(!n)return[...e];let r=new Set(e),o=t.filter(a=>r.has(a)),s=new Set(o);return[...o,...e.filter(a=>!s.has(a))]}var Ft={open:0,isolated:1,halfOpen:2,closed:3,disposed:4};function Ht(t,e){return[...t].sort((n,r)=>Number(e.has(re(r.circuit)))-Number(e.has(re(n.circuit)))||Ft[n.
circuit.state]-Ft[r.circuit.state]||r.trouble-n.trouble||r.calls-n.calls||n.circuit.name.localeCompare(r.circuit.name)||(n.circuit.key??"").localeCompare(r.circuit.
key??"")).map(({circuit:n})=>n)}function Pe(t){return t.map((e,n)=>e===0&&!t[n-1]&&!t[n+1]?null:e)}function ze(t,e,n){return n.map((r,o)=>(e[o]??0)*1e3<=t?null:r)}var lt=10,It=["Calls","Failed","Rejected","p50","p95","p99"],_e={reset:{label:"Reset",when:({state:t})=>t!=="isolated",question:t=>({title:\`Reset \${t}?\`,effect:"\\
Closes the circuit and forgets what it has counted. Calls go through at once.",verb:"Reset",reason:"optional"})},"force-open":{label:"Force open",when:({state:t})=>t!==
"isolated",question:t=>({title:\`Force \${t} open?\`,effect:"Turns every call away, however well it would go, until somebody ends the isolation.",verb:"Force open",
danger:!0,reason:"optional"})},"force-close":{label:"Force closed",when:({state:t})=>t==="isolated",question:t=>({title:\`Force \${t} closed?\`,effect:"Ends the is\\
olation and closes the circuit. Its rules hold from then on, and may open it again.",verb:"Force closed",reason:"optional"})},auto:{label:"End isolation",when:({
state:t})=>t==="isolated",question:t=>({title:\`End the isolation of \${t}?\`,effect:"The circuit decides by its rules again. Calls go through.",verb:"End isolatio\\
n",reason:"optional"})}};function Ot(t,e,n){let r=i("h3",{id:\`circuit-\${e}\`,tabindex:-1}),o=ee("closed"),s=i("span"),a=i("p.state",o,s),d=i("p.detail"),c=ae("sv\\
g",{class:"strip",viewBox:"0 0 900 14",preserveAspectRatio:"none",role:"img"}),l=i("div.spark"),u=new ge(l,{lines:[{tone:"calls",filled:!0},{tone:"bad",filled:!0}]}),
h=It.map(()=>i("dd")),m=i("dl.facts",...It.map((E,S)=>i("div",i("dt",E),h[S]))),p,w=Object.keys(_e).map(E=>{let S=i("span.unseen"),I=H(_e[E].label,()=>p&&C(E,I,
p),S);return{action:E,pressed:I,target:S}}),b=i("span.unseen"),y=H("Pin",n,b,{class:"pin"}),g=i("article.card",{"aria-labelledby":\`circuit-\${e}\`},i("div.card-he\\
ad",r,a),d,c,l,m,i("div.buttons",...w.map(({pressed:E})=>E),y));return{element:g,remove:()=>u.remove(),update(E){p=E;let{circuit:S,now:I,pinned:j}=E,B=Nt(S);f(r,
B),v(g,"data-state",S.state),te(o,S.state),f(s,P(S.state)),f(d,Rn(S,I)),Vn(c,t.model.spans(re(S)),I),M(t.model.series(S.name)),$(t.model.series(S.name)),O(S,B),
v(y,"aria-pressed",String(j)),f(b,\` \${B}\`)}};function C(E,S,{circuit:I}){let{name:j,key:B,shared:z}=I,ce={..._e[E].question(Nt(I)),...z&&{choice:"On all instanc\\
es that share it, not only this one"}};t.act(S,ce,({reason:xe,chosen:Se})=>t.api.send("POST",\`circuit-breakers/\${J(j)}/\${E}\`,{key:B,reason:xe,...Se&&{everywhere:!0}}))}
function M(E){let S=E?.summary(60),{calls:I=0,failures:j=0,rejections:B=0}=S??{},z=I+B,ce=[ne(S&&I/60),q(I===0?void 0:j/I),q(z===0?void 0:B/z),R(S?.p50),R(S?.p95),
R(S?.p99)];for(let[xe,Se]of h.entries())f(Se,ce[xe]);v(h[1],"data-tone",j>I/10?"bad":void 0),v(h[2],"data-tone",B>0?"warn":void 0)}function $(E){if(k(l,E===void 0),
E===void 0)return;let S=E.rates("calls",lt),I=E.rates("failures",lt),j=E.summary(900),B=j.calls===0?"":\`, \${q(j.failures/j.calls)} failed\`,z=E.times(lt);u.update(
[z,ze(t.model.began,z,S),Pe(I)],\`Calls in the last 15 minutes: \${W(j.calls,"call")}\${B}, at most \${ne(Math.max(0,...S))}.\`)}function O(E,S){for(let{action:I,pressed:j,
target:B}of w){let z=!t.can("operate")||!E.actions.includes(I)||!_e[I].when(E);z&&document.activeElement===j&&r.focus({preventScroll:!0}),k(j,z),f(B,\` \${S}\`)}}}
function Nt({name:t,key:e}){return e===void 0?t:\`\${t} · \${e}\`}function Rn({state:t,mode:e,since:n,retryAt:r,cause:o,isolation:s,openings:a},d){let c=[\`for \${we(
d-n)}\`];return t==="open"&&(o!==void 0&&c.push(o==="trial"?"a trial failed":P(o).toLowerCase()),r!==void 0&&c.push(r>d?\`next trial in \${Z(r-d)}\`:"next call is a\\
 trial"),a>1&&c.push(\`opened \${a} times in a row\`)),t==="halfOpen"&&c.push("trial calls decide"),t==="isolated"&&c.push(s?\`isolated: \${s}\`:"isolated by hand"),e!==
"enabled"&&c.push(e==="observe"?"observes only":"switched off"),c.join(" · ")}var Pn={closed:4,halfOpen:9,open:14,isolated:14,disposed:2};function Vn(t,e,n){let r=st(
e,n);for(;t.childElementCount>r.length;)t.lastElementChild?.remove();r.forEach(({state:o,from:s,to:a},d)=>{let c=t.children[d]??t.appendChild(ae("rect")),l=Pn[o]??
2;v(c,"data-state",o),v(c,"x",(s*900).toFixed(1)),v(c,"width",Math.max(2,(a-s)*900).toFixed(1)),v(c,"y",14-l),v(c,"height",l)}),v(t,"aria-label",Tt(e,n))}var ct=60;function jt(t){let{model:e}=t,n=new Set(We("pinned")),r=!1,o=0,s=he("Name","breaker-filter"),a=i("input",{type:"checkbox",id:"breaker-troubled"}),d=i(
"p.quiet",{id:"breaker-count"}),c=i("div.grid"),l=H("",()=>{r=!r,t.refresh()}),u=i("p.empty");for(let w of[s,a])w.addEventListener("input",t.refresh);D("breaker\\
s","Circuit breakers",[d,G("Filter",s),i("label.check",a,"Not closed only")],c,u,l);let h=new de(c,w=>Ot(t,String(o++),()=>{n.delete(w)||n.add(w),Be("pinned",[...n].
slice(-100)),t.refresh()})),m=matchMedia("(hover: hover)");return{update(w){let b=s.value.trim().toLowerCase(),y=[...e.circuits.values()].filter(S=>(!a.checked||
S.state!=="closed")&&\`\${S.name} \${S.key??""}\`.toLowerCase().includes(b)),g=Ht(y.map(p),n),C=new Map(g.map(S=>[re(S),S])),M=c.contains(document.activeElement)||m.
matches&&c.matches(":hover"),$=Vt(h.keys,[...C.keys()].slice(0,r?void 0:ct),M),O=new Map;for(let S of $){let I=C.get(S);I!==void 0&&O.set(S,{circuit:I,now:w,pinned:n.
has(S)})}h.update(O);let E=e.circuits.size;f(d,b===""&&!a.checked?W(E,"circuit"):\`\${C.size} of \${E}\`),f(u,E===0?"No circuit breaker with a name is in use.":"Non\\
e matches."),k(u,C.size>0),k(l,C.size<=ct),f(l,r?\`Show the first \${ct}\`:\`Show all \${C.size}\`)}};function p(w){let{failures:b,rejections:y,calls:g}=e.series(w.name)?.
summary(60)??{failures:w.failures,rejections:0,calls:w.calls};return{circuit:w,trouble:b+y,calls:g}}}var qt=["normal","minor","moderate","severe","critical"];function Wt(t){let{model:e}=t,n=i("p.quiet"),r=qt.map(m=>{let p=i("span.about"),w=i("span.about");return{
level:m,about:p,time:w,element:i("li",i("span",P(m)),p,w)}}),o=i("ol.ladder",{"aria-label":"Levels"},...r.map(({element:m})=>m)),s=Fn(),a=i("p.empty","There are\\
 no rules."),d=Hn(t),c=i("h3","Features"),l=Nn(t),u=i("p.empty","Nothing manages the level of this service."),h=i("div",o,i("h3","Rules"),s.element,a,c,d.element,
l.element);return D("degradation","Degradation",[n],h,u).classList.add("half"),{update(m){let p=e.degradation;if(k(h,p===void 0),k(u,p!==void 0),p===void 0)return;
let{level:w,target:b=w,timeAt:y}=p;f(n,b===w?"":\`On the way to \${b}\`);for(let $ of r){let O=$.level===w?"now":$.level===b?"called for":"";v($.element,"aria-curr\\
ent",$.level===w?"step":void 0),f($.about,O),f($.time,On(y?.[$.level]))}let C=[...p.rules??(p.activeRules??[]).map($=>({...$,active:!0}))].sort(($,O)=>Number(O.
active)-Number($.active));k(a,C.length>0),s.update(new Map(C.map($=>[$.id,{rule:$,now:m}])));let M=p.features??[];k(c,M.length===0),d.update(new Map(M.map($=>[$.
name,{feature:$,now:m}]))),l.update(p.override!==void 0)}}}function Fn(){return U("Rules and what they read now",[{label:"Rule",look:"wide"},{label:"Calls for"},
{label:"Reads now",look:"number"},{label:"Holds from",look:"number"},{label:"Counts"}],(t,[e,n,r,o,s],a)=>{let d=i("span.about"),c=i("span.name"),l=i("span.abou\\
t");return e.append(i("span.name",a),d),s.append(c,l),({rule:u,now:h})=>{let{reading:m,active:p,since:w=h,until:b}=u;f(d,m?.about?.join(", ")??""),f(n,P(u.level)),
f(r,Dt(m?.value,m?.unit)),f(o,Dt(m?.limit,m?.unit)),f(c,p?\`for \${we(h-w)}\`:"no"),f(l,b===void 0?"":\`holds no more, ends in \${Z(b-h)}\`),v(s,"data-tone",p?"warn":
void 0)}})}function Hn(t){return U("Features",[{label:"Feature",look:"wide"},{label:"State"},{label:"On up to"},{label:"Action",look:"actions",unseen:!0}],(e,[n,
r,o,s],a)=>{let d=i("span.about"),c=ee("pass"),l=i("span"),u=i("span"),h=H("",()=>m&&In(t,m,h),u);h.append(i("span.unseen",\` \${a}\`)),n.append(i("span.name",a),d),
r.append(i("span.state",c,l)),s.append(h);let m;return({feature:p,now:w})=>{m=p;let{killed:b,on:y,maxLevel:g}=p,{expiresAt:C}=b??{},M=C===void 0?"":\` for \${Z(C-
w)} more\`;f(d,b?\`Off by \${b.actor}\${M}: \${b.reason}\`:""),te(c,y?"pass":"disposed"),v(e,"data-status",y?"pass":"off"),f(l,y?"On":b?"Off by hand":"Off"),f(o,P(g)),
f(u,b?"Restore":"Switch off"),k(h,!t.can("override"))}})}function In(t,{name:e,killed:n},r){let o=n?{title:\`Restore \${e}?\`,effect:"The feature is on again whene\\
ver the level allows it.",verb:"Restore"}:{title:\`Switch \${e} off?\`,effect:"Nobody can use the feature for an hour, whatever the level is.",verb:"Switch off",danger:!0,
reason:"required"};t.act(r,o,({reason:s})=>t.api.send("POST",\`degradation/features/\${J(e)}/\${n?"restore":"kill"}\`,n?{reason:s}:{reason:s,ttl:"1h"}))}function Nn(t){
let e=oe("override-level",...qt.map(l=>[l,P(l)])),n=oe("override-mode",["pin","Exactly"],["floor","At least"]),r=oe("override-time",["15m","15 minutes"],["1h","\\
1 hour"],["4h","4 hours"],["1d","1 day"],["never","Until cleared"]);r.value="1h";let o=i("input",{id:"override-reason",type:"text",required:!0,maxlength:200,autocomplete:"\\
off"}),s=i("button",{type:"submit"},"Set level"),a=H("Clear override",()=>{t.act(a,{title:"Clear the override?",effect:"The level is at once what the rules call\\
 for.",verb:"Clear override",reason:"optional"},({reason:l})=>t.api.send("POST","degradation/clear",{reason:l}))}),d=i("form.override-form",{"aria-label":"Set t\\
he level by hand"},G("How",n),G("Level",e),G("For",r),G("Reason",o,"field wide"),i("div.buttons",s,a));d.addEventListener("submit",l=>{l.preventDefault();let u=e.
value,h=o.value.trim();if(h==="")return o.focus();let m=r.selectedOptions[0]?.textContent?.toLowerCase()??"";t.act(s,{title:\`Set the level to \${n.value==="floor"?
"at least ":""}\${u}?\`,effect:\`\${jn[u]} Holds \${r.value==="never"?m:\`for \${m}\`}.\`,verb:"Set level",danger:!0},()=>t.api.send("POST","degradation/set-level",{level:u,
mode:n.value,ttl:r.value,reason:h})).then(p=>{p&&(o.value="")})});let c=i("div",i("h3","By hand"),d);return{element:c,update(l){k(c,!t.can("override")),!l&&document.
activeElement===a&&s.focus({preventScroll:!0}),k(a,!l)}}}function Dt(t,e="count"){return e==="share"?q(t):e==="ms"?R(t):T(t)}function On(t){return t===void 0||t<
500?"":R(Math.round(t/1e3)*1e3)}var jn={normal:"Everything is on, even what cannot keep up.",minor:"Users get a degraded service.",moderate:"Users get a degrade\\
d service; less important work is turned away.",severe:"Users get a limited service, and may not be able to change anything.",critical:"Users get answers from m\\
emory only; all but the most important work is turned away."};var Dn=[{label:"Calls",value:({callsPerSecond:t})=>ne(t)},{label:"Failed",value:({failureShare:t})=>q(t??void 0),tone:({failureShare:t})=>Bt(t??0)},{label:"Turn\\
ed away",value:(t,e)=>q(e),more:()=>"by circuits",tone:(t,e)=>Bt(e)},{label:"Not closed",value:({openCircuits:t})=>T(t),more:({circuits:t})=>\`of \${T(t)} circuit\\
s\`,tone:({openCircuits:t})=>t>0?"bad":void 0},{label:"Dead letters",value:({deadLetters:t})=>T(t),more:({oldestDeadLetterAge:t})=>t===null?"none waits":\`oldest \${R(
t)}\`,tone:({deadLetters:t})=>t>0?"warn":void 0},{label:"Fallbacks",value:({fallbackShare:t})=>q(t??void 0),more:()=>"of all calls"},{label:"From memory",value:({
staleHitRate:t})=>q(t??void 0),more:()=>"of look-ups"},{label:"Median time",value:({p50:t})=>R(t??void 0)},{label:"95 % within",value:({p95:t})=>R(t??void 0)},{
label:"99 % within",value:({p99:t})=>R(t??void 0)}];function zt({model:t}){let e=Dn.map(n=>{let r=i("dd.value"),o=i("dd.more");return F("figures").append(i("div",
i("dt",n.label),r,o)),{tile:n,value:r,more:o}});return{update(){let n=t.figures;if(n===void 0)return;let{calls:r,rejections:o}=t.total.summary(60),s=o/Math.max(
1,r+o);for(let{tile:a,value:d,more:c}of e)f(d,a.value(n,s)),f(c,a.more?.(n)??"last minute"),v(d,"data-tone",a.tone?.(n,s))}}}function Bt(t){if(!(t<.01))return t<
.1?"warn":"bad"}var qn=30,_t={fail:0,unknown:1,warn:2,pass:3},Kt={pass:5,warn:10,unknown:14,fail:14};function Ut({model:t}){let e=U("Health checks",[{label:"Check",look:"wide"},
{label:"Status"},{label:"Time",look:"number"},{label:"Status since",look:"number"},{label:"Last results"}],(o,[s,a,d,c,l],u)=>{let h=i("span.about"),m=i("span.a\\
bout"),p=ee("unknown"),w=i("span"),b=i("span.about"),y=ae("svg",{class:"ticks",viewBox:\`0 0 \${qn*4} 14\`,role:"img"});return s.append(i("span.name",u),h,m),a.append(
i("span.state",p,w),b),l.append(y),({check:g,now:C})=>{v(o,"data-status",g.status),f(h,[g.criticality,g.componentType,g.kinds.join(", ")].filter(Boolean).join("\\
 · ")),f(m,g.output??""),te(p,g.status),f(w,P(g.status));let M=[g.code,g.flapping?"flapping":void 0,g.lastStatus===g.status?void 0:\`last \${g.consecutive}: \${g.
lastStatus}\`];f(b,M.filter(Boolean).join(", ")),f(d,Wn(g)),f(c,g.since===void 0?"–":ye(C-g.since)),Bn(y,t.results(g.name))}}),n=i("p.quiet"),r=i("p.empty","No\\
thing is checked.");return D("health","Health",[n],e.element,r).classList.add("half"),{update(o){let{health:s}=t;f(n,s===void 0?"":\`Overall: \${s.status}\${s.draining?
", draining":""}\`);let a=[...s?.checks??[]].sort((d,c)=>_t[d.status]-_t[c.status]||d.name.localeCompare(c.name));k(r,a.length>0),e.update(new Map(a.map(d=>[d.name,
{check:d,now:o}])))}}}function Wn({observedValue:t,observedUnit:e,duration:n}){return t===void 0?R(n):e==="ms"?R(t):\`\${T(t)}\${e===void 0?"":\` \${e}\`}\`}function Bn(t,e){
for(;t.childElementCount>e.length;)t.lastElementChild?.remove();e.forEach((o,s)=>{let a=t.children[s]??t.appendChild(ae("rect",{width:3}));v(a,"data-status",o),
v(a,"x",s*4),v(a,"y",14-Kt[o]),v(a,"height",Kt[o])});let n=e.filter(o=>o!=="pass").length,r=n===0?"all passed":\`\${n} did not pass\`;v(t,"aria-label",e.length===0?
"No results yet.":\`Last \${e.length} results: \${r}.\`)}async function Qt(t,e,n){let r=\`dlq/\${J(e)}/\${J(n)}\`,o;try{o=await t.api.get(r)}catch(u){be(u instanceof N?u.message:"The letter could not be read.",!0);return}
let s=H("Close",()=>c.close()),a=i("div"),d=H("Show content",l);d.hidden=!t.can("operate")||o.state!=="dead";let c=dt(i("div",i("h2",{id:"dialog-title"},\`Dead l\\
etter of \${e}\`),i("dl.pairs",...zn(o).flatMap(([u,h])=>[i("dt",u),i("dd",h)])),...Gt("Behind it",o.causes.map(({name:u,message:h,code:m})=>[u,m,h].filter(Boolean).
join(" "))),...Gt("Before it died",o.history.map(({at:u,event:h,by:m})=>\`\${Q(u)} \${h}\${m===void 0?"":\` by \${m}\`}\`)),a,i("p.quiet",{hidden:d.hidden},"Who looks a\\
t the content is written down."),i("div.buttons",d,s)),!0);s.focus();async function l(){try{let{content:u}=await t.api.get(r,{content:"true"});if(u===void 0)return;
a.replaceChildren(i("h3","Content"),i("pre",{tabindex:0,"aria-label":"Content of the letter"},u.message),...u.truncated?[i("p.quiet","Cut off here.")]:[]),d.hidden=
!0,s.focus()}catch(u){be(u instanceof N?u.message:"The content could not be read.",!0)}}}function zn(t){let{error:e}=t;return[["Id",t.id],["State",P(t.state)],[
"Type",t.type],["Failure",\`\${t.failure} (\${t.failureClass})\`],["Error",[e.name,e.code,e.message].filter(Boolean).join(" ")],["Died",new Date(t.diedAt).toISOString()],
["First failed",t.firstFailedAt===void 0?void 0:new Date(t.firstFailedAt).toISOString()],["Recovery",t.due===void 0?"by hand only":\`due \${new Date(t.due).toISOString()}\`],
["Replays failed",String(t.attempts)],["Replayed before",String(t.replays)],["Task",t.taskId],["Source",t.source],["Journey",t.journey]].flatMap(([r,o])=>o===void 0?
[]:[[r,o]])}function Gt(t,e){return e.length===0?[]:[i("h3",t),i("ol",...e.map(n=>i("li",n)))]}var _n=15,Kn=800,Un=["dead","leased","replaying","replayed","resolved","discarded"];function Jt(t){let{api:e,model:n}=t,r=[void 0],o,s="",a="",d=0,c=0,l=new Set,
u=oe("letters-queue"),h=oe("letters-state",...Un.map(x=>[x,P(x)])),m=he("Exact type","letters-type"),p=i("p.reading"),w=i("span",{role:"status"}),b=H("Replay se\\
lected",()=>cn([...l])),y=H("Discard selected",()=>un([...l]),{class:"danger"}),g=i("input",{type:"checkbox"}),C=i("div.toolbar",i("label.check",g,"All of this \\
page"),w,b,y),M=H("Newer",()=>gt(M,()=>r.pop())),$=H("Older",()=>gt($,()=>r.push(o?.next))),O=i("span"),E=i("div.toolbar",M,O,$),S=oe("purge-age",["1h","1 hour"],
["1d","1 day"],["7d","7 days"],["30d","30 days"],["90d","90 days"]);S.value="30d";let I=H("Purge",fn,{class:"danger"}),j=i("div.toolbar",G("Purge all older than",
S),I),B=i("p.empty"),z=U("Dead letters",[{label:"Selected",unseen:!0,look:"pick"},{label:"Died",look:"short"},{label:"Type"},{label:"Failure"},{label:"Error",look:"\\
wide"},{label:"Tries",look:"number"},{label:"Actions",look:"actions",unseen:!0}],(x,[L,A,V,_,X,K,ie],se)=>{let me=i("input",{type:"checkbox"});me.addEventListener(
"change",()=>{ht(se,me.checked),t.refresh()});let wt=i("span.name"),yt=i("span.about"),bt=i("span"),vt=i("span.about"),Ue=()=>i("span.unseen"),Ge=H("View",()=>{
Qt(t,u.value,se)},Ue()),Qe=H("Replay",()=>dn(Qe,V.textContent??"",se),Ue()),Je=H("Discard",()=>ln(Je,V.textContent??"",se),Ue(),{class:"danger"});return L.append(
i("label.box",me)),X.append(wt,yt),_.append(bt,vt),ie.append(Ge,Qe,Je),({letter:Y,now:mn})=>{let $t=t.can("operate")&&Y.state==="dead";me.checked=l.has(se),k(me,
!$t),v(me,"aria-label",\`Select \${Y.type} \${se}\`),f(A,ye(Math.max(0,mn-Y.diedAt))),v(A,"title",new Date(Y.diedAt).toISOString()),f(V,Y.type),f(bt,Y.failure),f(vt,
Y.failureClass),f(wt,[Y.error.name,Y.error.code].filter(Boolean).join(" ")),f(yt,Y.error.message),f(K,T((Y.retryCount??0)+1+Y.attempts));for(let Ye of[Ge,Qe,Je])
f(Ye.lastElementChild,\` \${Y.type} \${se}\`),k(Ye,Ye!==Ge&&!$t)}}),ce=D("letters","Dead letters",[G("Queue",u),G("State",h),G("Type",m)],p,C,z.element,B,E,j);for(let x of[
u,h,m])x.addEventListener("change",()=>{l.clear(),r=[void 0],o=void 0,Ce()});return g.addEventListener("change",()=>{for(let{id:x}of o?.letters??[])ht(x,g.checked);
t.refresh()}),{update(x){xe();let L=n.deadLetters.find(se=>se.queue===u.value),A=JSON.stringify([L?.counts,u.value]);A!==a&&(a=A,u.value!==""&&c===0&&(c=setTimeout(
()=>{Ce()},o===void 0?0:Kn)));let{counts:V,oldestAge:_,stale:X}=L??{},K=_===void 0?"":\`; the oldest is \${R(_)} old\`,ie=X?"The store does not answer; these figur\\
es are from earlier.":"";f(p,V===void 0?ie:\`\${T(V.dead)} dead\${K}; \${T(V.leased+V.replaying)} in recovery, \${T(V.replayed+V.resolved)} replayed or resolved, \${T(
V.discarded)} discarded. \${ie}\`),Se(x)}};function xe(){let x=n.deadLetters.map(A=>A.queue),L=[...u.options].map(({value:A})=>A);if(JSON.stringify(x)!==JSON.stringify(
L)){let A=u.value;u.replaceChildren(...x.map(V=>i("option",{value:V},V))),u.value=x.includes(A)?A:x[0]??""}for(let A of[p,z.element,E])k(A,x.length===0);for(let A of[
u,h,m])v(A,"disabled",x.length===0)}function Se(x){let L=o?.letters??[],A=new Set(L.map(({id:K})=>K));for(let K of l)A.has(K)||l.delete(K);let V=t.can("operate")&&
h.value==="dead";v(z.element,"data-plain",V?void 0:!0);let _=new Map(L.map(K=>[K.id,{letter:K,now:x}]));an(_),k(C,!V||L.length===0),f(w,l.size===0?"":\`\${l.size}\\
 selected\`);for(let K of[b,y])k(K,l.size===0);g.checked=L.length>0&&l.size===L.length,g.indeterminate=l.size>0&&l.size<L.length;let X=n.deadLetters.length===0?"\\
No queue of dead letters was given.":"No letters.";f(B,s||(o===void 0&&n.deadLetters.length>0?"Reading…":X)),k(B,L.length>0&&s===""),k(E,r.length===1&&o?.next===
void 0),v(M,"aria-disabled",r.length===1?"true":void 0),v($,"aria-disabled",o?.next===void 0?"true":void 0),f(O,\`Page \${r.length}\`),k(j,!t.can("override")||n.deadLetters.
length===0)}function an(x){let{rows:L,keys:A}=z,V=[...L].findIndex(ie=>ie.contains(document.activeElement)),_=V>=0&&!x.has(A[V]);if(z.update(x),!_)return;([...L[Math.
min(V,L.length-1)]?.querySelectorAll("input, button")??[]].find(({hidden:ie})=>!ie)??ce.querySelector("h2"))?.focus({preventScroll:!0})}function ht(x,L){L?l.add(
x):l.delete(x)}function gt(x,L){x.getAttribute("aria-disabled")!=="true"&&(L(),l.clear(),Ce())}function Ke(x){return\`dlq/\${J(u.value)}/\${J(x)}\`}async function dn(x,L,A){
let V=Ke(A);await t.act(x,{title:\`Replay \${L} of \${u.value}?\`,effect:\`The work of letter \${A} is done anew, once. If it fails again, the letter stays dead.\`,verb:"\\
Replay",reason:"optional"},({reason:_})=>e.send("POST",\`\${V}/retry\`,{reason:_})),Te([A])}async function ln(x,L,A){let V=Ke(A);await t.act(x,{title:\`Discard \${L}\\
 of \${u.value}?\`,effect:\`The work of letter \${A} is never done. Its content is deleted. This cannot be undone.\`,verb:"Discard",danger:!0,reason:"required"},({reason:_})=>e.
send("DELETE",V,{reason:_})),Te([A])}async function cn(x){let L=u.value;await t.act(b,{title:\`Replay \${W(x.length,"letter")} of \${L}?\`,effect:"Each is done anew\\
, once. Those that fail again stay dead.",verb:"Replay",reason:"optional"},({reason:A})=>e.send("POST",\`dlq/\${J(L)}/retry-batch\`,{reason:A,ids:x})),Te(x)}async function un(x){
let L=x.map(Ke);await t.act(y,{title:\`Discard \${W(x.length,"letter")} of \${u.value}?\`,effect:"What they were to do is never done. Their content is deleted. This\\
 cannot be undone.",verb:"Discard",danger:!0,reason:"required"},async({reason:A})=>{let V=0,_;for(let X of L)try{await e.send("DELETE",X,{reason:A}),V++}catch(K){
if(!(K instanceof N))throw K;_??=K.message}if(_!==void 0)throw new N(0,\`\${V} of \${x.length} discarded. \${_}\`);return{message:\`\${W(V,"letter")} discarded.\`}}),Te(
x)}async function fn(){let x=u.value,L=S.value,A=S.selectedOptions[0]?.textContent,{oldestAge:V}=n.deadLetters.find(X=>X.queue===x)??{},_=V===void 0?"No letter \\
is dead now.":\`The oldest is \${R(V)} old.\`;await t.act(I,{title:\`Purge \${x} of all older than \${A}?\`,effect:\`Deletes every dead letter that died more than \${A} \\
ago, of every type, also those that this page does not show. What they were to do is never done. This cannot be undone. \${_}\`,verb:"Purge",danger:!0,reason:"req\\
uired"},({reason:X})=>e.send("POST",\`dlq/\${J(x)}/purge\`,{olderThan:L,reason:X})),Te([])}function Te(x){for(let L of x)l.delete(L);Ce()}async function Ce(){clearTimeout(
c),c=0;let x=++d,L=u.value;if(L!==""){try{let A=await e.get(\`dlq/\${J(L)}\`,{limit:_n,state:h.value,type:m.value.trim(),cursor:r.at(-1)});if(x!==d)return;if(o=A,s=
"",A.letters.length===0&&r.length>1)return r.pop(),Ce()}catch(A){if(x!==d)return;s=A instanceof N?A.message:"The letters could not be read."}t.refresh()}}}var Gn=6;function Yt({kind:t,snapshot:e}){let n=l=>{let u=e[l];return typeof u=="number"&&Number.isFinite(u)?u:void 0},r=n("active"),o=n("concurrency")??(t==="a\\
daptive-concurrency"?n("limit"):void 0),s=n("queued");if(r!==void 0&&o!==void 0&&o>0){let l=n("queue"),u=l===void 0||l===0?"":\` of \${T(l)}\`,h=s===void 0?"":\`, \${T(
s)}\${u} waiting\`,m=Jn(e.rejected),p=m===0?"":\`, \${T(m)} turned away\`;return{share:Math.min(1,r/o),text:\`\${T(r)} of \${T(Math.floor(o))} in use\${h}\${p}\`}}let[a,d,
c]=[n("available"),n("burst"),n("per")];if(a!==void 0&&d!==void 0&&d>0){let l=n("limit"),u=l===void 0||c===void 0?"":\`, \${T(l)} per \${R(c)}\`;return{share:Math.min(
1,Math.max(0,1-a/d)),text:\`\${W(Math.floor(a),"call")} free\${u}\`}}return t==="failover"&&Array.isArray(e.providers)?{share:void 0,text:e.providers.map(Qn).join("\\
, ")}:{share:void 0,text:Zn(e)}}function Qn({provider:t,state:e,cooldown:n,excluded:r}){let o=typeof n=="number"&&n>0?\` for \${R(n)}\`:"";return\`\${t} \${r===void 0?
\`\${e}\${o}\`:"excluded"}\`}function Jn(t){return Object.entries(t??{}).reduce((n,[r,o])=>r==="aborted"?n:n+Number(o),0)}function Zt(t){return t===void 0?"none":t>=
1?"bad":t>=.8?"warn":"ok"}var Yn=t=>/delay|duration|age$|limit/i.test(t);function Zn(t){return Object.entries(t).flatMap(([n,r])=>typeof r=="number"||typeof r==
"string"||typeof r=="boolean"?[\`\${P(n).toLowerCase()} \${typeof r!="number"?r:Yn(n)?R(r):T(r)}\`]:[]).slice(0,Gn).join(", ")||"no figures"}var ut=100;function Xt({model:t}){let e=U("Limits and other components",[{label:"Name",look:"wide"},{label:"Kind"},{label:"In use",look:"gauge"},{label:"Figures",
look:"wide"}],(o,[s,a,d,c])=>{let l=i("span.fill"),u=i("span.bar",{"aria-hidden":"true"},l),h=i("span");return d.append(u,h),m=>{let{share:p,text:w}=Yt(m);f(s,m.
name),f(a,P(m.kind)),v(o,"data-tone",Zt(p)),k(u,p===void 0);let b=\`\${Math.round((p??0)*100)}%\`;l.style.width!==b&&(l.style.width=b),f(h,p===void 0?"–":q(Math.
round(p*100)/100)),f(c,w)}}),n=i("p.quiet"),r=i("p.empty","Nothing else with a name is in use.");return D("limits","Limits and other components",[n],e.element,r),
{update(){let o=[...t.components.entries()].filter(([,{kind:s}])=>s!=="upkeep").sort(([,s],[,a])=>s.kind.localeCompare(a.kind)||s.name.localeCompare(a.name));k(
r,o.length>0),f(n,o.length>ut?\`\${ut} of \${o.length}\`:""),e.update(new Map(o.slice(0,ut)))}}}var ft=50,Xn={good:"pass",warn:"warn",bad:"fail",plain:"disposed"},er={good:"Good: ",warn:"Warning: ",bad:"Trouble: ",plain:""};function en({model:t,refresh:e}){
let n=ft,r=he("Text","log-filter"),o=i("p.quiet"),s=i("ol.events",{reversed:!0}),a=H("Show older events",()=>{n+=ft,e()}),d=i("p.empty","Nothing has happened.");
r.addEventListener("input",()=>{n=ft,e()}),D("log","Events",[o,G("Filter",r)],i("div.scroll",{tabindex:0,role:"group","aria-labelledby":"log-title"},s,d,a)).classList.
add("half");let c=new de(s,()=>{let l=i("time"),u=ee("disposed"),h=i("span.unseen"),m=i("span"),p=i("li",l,u,i("span.text",h,m));return{element:p,update({event:w,
story:b,count:y}){f(l,Q(w.time)),v(l,"datetime",new Date(w.time).toISOString()),te(u,Xn[b.tone]),v(p,"data-tone",b.tone),f(h,er[b.tone]),f(m,y===1?b.text:\`\${b.text}\\
, \${y} times\`)}}});return{update(){let l=r.value.trim().toLowerCase(),u=At(t.events.toArray().reverse()),h=u.filter(({event:m,story:p})=>\`\${p.text} \${m.kind}\`.toLowerCase().
includes(l));f(o,t.eventCount>je?\`the last \${je}\`:""),f(d,u.length===0?"Nothing has happened.":"None matches."),k(d,h.length>0),k(a,h.length<=n),c.update(new Map(
h.slice(0,n).map(m=>[m.key,m])))}}}var tr=6e4,fe="number";function tn({api:t,refresh:e}){let n=oe("report-window",["1h","Hour"],["6h","6 hours"],["24h","Day"]),r=new le(()=>t.get("reports/reliabi\\
lity",{window:n.value}),e);n.addEventListener("change",()=>r.load());let o=i("p.reading"),s=i("dl.pairs"),a=U("Circuit breakers in the report",[{label:"Circuit \\
breaker",look:"wide"},{label:"Opened",look:fe},{label:"Mean time to recovery",look:fe},{label:"Calls",look:fe},{label:"Failed",look:fe},{label:"Rejected",look:fe},
{label:"99 % within",look:fe}],(m,[p,w,b,y,g,C,M])=>$=>{f(p,$.name),f(w,T($.openings)),f(b,R($.meanTimeToRecovery??void 0)),f(y,T($.calls)),f(g,q($.calls===0?void 0:
$.failures/$.calls)),f(C,T($.rejected)),f(M,R($.p99??void 0)),v(w,"data-tone",$.openings>0?"warn":void 0)}),d=U("Most frequent failures",[{label:"Most frequent \\
failures",look:"wide"},{label:"Class"},{label:"Times",look:fe}],(m,[p,w,b])=>y=>{f(p,\`\${P(y.kind)} \${y.name}\`),f(w,y.failureClass),f(b,T(y.count))}),c=i("ul.adv\\
ice"),l=i("p.empty"),u=i("div",s,a.element,d.element,i("h3","Recommendations"),c,l);D("report","Reliability report",[G("Last",n)],o,u);let h;return{load:()=>r.load(),
update(m){let{answer:p,trouble:w}=r;if(p===void 0)return f(o,w||"Reading…");if(m-p.time>tr&&w===""&&r.load(),f(o,\`\${w}\${w&&" "}From \${Q(p.from)} to \${Q(p.time)}\\
, \${R(p.window)}: what this instance remembers.\`),p===h)return;h=p,s.replaceChildren(...nr(p).flatMap(([y,g])=>[i("dt",y),i("dd",g)])),a.update(new Map(p.circuitBreakers.
map(y=>[y.name,y]))),d.update(new Map(p.topFailures.map(y=>[\`\${y.kind} \${y.name} \${y.failureClass}\`,y])));let{recommendations:b}=p;c.replaceChildren(...b.map(({
kind:y,name:g,option:C,advice:M})=>i("li",i("strong",\`\${P(y)} \${g}, \${C}: \`),M))),f(l,"None: there is too little to go by, or nothing to improve."),k(l,b.length>
0)}}}function nr(t){let{availability:e,retries:n,fallbacks:r,deadLetters:o,timeAtLevel:s}=t,{calls:a,failures:d,rejected:c,share:l,shareWithFallbacks:u}=e,h=Object.
entries(s).filter(([,m])=>m>0);return[["Availability",\`\${q(l??void 0)}; with what fallbacks and memory answered \${q(u??void 0)}\`],["Calls",\`\${T(a)}, \${T(d)} fai\\
led; \${T(c)} turned away\`],["Retries",\`\${W(n.retries,"retry","retries")} saved \${W(n.saved,"call")}; \${W(n.gaveUp,"call")} failed all the same\`],["Fallbacks",\`\${W(
r.answered,"answer")}, \${T(r.failed)} failed; memory knew \${q(r.hitRate??void 0)} of look-ups\`],["Time at each level",h.map(([m,p])=>\`\${m} \${R(Math.round(p/1e3)*
1e3)}\`).join(", ")||"–"],["Dead letters",\`\${T(o.added)} added, \${T(o.replayed)} replayed, \${T(o.replayFailed)} replays failed, \${T(o.resolved)} resolved, \${T(
o.discarded)} discarded, \${T(o.expired)} expired; \${T(o.depth)} left\`]]}var $e=5,Ve=60/$e;function nn({model:t}){let e=i("div.chart"),n=i("p.reading"),r=U("Calls in each of the last minutes",["Minute","Calls","Failed","Rejected"].map(
l=>({label:l,look:"number"})),(l,u)=>h=>{for(let[m,p]of h.entries())f(u[m],p)}),o=i("details",i("summary","The same as a table"),r.element),s=["Calls","Failed",
"Rejected"].map(l=>i("li",{"data-tone":rr[l]},l));D("traffic","Traffic through all circuits",[i("ul.legend",...s)],e,n,o);let a,d=new ge(e,{axes:!0,lines:[{tone:"\\
calls",filled:!0},{tone:"bad"},{tone:"warn"}],onPoint(l){a=l,c()}});function c(){let{total:l}=t,[u,h,m]=[l.rates("calls",$e),l.rates("failures",$e),l.rates("rej\\
ections",$e)],p=l.times($e),w=l.summary(900),b=\`Last 15 minutes: \${W(w.calls,"call")}, \${rn(w.failures,w.calls)} failed, \${W(w.rejections,"call")} rejected, at \\
most \${ne(Math.max(0,...u))}.\`;d.update([p,ze(t.began,p,u),Pe(h),Pe(m)],b);let y=g=>g[a??0]??0;f(n,a===void 0?b:\`\${Q((p[a]??0)*1e3)}: \${ne(y(u))}, \${ne(y(h))} f\\
ailed, \${ne(y(m))} rejected.\`),o.open&&r.update(or(t.began,p,u,h,m))}return o.addEventListener("toggle",c),{update:c}}var rr={Calls:"calls",Failed:"bad",Rejected:"\\
warn"};function or(t,e,n,r,o){let s=(d,c)=>d.slice(c,c+Ve).reduce((l,u)=>l+u,0)/Ve,a=new Map;for(let d=n.length-Ve;d>=0&&!((e[d+Ve-1]??0)*1e3<=t);d-=Ve){let c=s(
n,d);a.set(String(d),[Q(((e[d]??0)-$e)*1e3).slice(0,5),ne(c),rn(s(r,d),c),ne(s(o,d))])}return a}function rn(t,e){return q(e===0?0:t/e)}var sr=3e4,ir={done:"pass",failed:"fail",elsewhere:"disposed"};function on(t){let e=new le(()=>t.api.get("upkeep"),t.refresh),n=U("Jobs of upkeep",[{label:"Job",
look:"wide"},{label:"Last run"},{label:"When",look:"number"},{label:"Next",look:"number"},{label:"Runs",look:"number"},{label:"Action",look:"actions",unseen:!0}],
(s,[a,d,c,l,u,h],m)=>{let p=i("span.about"),w=ee("disposed"),b=i("span"),y=i("span.about"),g=H("Run",()=>o(m,g),i("span.unseen",\` \${m}\`));return a.append(i("spa\\
n.name",m),p),d.append(i("span.state",w,b),y),h.append(g),({job:C,now:M})=>{let{last:$,failures:O,failed:E,nextAt:S,state:I}=C,j=$?.outcome??"elsewhere";f(p,\`ev\\
ery \${R(C.every)}\`),v(s,"data-status",$===void 0?"off":j==="failed"?"fail":"pass"),te(w,ir[j]),f(b,$===void 0?"Not yet":P(j));let B=$===void 0?"":\`took \${R($.duration)}\`;
f(y,O>1?\`failed \${O} times in a row\`:B),f(c,$===void 0?"–":ye(M-$.endedAt));let z=(S??0)-M,ce=z>0?\`in \${Z(z)}\`:"due";f(l,S===void 0?P(I):ce),f(u,\`\${T(C.runs)}\${E>
0?\`, \${T(E)} failed\`:""}\`),k(g,!t.can("operate"))}}),r=i("p.empty");return D("upkeep","Upkeep",[],n.element,r),{load:()=>e.load(),told({kind:s}){s==="upkeep"&&e.
load()},update(s){let{answer:a,missing:d}=e;a!==void 0&&!d&&s-a.time>sr&&e.load();let c=d?[]:a?.jobs??[];n.update(new Map(c.map(l=>[l.name,{job:l,now:s}]))),f(r,
d?"No upkeep was given.":e.trouble||"No jobs."),k(r,c.length>0&&e.trouble==="")}};async function o(s,a){await t.act(a,{title:\`Run \${s} now?\`,effect:"Does it onc\\
e, ahead of time. A run that is under way is joined.",verb:"Run",reason:"optional"},({reason:d})=>t.api.send("POST",\`upkeep/\${J(s)}/run\`,{reason:d})),await e.load()}}var ar=[Pt,zt,jt,nn,Ut,Wt,Jt,Xt,en,Rt,tn,on],dr=250,pt=F("login"),ke=F("token");sn("theme","auto");sn("density","comfortable");matchMedia("(prefers-color-scheme\\
: dark)").addEventListener("change",Xe);F("leave").addEventListener("click",()=>{ve.write(void 0),location.reload()});pt.addEventListener("submit",t=>{t.preventDefault(),
cr(ke.value.trim())});lr();async function lr(){let t=ve.read();try{await new pe(t).get("session"),mt(t)}catch(e){let n=e instanceof N&&e.status===401;if(!n&&t!==
void 0)return mt(t);ve.write(void 0),ur(n?t===void 0?"":"The token is no longer valid.":e.message)}}async function cr(t){if(t==="")return ke.focus();f(F("login-\\
error"),"");try{await new pe(t).get("session")}catch(e){let n=e instanceof N&&e.status===401;return f(F("login-error"),n?"This token is not known.":e.message),v(
ke,"aria-invalid",n?"true":void 0),ke.select()}ve.write(t),ke.value="",k(pt,!0),mt(t),F("main").focus({preventScroll:!0})}function ur(t){k(pt,!1),f(F("login-err\\
or"),t),ke.focus()}function mt(t){k(F("board"),!1),k(F("controls"),!1),k(F("leave"),t===void 0);let e=new Oe,n=new pe(t),r=new Ne,o={phase:"connecting"},s,a=0,d=0,
c=new qe(e,n,()=>b()),l=ar.map(g=>g(c)),u=new Ie(n,{onState(g){g.phase==="lost"&&o.phase==="live"&&r.add("The connection was lost"),g.phase==="live"&&d>0&&r.add(
"Connected"),o=g,y()},onRefused(){ve.write(void 0),location.reload()},onEvent({type:g,data:C}){let M=JSON.parse(C);if(s!==void 0)return m(s,g,M);if(g==="snapsho\\
t"){e.snapshot(M,Date.now()),p();for(let $ of l)$.load?.()}else if(g==="delta")e.delta(M,Date.now());else if(g==="transition")h(M);else return;w()}});F("pause").
addEventListener("click",()=>{s===void 0?s={at:e.now(Date.now()),events:0}:(s=void 0,u.restart()),v(F("pause"),"aria-pressed",String(s!==void 0)),y()}),F("retry\\
-now").addEventListener("click",()=>u.hurry()),window.addEventListener("online",()=>u.hurry()),document.addEventListener("visibilitychange",()=>{u.hurry(),w()}),
setInterval(()=>{y();let g=r.take(Date.now());g!==void 0&&f(F("announcer"),g),w()},1e3);function h(g){e.transition(g);let{text:C,urgent:M}=De(g);M&&r.add(C);for(let $ of l)
$.told?.(g)}function m(g,C,M){if(C!=="transition")return;g.events++;let{text:$,urgent:O}=De(M);O&&r.add($),y()}async function p(){try{e.past(await n.get("series",
{seconds:900})),w()}catch{}}function w(){a!==0||document.hidden||(a=setTimeout(()=>{a=0,s===void 0&&b()},dr))}function b(){if(e.session===void 0)return;d++;let g=s?.
at??e.now(Date.now()),{service:C,actor:M}=e.session,$=C.name??"Service";f(F("service"),[$,C.version,\`signed in as \${M}\`].filter(Boolean).join(" · "));for(let E of l)
E.update(g);let{openCircuits:O}=e.figures??{openCircuits:0};document.title=\`\${O>0?\`(\${O}) \`:""}\${$} · Reliability\`}function y(){let g=F("connection"),C=o.phase===
"live";v(g,"data-phase",s===void 0?o.phase:"paused");let M=o.phase==="lost"?\`Not connected: \${o.why} Next try in \${Z(o.retryAt-Date.now())}.\`:o.phase==="connect\\
ing"?"Connecting…":"Live",$=s?.events?\`, \${W(s.events,"event")} since\`:"",O=s&&\`Paused at \${Q(s.at)}\${$}\`;k(F("retry-now"),o.phase!=="lost"),f(g,O===void 0?M:
C?O:\`\${O}. \${M}\`),v(F("board"),"data-old",C?void 0:!0)}}function sn(t,e){let n=F(t),r=We(t)[0]??e;n.value=r,n.value!==r&&(n.value=e);let o=()=>{v(document.documentElement,
\`data-\${t}\`,n.value),Xe()};n.addEventListener("change",()=>{Be(t,[n.value]),o()}),o()}
`,
  },
  'ui/uplot.js': {
    contentType: 'text/javascript; charset=utf-8',
    body: `/*! uPlot
The MIT License (MIT)

Copyright (c) 2022 Leon Sorokin

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in
all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN
THE SOFTWARE.
*/
var Js="uplot",Zs="u-hz",Qs="u-vt",Xs="u-title",er="u-wrap",tr="u-under",lr="u-over",nr="u-axis",Zt="u-off",ir="u-select",or="u-cursor-x",sr="u-cursor-y",rr="u-\\
cursor-pt",fr="u-legend",ur="u-live",cr="u-inline",ar="u-series",pr="u-marker",ji="u-label",hr="u-value",Nl="width",Wl="height";var qi="bottom",yl="left",Wn="right",ni="#000",$i=ni+"0",Gn="mousemove",Ji="mousedown",In="mouseup",Zi="mouseenter",Qi="mouseleave",Xi="dblclick",mr="resize",gr="\\
scroll",eo="change",sn="dppxchange",ii="--",Al=typeof window<"u",jn=Al?document:null,kl=Al?window:null,dr=Al?navigator:null,oe,tn;function qn(){let e=devicePixelRatio;
oe!=e&&(oe=e,tn&&Jn(eo,tn,qn),tn=matchMedia(\`(min-resolution: \${oe-.001}dppx) and (max-resolution: \${oe+.001}dppx)\`),Qt(eo,tn,qn),kl.dispatchEvent(new CustomEvent(
sn)))}function Xe(e,i){if(i!=null){let o=e.classList;!o.contains(i)&&o.add(i)}}function $n(e,i){let o=e.classList;o.contains(i)&&o.remove(i)}function de(e,i,o){
e.style[i]=o+"px"}function gt(e,i,o,n){let s=jn.createElement(e);return i!=null&&Xe(s,i),o?.insertBefore(s,n),s}function ft(e,i){return gt("div",e,i)}var to=new WeakMap;
function bt(e,i,o,n,s){let a="translate("+i+"px,"+o+"px)",u=to.get(e);a!=u&&(e.style.transform=a,to.set(e,a),i<0||o<0||i>n||o>s?Xe(e,Zt):$n(e,Zt))}var lo=new WeakMap;
function no(e,i,o){let n=i+o,s=lo.get(e);n!=s&&(lo.set(e,n),e.style.background=i,e.style.borderColor=o)}var io=new WeakMap;function oo(e,i,o,n){let s=i+""+o,a=io.
get(e);s!=a&&(io.set(e,s),e.style.height=o+"px",e.style.width=i+"px",e.style.marginLeft=n?-i/2+"px":0,e.style.marginTop=n?-o/2+"px":0)}var oi={passive:!0},wr={...oi,
capture:!0};function Qt(e,i,o,n){i.addEventListener(e,o,n?wr:oi)}function Jn(e,i,o,n){i.removeEventListener(e,o,oi)}Al&&qn();function dt(e,i,o,n){let s;o=o||0,n=
n||i.length-1;let a=n<=2147483647;for(;n-o>1;)s=a?o+n>>1:et((o+n)/2),i[s]<e?o=s:n=s;return e-i[o]<=i[n]-e?o:n}function Ro(e){return(o,n,s)=>{let a=-1,u=-1;for(let h=n;h<=
s;h++)if(e(o[h])){a=h;break}for(let h=s;h>=n;h--)if(e(o[h])){u=h;break}return[a,u]}}var zo=e=>e!=null,Fo=e=>e!=null&&e>0,un=Ro(zo),Sr=Ro(Fo);function _r(e,i,o,n=0,s=!1){
let a=s?Sr:un,u=s?Fo:zo;[i,o]=a(e,i,o);let h=e[i],m=e[i];if(i>-1)if(n==1)h=e[i],m=e[o];else if(n==-1)h=e[o],m=e[i];else for(let g=i;g<=o;g++){let y=e[g];u(y)&&(y<
h?h=y:y>m&&(m=y))}return[h??ce,m??-ce]}function cn(e,i,o,n){let s=fo(e),a=fo(i);e==i&&(s==-1?(e*=o,i/=o):(e/=o,i*=o));let u=o==10?Pt:Oo,h=s==1?et:ut,m=a==1?ut:et,
g=h(u(Ee(e))),y=m(u(Ee(i))),d=xl(o,g),w=xl(o,y);return o==10&&(g<0&&(d=ae(d,-g)),y<0&&(w=ae(w,-y))),n||o==2?(e=d*s,i=w*a):(e=Go(e,d),i=an(i,w)),[e,i]}function si(e,i,o,n){
let s=cn(e,i,o,n);return e==0&&(s[0]=0),i==0&&(s[1]=0),s}var ri=.1,so={mode:3,pad:ri},Il={pad:0,soft:null,mode:0},yr={min:Il,max:Il};function rn(e,i,o,n){return pn(
o)?ro(e,i,o):(Il.pad=o,Il.soft=n?0:null,Il.mode=n?3:0,ro(e,i,yr))}function ne(e,i){return e??i}function vr(e,i,o){for(i=ne(i,0),o=ne(o,e.length-1);i<=o;){if(e[i]!=
null)return!0;i++}return!1}function ro(e,i,o){let n=o.min,s=o.max,a=ne(n.pad,0),u=ne(s.pad,0),h=ne(n.hard,-ce),m=ne(s.hard,ce),g=ne(n.soft,ce),y=ne(s.soft,-ce),
d=ne(n.mode,0),w=ne(s.mode,0),L=i-e,D=Pt(L),O=Ye(Ee(e),Ee(i)),N=Pt(O),G=Ee(N-D);(L<1e-24||G>10)&&(L=0,(e==0||i==0)&&(L=1e-24,d==2&&g!=ce&&(a=0),w==2&&y!=-ce&&(u=
0)));let k=L||O||1e3,H=Pt(k),x=xl(10,et(H)),q=k*(L==0?e==0?.1:1:a),P=ae(Go(e-q,x/10),24),$=e>=g&&(d==1||d==3&&P<=g||d==2&&P>=g)?g:ce,U=Ye(h,P<$&&e>=$?$:wt($,P)),
Q=k*(L==0?i==0?.1:1:u),B=ae(an(i+Q,x/10),24),T=i<=y&&(w==1||w==3&&B>=y||w==2&&B<=y)?y:-ce,j=wt(m,B>T&&i<=T?T:Ye(T,B));return U==j&&U==0&&(j=100),[U,j]}var kr=new Intl.
NumberFormat(Al?dr.language:"en-US"),fi=e=>kr.format(e),tt=Math,on=tt.PI,Ee=tt.abs,et=tt.floor,Ae=tt.round,ut=tt.ceil,wt=tt.min,Ye=tt.max,xl=tt.pow,fo=tt.sign,Pt=tt.
log10,Oo=tt.log2,xr=(e,i=1)=>tt.sinh(e)*i,Yn=(e,i=1)=>tt.asinh(e/i),ce=1/0;function uo(e){return(Pt((e^e>>31)-(e>>31))|0)+1}function Zn(e,i,o){return wt(Ye(e,i),
o)}function Ho(e){return typeof e=="function"}function X(e){return Ho(e)?e:()=>e}var Tr=()=>{},No=e=>e,Wo=(e,i)=>i,br=e=>null,co=e=>!0,ao=(e,i)=>e==i,Mr=/\\.\\d*?(?=9{6,}|0{6,})/gm,
Xt=e=>{if(Yo(e)||Ht.has(e))return e;let i=\`\${e}\`,o=i.match(Mr);if(o==null)return e;let n=o[0].length-1;if(i.indexOf("e-")!=-1){let[s,a]=i.split("e");return+\`\${Xt(
s)}e\${a}\`}return ae(e,n)};function $t(e,i){return Xt(ae(Xt(e/i))*i)}function an(e,i){return Xt(ut(Xt(e/i))*i)}function Go(e,i){return Xt(et(Xt(e/i))*i)}function ae(e,i=0){
if(Yo(e))return e;let o=10**i,n=e*o*(1+Number.EPSILON);return Ae(n)/o}var Ht=new Map;function Io(e){return((""+e).split(".")[1]||"").length}function Bl(e,i,o,n){
let s=[],a=n.map(Io);for(let u=i;u<o;u++){let h=Ee(u),m=ae(xl(e,u),h);for(let g=0;g<n.length;g++){let y=e==10?+\`\${n[g]}e\${u}\`:n[g]*m,d=(u>=0?0:h)+(u>=a[g]?0:a[g]),
w=e==10?y:ae(y,d);s.push(w),Ht.set(w,d)}}return s}var Yl={},ui=[],Tl=[null,null],Ot=Array.isArray,Yo=Number.isInteger,Ar=e=>e===void 0;function po(e){return typeof e==
"string"}function pn(e){let i=!1;if(e!=null){let o=e.constructor;i=o==null||o==Object}return i}function Er(e){return e!=null&&typeof e=="object"}var Pr=Object.getPrototypeOf(
Uint8Array),Bo="__proto__";function bl(e,i=pn){let o;if(Ot(e)){let n=e.find(s=>s!=null);if(Ot(n)||i(n)){o=Array(e.length);for(let s=0;s<e.length;s++)o[s]=bl(e[s],
i)}else o=e.slice()}else if(e instanceof Pr)o=e.slice();else if(i(e)){o={};for(let n in e)n!=Bo&&(o[n]=bl(e[n],i))}else o=e;return o}function Te(e){let i=arguments;
for(let o=1;o<i.length;o++){let n=i[o];for(let s in n)s!=Bo&&(pn(e[s])?Te(e[s],bl(n[s])):e[s]=bl(n[s]))}return e}var Dr=0,Lr=1,Cr=2;function Vr(e,i,o){for(let n=0,
s,a=-1;n<i.length;n++){let u=i[n];if(u>a){for(s=u-1;s>=0&&e[s]==null;)e[s--]=null;for(s=u+1;s<o&&e[s]==null;)e[a=s++]=null}}}function Rr(e,i){if(Or(e)){let u=e[0].
slice();for(let h=1;h<e.length;h++)u.push(...e[h].slice(1));return Hr(u[0])||(u=Fr(u)),u}let o=new Set;for(let u=0;u<e.length;u++){let m=e[u][0],g=m.length;for(let y=0;y<
g;y++)o.add(m[y])}let n=[Array.from(o).sort((u,h)=>u-h)],s=n[0].length,a=new Map;for(let u=0;u<s;u++)a.set(n[0][u],u);for(let u=0;u<e.length;u++){let h=e[u],m=h[0];
for(let g=1;g<h.length;g++){let y=h[g],d=Array(s).fill(void 0),w=i?i[u][g]:Lr,L=[];for(let D=0;D<y.length;D++){let O=y[D],N=a.get(m[D]);O===null?w!=Dr&&(d[N]=O,
w==Cr&&L.push(N)):d[N]=O}Vr(d,L,s),n.push(d)}}return n}var zr=typeof queueMicrotask>"u"?e=>Promise.resolve().then(e):queueMicrotask;function Fr(e){let i=e[0],o=i.
length,n=Array(o);for(let a=0;a<n.length;a++)n[a]=a;n.sort((a,u)=>i[a]-i[u]);let s=[];for(let a=0;a<e.length;a++){let u=e[a],h=Array(o);for(let m=0;m<o;m++)h[m]=
u[n[m]];s.push(h)}return s}function Or(e){let i=e[0][0],o=i.length;for(let n=1;n<e.length;n++){let s=e[n][0];if(s.length!=o)return!1;if(s!=i){for(let a=0;a<o;a++)
if(s[a]!=i[a])return!1}}return!0}function Hr(e,i=100){let o=e.length;if(o<=1)return!0;let n=0,s=o-1;for(;n<=s&&e[n]==null;)n++;for(;s>=n&&e[s]==null;)s--;if(s<=
n)return!0;let a=Ye(1,et((s-n+1)/i));for(let u=e[n],h=n+a;h<=s;h+=a){let m=e[h];if(m!=null){if(m<=u)return!1;u=m}}return!0}var Uo=["January","February","March",
"April","May","June","July","August","September","October","November","December"],Ko=["Sunday","Monday","Tuesday","Wednesday","Thursday","Friday","Saturday"];function jo(e){
return e.slice(0,3)}var Nr=Ko.map(jo),Wr=Uo.map(jo),Gr={MMMM:Uo,MMM:Wr,WWWW:Ko,WWW:Nr};function Hl(e){return(e<10?"0":"")+e}function Ir(e){return(e<10?"00":e<100?
"0":"")+e}var Yr={YYYY:e=>e.getFullYear(),YY:e=>(e.getFullYear()+"").slice(2),MMMM:(e,i)=>i.MMMM[e.getMonth()],MMM:(e,i)=>i.MMM[e.getMonth()],MM:e=>Hl(e.getMonth()+
1),M:e=>e.getMonth()+1,DD:e=>Hl(e.getDate()),D:e=>e.getDate(),WWWW:(e,i)=>i.WWWW[e.getDay()],WWW:(e,i)=>i.WWW[e.getDay()],HH:e=>Hl(e.getHours()),H:e=>e.getHours(),
h:e=>{let i=e.getHours();return i==0?12:i>12?i-12:i},AA:e=>e.getHours()>=12?"PM":"AM",aa:e=>e.getHours()>=12?"pm":"am",a:e=>e.getHours()>=12?"p":"a",mm:e=>Hl(e.
getMinutes()),m:e=>e.getMinutes(),ss:e=>Hl(e.getSeconds()),s:e=>e.getSeconds(),fff:e=>Ir(e.getMilliseconds())};function ci(e,i){i=i||Gr;let o=[],n=/\\{([a-z]+)\\}|[^{]+/gi,
s;for(;s=n.exec(e);)o.push(s[0][0]=="{"?Yr[s[1]]:s[0]);return a=>{let u="";for(let h=0;h<o.length;h++)u+=typeof o[h]=="string"?o[h]:o[h](a,i);return u}}var Br=new Intl.
DateTimeFormat().resolvedOptions().timeZone;function Ur(e,i){let o;return i=="UTC"||i=="Etc/UTC"?o=new Date(+e+e.getTimezoneOffset()*6e4):i==Br?o=e:(o=new Date(
e.toLocaleString("en-US",{timeZone:i})),o.setMilliseconds(e.getMilliseconds())),o}var qo=e=>e%1==0,fn=[1,2,2.5,5],Kr=Bl(10,-32,0,fn),$o=Bl(10,0,32,fn),jr=$o.filter(
qo),Jt=Kr.concat($o),ai=\`
\`,Jo="{YYYY}",ho=ai+Jo,Zo="{M}/{D}",Gl=ai+Zo,ln=Gl+"/{YY}",Qo="{aa}",qr="{h}:{mm}",vl=qr+Qo,mo=ai+vl,go=":{ss}",re=null;function Xo(e){let i=e*1e3,o=i*60,n=o*60,
s=n*24,a=s*30,u=s*365,m=(e==1?Bl(10,0,3,fn).filter(qo):Bl(10,-3,0,fn)).concat([i,i*5,i*10,i*15,i*30,o,o*5,o*10,o*15,o*30,n,n*2,n*3,n*4,n*6,n*8,n*12,s,s*2,s*3,s*
4,s*5,s*6,s*7,s*8,s*9,s*10,s*15,a,a*2,a*3,a*4,a*6,u,u*2,u*5,u*10,u*25,u*50,u*100]),g=[[u,Jo,re,re,re,re,re,re,1],[s*28,"{MMM}",ho,re,re,re,re,re,1],[s,Zo,ho,re,
re,re,re,re,1],[n,"{h}"+Qo,ln,re,Gl,re,re,re,1],[o,vl,ln,re,Gl,re,re,re,1],[i,go,ln+" "+vl,re,Gl+" "+vl,re,mo,re,1],[e,go+".{fff}",ln+" "+vl,re,Gl+" "+vl,re,mo,
re,1]];function y(d){return(w,L,D,O,N,G)=>{let k=[],H=N>=u,x=N>=a&&N<u,q=d(D),P=ae(q*e,3),$=Bn(q.getFullYear(),H?0:q.getMonth(),x||H?1:q.getDate()),U=ae($*e,3);
if(x||H){let Q=x?N/a:0,B=H?N/u:0,T=P==U?P:ae(Bn($.getFullYear()+B,$.getMonth()+Q,1)*e,3),j=new Date(Ae(T/e)),C=j.getFullYear(),I=j.getMonth();for(let F=0;T<=O;F++){
let ee=Bn(C+B*F,I+Q*F,1),z=ee-d(ae(ee*e,3));T=ae((+ee+z)*e,3),T<=O&&k.push(T)}}else{let Q=N>=s?s:N,B=et(D)-et(P),T=U+B+an(P-U,Q);k.push(T);let j=d(T),C=j.getHours()+
j.getMinutes()/o+j.getSeconds()/n,I=N/n,F=w.axes[L]._space,ee=G/F;for(;T=ae(T+N,e==1?0:3),!(T>O);)if(I>1){let z=et(ae(C+I,6))%24,te=d(T).getHours()-z;te>1&&(te=
-1),T-=te*n,C=(C+I)%24;let fe=k[k.length-1];ae((T-fe)/N,3)*ee>=.7&&k.push(T)}else k.push(T)}return k}}return[m,g,y]}var[$r,Jr,Zr]=Xo(1),[Qr,Xr,ef]=Xo(.001);Bl(2,
-53,53,[1]);function wo(e,i){return e.map(o=>o.map((n,s)=>s==0||s==8||n==null?n:i(s==1||o[8]==0?n:o[1]+n)))}function So(e,i){return(o,n,s,a,u)=>{let h=i.find(D=>u>=
D[0])||i[i.length-1],m,g,y,d,w,L;return n.map(D=>{let O=e(D),N=O.getFullYear(),G=O.getMonth(),k=O.getDate(),H=O.getHours(),x=O.getMinutes(),q=O.getSeconds(),P=N!=
m&&h[2]||G!=g&&h[3]||k!=y&&h[4]||H!=d&&h[5]||x!=w&&h[6]||q!=L&&h[7]||h[1];return m=N,g=G,y=k,d=H,w=x,L=q,P(O)})}}function tf(e,i){let o=ci(i);return(n,s,a,u,h)=>s.
map(m=>o(e(m)))}function Bn(e,i,o){return new Date(e,i,o)}function _o(e,i){return i(e)}var lf="{YYYY}-{MM}-{DD} {h}:{mm}{aa}";function yo(e,i){return(o,n,s,a)=>a==
null?ii:i(e(n))}function nf(e,i){let o=e.series[i];return o.width?o.stroke(e,i):o.points.width?o.points.stroke(e,i):null}function of(e,i){return e.series[i].fill(
e,i)}var sf={show:!0,live:!0,isolate:!1,mount:Tr,markers:{show:!0,width:2,stroke:nf,fill:of,dash:"solid"},idx:null,idxs:null,values:[]};function rf(e,i){let o=e.
cursor.points,n=ft(),s=o.size(e,i);de(n,Nl,s),de(n,Wl,s);let a=s/-2;de(n,"marginLeft",a),de(n,"marginTop",a);let u=o.width(e,i,s);return u&&de(n,"borderWidth",u),
n}function ff(e,i){let o=e.series[i].points;return o._fill||o._stroke}function uf(e,i){let o=e.series[i].points;return o._stroke||o._fill}function cf(e,i){return e.
series[i].points.size}var Un=[0,0];function af(e,i,o){return Un[0]=i,Un[1]=o,Un}function nn(e,i,o,n=!0){return s=>{s.button==0&&(!n||s.target==i)&&o(s)}}function Kn(e,i,o,n=!0){
return s=>{(!n||s.target==i)&&o(s)}}var pf={show:!0,x:!0,y:!0,lock:!1,move:af,points:{one:!1,show:rf,size:cf,width:0,stroke:uf,fill:ff},bind:{mousedown:nn,mouseup:nn,
click:nn,dblclick:nn,mousemove:Kn,mouseleave:Kn,mouseenter:Kn},drag:{setScale:!0,x:!0,y:!1,dist:0,uni:null,click:(e,i)=>{i.stopPropagation(),i.stopImmediatePropagation()},
_x:!1,_y:!1},focus:{dist:(e,i,o,n,s)=>n-s,prox:-1,bias:0},hover:{skip:[void 0],prox:null,bias:0},left:-10,top:-10,idx:null,dataIdx:null,idxs:null,event:null},es={
show:!0,stroke:"rgba(0,0,0,0.07)",width:2},pi=Te({},es,{filter:Wo}),ts=Te({},pi,{size:10}),ls=Te({},es,{show:!1}),hi='12px system-ui, -apple-system, "Segoe UI",\\
 Roboto, "Helvetica Neue", Arial, "Noto Sans", sans-serif, "Apple Color Emoji", "Segoe UI Emoji", "Segoe UI Symbol", "Noto Color Emoji"',ns="bold "+hi,is=1.5,vo={
show:!0,scale:"x",stroke:ni,space:50,gap:5,alignTo:1,size:50,labelGap:0,labelSize:30,labelFont:ns,side:2,grid:pi,ticks:ts,border:ls,font:hi,lineGap:is,rotate:0},
hf="Value",mf="Time",ko={show:!0,scale:"x",auto:!1,sorted:1,min:ce,max:-ce,idxs:[]};function gf(e,i,o,n,s){return i.map(a=>a==null?"":fi(a))}function df(e,i,o,n,s,a,u){
let h=[],m=Ht.get(s)||0;o=u?o:ae(an(o,s),m);for(let g=o;g<=n;g=ae(g+s,m))h.push(Object.is(g,-0)?0:g);return h}function Qn(e,i,o,n,s,a,u){let h=[],m=e.scales[e.axes[i].
scale].log,g=m==10?Pt:Oo,y=et(g(o));s=xl(m,y),m==10&&(s=Jt[dt(s,Jt)]);let d=o,w=s*m;m==10&&(w=Jt[dt(w,Jt)]);do h.push(d),d=d+s,m==10&&!Ht.has(d)&&(d=ae(d,Ht.get(
s))),d>=w&&(s=d,w=s*m,m==10&&(w=Jt[dt(w,Jt)]));while(d<=n);return h}function wf(e,i,o,n,s,a,u){let m=e.scales[e.axes[i].scale].asinh,g=n>m?Qn(e,i,Ye(m,o),n,s):[
m],y=n>=0&&o<=0?[0]:[];return(o<-m?Qn(e,i,Ye(m,-n),-o,s):[m]).reverse().map(w=>-w).concat(y,g)}var os=/./,Sf=/[12357]/,_f=/[125]/,xo=/1/,Xn=(e,i,o,n)=>e.map((s,a)=>i==
4&&s==0||a%n==0&&o.test(s.toExponential()[s<0?1:0])?s:null);function yf(e,i,o,n,s){let a=e.axes[o],u=a.scale,h=e.scales[u],m=e.valToPos,g=a._space,y=m(10,u),d=m(
9,u)-y>=g?os:m(7,u)-y>=g?Sf:m(5,u)-y>=g?_f:xo;if(d==xo){let w=Ee(m(1,u)-y);if(w<g)return Xn(i.slice().reverse(),h.distr,d,ut(g/w)).reverse()}return Xn(i,h.distr,
d,1)}function vf(e,i,o,n,s){let a=e.axes[o],u=a.scale,h=a._space,m=e.valToPos,g=Ee(m(1,u)-m(2,u));return g<h?Xn(i.slice().reverse(),3,os,ut(h/g)).reverse():i}function kf(e,i,o,n){
return n==null?ii:i==null?"":fi(i)}var To={show:!0,scale:"y",stroke:ni,space:30,gap:5,alignTo:1,size:50,labelGap:0,labelSize:30,labelFont:ns,side:3,grid:pi,ticks:ts,
border:ls,font:hi,lineGap:is,rotate:0};function xf(e,i){let o=3+(e||1)*2;return ae(o*i,3)}function Tf(e,i){let{scale:o,idxs:n}=e.series[0],s=e._data[0],a=e.valToPos(
s[n[0]],o,!0),u=e.valToPos(s[n[1]],o,!0),h=Ee(u-a),m=e.series[i],g=h/(m.points.space*oe);return n[1]-n[0]<=g}var bo={scale:null,auto:!0,sorted:0,min:ce,max:-ce},
ss=(e,i,o,n,s)=>s,Mo={show:!0,auto:!0,sorted:0,gaps:ss,alpha:1,facets:[Te({},bo,{scale:"x"}),Te({},bo,{scale:"y"})]},Ao={scale:"y",auto:!0,sorted:0,show:!0,spanGaps:!1,
gaps:ss,alpha:1,points:{show:Tf,filter:null},values:null,min:ce,max:-ce,idxs:[],path:null,clip:null};function bf(e,i,o,n,s){return o/10}var rs={time:!0,auto:!0,
distr:1,log:10,asinh:1,min:null,max:null,dir:1,ori:0},Mf=Te({},rs,{time:!1,ori:1}),Eo={};function fs(e,i){let o=Eo[e];return o||(o={key:e,plots:[],sub(n){o.plots.
push(n)},unsub(n){o.plots=o.plots.filter(s=>s!=n)},pub(n,s,a,u,h,m,g){for(let y=0;y<o.plots.length;y++)o.plots[y]!=s&&o.plots[y].pub(n,s,a,u,h,m,g)}},e!=null&&(Eo[e]=
o)),o}var Ml=1,ei=2;function el(e,i,o){let n=e.mode,s=e.series[i],a=n==2?e._data[i]:e._data,u=e.scales,h=e.bbox,m=a[0],g=n==2?a[1]:a[i],y=n==2?u[s.facets[0].scale]:
u[e.series[0].scale],d=n==2?u[s.facets[1].scale]:u[s.scale],w=h.left,L=h.top,D=h.width,O=h.height,N=e.valToPosH,G=e.valToPosV;return y.ori==0?o(s,m,g,y,d,N,G,w,
L,D,O,mn,El,dn,cs,ps):o(s,m,g,y,d,G,N,L,w,O,D,gn,Pl,di,as,hs)}function mi(e,i){let o=0,n=0,s=ne(e.bands,ui);for(let a=0;a<s.length;a++){let u=s[a];u.series[0]==
i?o=u.dir:u.series[1]==i&&(u.dir==1?n|=1:n|=2)}return[o,n==1?-1:n==2?1:n==3?2:0]}function Af(e,i,o,n,s){let a=e.mode,u=e.series[i],h=a==2?u.facets[1].scale:u.scale,
m=e.scales[h];return s==-1?m.min:s==1?m.max:m.distr==3?m.dir==1?m.min:m.max:0}function Dt(e,i,o,n,s,a){return el(e,i,(u,h,m,g,y,d,w,L,D,O,N)=>{let G=u.pxRound,k=g.
dir*(g.ori==0?1:-1),H=g.ori==0?El:Pl,x,q;k==1?(x=o,q=n):(x=n,q=o);let P=G(d(h[x],g,O,L)),$=G(w(m[x],y,N,D)),U=G(d(h[q],g,O,L)),Q=G(w(a==1?y.max:y.min,y,N,D)),B=new Path2D(
s);return H(B,U,Q),H(B,P,Q),H(B,P,$),B})}function hn(e,i,o,n,s,a){let u=null;if(e.length>0){u=new Path2D;let h=i==0?dn:di,m=o;for(let d=0;d<e.length;d++){let w=e[d];
if(w[1]>w[0]){let L=w[0]-m;L>0&&h(u,m,n,L,n+a),m=w[1]}}let g=o+s-m,y=10;g>0&&h(u,m,n-y/2,g,n+a+y)}return u}function Ef(e,i,o){let n=e[e.length-1];n&&n[0]==i?n[1]=
o:e.push([i,o])}function gi(e,i,o,n,s,a,u){let h=[],m=e.length;for(let g=s==1?o:n;g>=o&&g<=n;g+=s)if(i[g]===null){let d=g,w=g;if(s==1)for(;++g<=n&&i[g]===null;)
w=g;else for(;--g>=o&&i[g]===null;)w=g;let L=a(e[d]),D=w==d?L:a(e[w]),O=d-s;L=u<=0&&O>=0&&O<m?a(e[O]):L;let G=w+s;D=u>=0&&G>=0&&G<m?a(e[G]):D,D>=L&&h.push([L,D])}
return h}function Po(e){return e==0?No:e==1?Ae:i=>$t(i,e)}function us(e){let i=e==0?mn:gn,o=e==0?(s,a,u,h,m,g)=>{s.arcTo(a,u,h,m,g)}:(s,a,u,h,m,g)=>{s.arcTo(u,a,
m,h,g)},n=e==0?(s,a,u,h,m)=>{s.rect(a,u,h,m)}:(s,a,u,h,m)=>{s.rect(u,a,m,h)};return(s,a,u,h,m,g=0,y=0)=>{g==0&&y==0?n(s,a,u,h,m):(g=wt(g,h/2,m/2),y=wt(y,h/2,m/2),
i(s,a+g,u),o(s,a+h,u,a+h,u+m,g),o(s,a+h,u+m,a,u+m,y),o(s,a,u+m,a,u,y),o(s,a,u,a+h,u,g),s.closePath())}}var mn=(e,i,o)=>{e.moveTo(i,o)},gn=(e,i,o)=>{e.moveTo(o,i)},
El=(e,i,o)=>{e.lineTo(i,o)},Pl=(e,i,o)=>{e.lineTo(o,i)},dn=us(0),di=us(1),cs=(e,i,o,n,s,a)=>{e.arc(i,o,n,s,a)},as=(e,i,o,n,s,a)=>{e.arc(o,i,n,s,a)},ps=(e,i,o,n,s,a,u)=>{
e.bezierCurveTo(i,o,n,s,a,u)},hs=(e,i,o,n,s,a,u)=>{e.bezierCurveTo(o,i,s,n,u,a)};function ms(e){return(i,o,n,s,a)=>el(i,o,(u,h,m,g,y,d,w,L,D,O,N)=>{let{pxRound:G,
points:k}=u,H,x;g.ori==0?(H=mn,x=cs):(H=gn,x=as);let q=ae(k.width*oe,3),P=(k.size-k.width)/2*oe,$=ae(P*2,3),U=new Path2D,Q=new Path2D,{left:B,top:T,width:j,height:C}=i.
bbox;dn(Q,B-$,T-$,j+$*2,C+$*2);let I=F=>{if(m[F]!=null){let ee=G(d(h[F],g,O,L)),z=G(w(m[F],y,N,D));H(U,ee+P,z),x(U,ee,z,P,0,on*2)}};if(a)a.forEach(I);else for(let F=n;F<=
s;F++)I(F);return{stroke:q>0?U:null,fill:U,clip:Q,flags:Ml|ei}})}function gs(e){return(i,o,n,s,a,u)=>{n!=s&&(a!=n&&u!=n&&e(i,o,n),a!=s&&u!=s&&e(i,o,s),e(i,o,u))}}
var Pf=gs(El),Df=gs(Pl);function ds(e){let i=ne(e?.alignGaps,0);return(o,n,s,a)=>el(o,n,(u,h,m,g,y,d,w,L,D,O,N)=>{[s,a]=un(m,s,a);let G=u.pxRound,k=C=>G(d(C,g,O,
L)),H=C=>G(w(C,y,N,D)),x,q;g.ori==0?(x=El,q=Pf):(x=Pl,q=Df);let P=g.dir*(g.ori==0?1:-1),$={stroke:new Path2D,fill:null,clip:null,band:null,gaps:null,flags:Ml},U=$.
stroke,Q=!1;if(a-s>=O*4){let C=V=>o.posToVal(V,g.key,!0),I=null,F=null,ee,z,Ue,we=k(h[P==1?s:a]),te=k(h[s]),fe=k(h[a]),J=C(P==1?te+1:fe-1);for(let V=P==1?s:a;V>=
s&&V<=a;V+=P){let be=h[V],Se=(P==1?be<J:be>J)?we:k(be),se=m[V];Se==we?se!=null?(z=se,I==null?(x(U,Se,H(z)),ee=I=F=z):z<I?I=z:z>F&&(F=z)):se===null&&(Q=!0):(I!=null&&
q(U,we,H(I),H(F),H(ee),H(z)),se!=null?(z=se,x(U,Se,H(z)),I=F=ee=z):(I=F=null,se===null&&(Q=!0)),we=Se,J=C(we+P))}I!=null&&I!=F&&Ue!=we&&q(U,we,H(I),H(F),H(ee),H(
z))}else for(let C=P==1?s:a;C>=s&&C<=a;C+=P){let I=m[C];I===null?Q=!0:I!=null&&x(U,k(h[C]),H(I))}let[T,j]=mi(o,n);if(u.fill!=null||T!=0){let C=$.fill=new Path2D(
U),I=u.fillTo(o,n,u.min,u.max,T),F=H(I),ee=k(h[s]),z=k(h[a]);P==-1&&([z,ee]=[ee,z]),x(C,z,F),x(C,ee,F)}if(!u.spanGaps){let C=[];Q&&C.push(...gi(h,m,s,a,P,k,i)),
$.gaps=C=u.gaps(o,n,s,a,C),$.clip=hn(C,g.ori,L,D,O,N)}return j!=0&&($.band=j==2?[Dt(o,n,s,a,U,-1),Dt(o,n,s,a,U,1)]:Dt(o,n,s,a,U,j)),$})}function Lf(e){let i=ne(
e.align,1),o=ne(e.ascDesc,!1),n=ne(e.alignGaps,0),s=ne(e.extend,!1);return(a,u,h,m)=>el(a,u,(g,y,d,w,L,D,O,N,G,k,H)=>{[h,m]=un(d,h,m);let x=g.pxRound,{left:q,width:P}=a.
bbox,$=te=>x(D(te,w,k,N)),U=te=>x(O(te,L,H,G)),Q=w.ori==0?El:Pl,B={stroke:new Path2D,fill:null,clip:null,band:null,gaps:null,flags:Ml},T=B.stroke,j=w.dir*(w.ori==
0?1:-1),C=U(d[j==1?h:m]),I=$(y[j==1?h:m]),F=I,ee=I;s&&i==-1&&(ee=q,Q(T,ee,C)),Q(T,I,C);for(let te=j==1?h:m;te>=h&&te<=m;te+=j){let fe=d[te];if(fe==null)continue;
let J=$(y[te]),V=U(fe);i==1?Q(T,J,C):Q(T,F,V),Q(T,J,V),C=V,F=J}let z=F;s&&i==1&&(z=q+P,Q(T,z,C));let[Ue,we]=mi(a,u);if(g.fill!=null||Ue!=0){let te=B.fill=new Path2D(
T),fe=g.fillTo(a,u,g.min,g.max,Ue),J=U(fe);Q(te,z,J),Q(te,ee,J)}if(!g.spanGaps){let te=[];te.push(...gi(y,d,h,m,j,$,n));let fe=g.width*oe/2,J=o||i==1?fe:-fe,V=o||
i==-1?-fe:fe;te.forEach(be=>{be[0]+=J,be[1]+=V}),B.gaps=te=g.gaps(a,u,h,m,te),B.clip=hn(te,w.ori,N,G,k,H)}return we!=0&&(B.band=we==2?[Dt(a,u,h,m,T,-1),Dt(a,u,h,
m,T,1)]:Dt(a,u,h,m,T,we)),B})}function Do(e,i,o,n,s,a,u=ce){if(e.length>1){let h=null;for(let m=0,g=1/0;m<e.length;m++)if(i[m]!==void 0){if(h!=null){let y=Ee(e[m]-
e[h]);y<g&&(g=y,u=Ee(o(e[m],n,s,a)-o(e[h],n,s,a)))}h=m}}return u}function Cf(e){e=e||Yl;let i=ne(e.size,[.6,ce,1]),o=e.align||0,n=e.gap||0,s=e.radius;s=s==null?
[0,0]:typeof s=="number"?[s,0]:s;let a=X(s),u=1-i[0],h=ne(i[1],ce),m=ne(i[2],1),g=ne(e.disp,Yl),y=ne(e.each,L=>{}),{fill:d,stroke:w}=g;return(L,D,O,N)=>el(L,D,(G,k,H,x,q,P,$,U,Q,B,T)=>{
let j=G.pxRound,C=o,I=n*oe,F=h*oe,ee=m*oe,z,Ue;x.ori==0?[z,Ue]=a(L,D):[Ue,z]=a(L,D);let we=x.dir*(x.ori==0?1:-1),te=x.ori==0?dn:di,fe=x.ori==0?y:(A,pe,Me,il,Gt,_t,It)=>{
y(A,pe,Me,Gt,il,It,_t)},J=ne(L.bands,ui).find(A=>A.series[0]==D),V=J!=null?J.dir:0,be=G.fillTo(L,D,G.min,G.max,V),He=j($(be,q,T,Q)),Se,se,ct,qe=B,ye=j(G.width*oe),
St=!1,Mt=null,lt=null,Lt=null,tl=null;d!=null&&(ye==0||w!=null)&&(St=!0,Mt=d.values(L,D,O,N),lt=new Map,new Set(Mt).forEach(A=>{A!=null&&lt.set(A,new Path2D)}),
ye>0&&(Lt=w.values(L,D,O,N),tl=new Map,new Set(Lt).forEach(A=>{A!=null&&tl.set(A,new Path2D)})));let{x0:ll,size:Dl}=g;if(ll!=null&&Dl!=null){C=1,k=ll.values(L,D,
O,N),ll.unit==2&&(k=k.map(Me=>L.posToVal(U+Me*B,x.key,!0)));let A=Dl.values(L,D,O,N);Dl.unit==2?se=A[0]*B:se=P(A[0],x,B,U)-P(0,x,B,U),qe=Do(k,H,P,x,B,U,qe),ct=qe-
se+I}else qe=Do(k,H,P,x,B,U,qe),ct=qe*u+I,se=qe-ct;ct<1&&(ct=0),ye>=se/2&&(ye=0),ct<5&&(j=No);let Ul=ct>0,Nt=qe-ct-(Ul?ye:0);se=j(Zn(Nt,ee,F)),Se=(C==0?se/2:C==
we?0:se)-C*we*((C==0?I/2:0)+(Ul?ye/2:0));let Ne={stroke:null,fill:null,clip:null,band:null,gaps:null,flags:0},nl=St?null:new Path2D,At=null;if(J!=null)At=L.data[J.
series[1]];else{let{y0:A,y1:pe}=g;A!=null&&pe!=null&&(H=pe.values(L,D,O,N),At=A.values(L,D,O,N))}let Wt=z*se,K=Ue*se;for(let A=we==1?O:N;A>=O&&A<=N;A+=we){let pe=H[A];
if(pe==null)continue;if(At!=null){let Ke=At[A]??0;if(pe-Ke==0)continue;He=$(Ke,q,T,Q)}let Me=x.distr!=2||g!=null?k[A]:A,il=P(Me,x,B,U),Gt=$(ne(pe,be),q,T,Q),_t=j(
il-Se),It=j(Ye(Gt,He)),$e=j(wt(Gt,He)),nt=It-$e;if(pe!=null){let Ke=pe<0?K:Wt,at=pe<0?Wt:K;St?(ye>0&&Lt[A]!=null&&te(tl.get(Lt[A]),_t,$e+et(ye/2),se,Ye(0,nt-ye),
Ke,at),Mt[A]!=null&&te(lt.get(Mt[A]),_t,$e+et(ye/2),se,Ye(0,nt-ye),Ke,at)):te(nl,_t,$e+et(ye/2),se,Ye(0,nt-ye),Ke,at),fe(L,D,A,_t-ye/2,$e,se+ye,nt)}}return ye>0?
Ne.stroke=St?tl:nl:St||(Ne._fill=G.width==0?G._fill:G._stroke??G._fill,Ne.width=0),Ne.fill=St?lt:nl,Ne})}function Vf(e,i){let o=ne(i?.alignGaps,0);return(n,s,a,u)=>el(
n,s,(h,m,g,y,d,w,L,D,O,N,G)=>{[a,u]=un(g,a,u);let k=h.pxRound,H=z=>k(w(z,y,N,D)),x=z=>k(L(z,d,G,O)),q,P,$;y.ori==0?(q=mn,$=El,P=ps):(q=gn,$=Pl,P=hs);let U=y.dir*
(y.ori==0?1:-1),Q=H(m[U==1?a:u]),B=Q,T=[],j=[];for(let z=U==1?a:u;z>=a&&z<=u;z+=U)if(g[z]!=null){let we=m[z],te=H(we);T.push(B=te),j.push(x(g[z]))}let C={stroke:e(
T,j,q,$,P,k),fill:null,clip:null,band:null,gaps:null,flags:Ml},I=C.stroke,[F,ee]=mi(n,s);if(h.fill!=null||F!=0){let z=C.fill=new Path2D(I),Ue=h.fillTo(n,s,h.min,
h.max,F),we=x(Ue);$(z,B,we),$(z,Q,we)}if(!h.spanGaps){let z=[];z.push(...gi(m,g,a,u,U,H,o)),C.gaps=z=h.gaps(n,s,a,u,z),C.clip=hn(z,y.ori,D,O,N,G)}return ee!=0&&
(C.band=ee==2?[Dt(n,s,a,u,I,-1),Dt(n,s,a,u,I,1)]:Dt(n,s,a,u,I,ee)),C})}function Rf(e){return Vf(zf,e)}function zf(e,i,o,n,s,a){let u=e.length;if(u<2)return null;
let h=new Path2D;if(o(h,e[0],i[0]),u==2)n(h,e[1],i[1]);else{let m=Array(u),g=Array(u-1),y=Array(u-1),d=Array(u-1);for(let w=0;w<u-1;w++)y[w]=i[w+1]-i[w],d[w]=e[w+
1]-e[w],g[w]=y[w]/d[w];m[0]=g[0];for(let w=1;w<u-1;w++)g[w]===0||g[w-1]===0||g[w-1]>0!=g[w]>0?m[w]=0:(m[w]=3*(d[w-1]+d[w])/((2*d[w]+d[w-1])/g[w-1]+(d[w]+2*d[w-1])/
g[w]),isFinite(m[w])||(m[w]=0));m[u-1]=g[u-2];for(let w=0;w<u-1;w++)s(h,e[w]+d[w]/3,i[w]+m[w]*d[w]/3,e[w+1]-d[w]/3,i[w+1]-m[w+1]*d[w]/3,e[w+1],i[w+1])}return h}
var ti=new Set;function Lo(){for(let e of ti)e.syncRect(!0)}Al&&(Qt(mr,kl,Lo),Qt(gr,kl,Lo,!0),Qt(sn,kl,()=>{Be.pxRatio=oe}));var Ff=ds(),Of=ms();function Co(e,i,o,n){
return(n?[e[0],e[1]].concat(e.slice(2)):[e[0]].concat(e.slice(1))).map((a,u)=>li(a,u,i,o))}function Hf(e,i){return e.map((o,n)=>n==0?{}:Te({},i,o))}function li(e,i,o,n){
return Te({},i==0?o:n,e)}function ws(e,i,o){return i==null?Tl:[i,o]}var Nf=ws;function Wf(e,i,o){return i==null?Tl:rn(i,o,ri,!0)}function Ss(e,i,o,n){return i==
null?Tl:cn(i,o,e.scales[n].log,!1)}var Gf=Ss;function _s(e,i,o,n){return i==null?Tl:si(i,o,e.scales[n].log,!1)}var If=_s;function Yf(e,i,o,n,s){let a=Ye(uo(e),uo(
i)),u=i-e,h=dt(s/n*u,o);do{let m=o[h],g=n*m/u;if(g>=s&&a+(m<5?Ht.get(m):0)<=17)return[m,g]}while(++h<o.length);return[0,0]}function Vo(e){let i,o;return e=e.replace(
/(\\d+)px/,(n,s)=>(i=Ae((o=+s)*oe))+"px"),[e,i,o]}function Bf(e){e.show&&[e.font,e.labelFont].forEach(i=>{let o=ae(i[2]*oe,1);i[0]=i[0].replace(/[0-9.]+px/,o+"px"),
i[1]=o})}function Be(e,i,o){let n={mode:ne(e.mode,1)},s=n.mode;function a(t,l,r,f){let c=l.valToPct(t);return f+r*(l.dir==-1?1-c:c)}function u(t,l,r,f){let c=l.
valToPct(t);return f+r*(l.dir==-1?c:1-c)}function h(t,l,r,f){return l.ori==0?a(t,l,r,f):u(t,l,r,f)}n.valToPosH=a,n.valToPosV=u;let m=!1;n.status=0;let g=n.root=
ft(Js);if(e.id!=null&&(g.id=e.id),Xe(g,e.class),e.title){let t=ft(Xs,g);t.textContent=e.title}let y=gt("canvas"),d=n.ctx=y.getContext("2d"),w=ft(er,g);Qt("click",
w,t=>{t.target===D&&(he!=gl||_e!=dl)&&Fe.click(n,t)},!0);let L=n.under=ft(tr,w);w.appendChild(y);let D=n.over=ft(lr,w);e=bl(e);let O=+ne(e.pxAlign,1),N=Po(O);(e.
plugins||[]).forEach(t=>{t.opts&&(e=t.opts(n,e)||e)});let G=e.ms||.001,k=n.series=s==1?Co(e.series||[],ko,Ao,!1):Hf(e.series||[null],Mo),H=n.axes=Co(e.axes||[],
vo,To,!0),x=n.scales={},q=n.bands=e.bands||[];q.forEach(t=>{t.fill=X(t.fill||null),t.dir=ne(t.dir,-1)});let P=s==2?k[1].facets[0].scale:k[0].scale,$={axes:zs,series:Ds},
U=(e.drawOrder||["axes","series"]).map(t=>$[t]);function Q(t){let l=t.distr==3?r=>Pt(r>0?r:t.clamp(n,r,t.min,t.max,t.key)):t.distr==4?r=>Yn(r,t.asinh):t.distr==
100?r=>t.fwd(r):r=>r;return r=>{let f=l(r),{_min:c,_max:p}=t,S=p-c;return(f-c)/S}}function B(t){let l=x[t];if(l==null){let r=(e.scales||Yl)[t]||Yl;if(r.from!=null){
B(r.from);let f=Te({},x[r.from],r,{key:t});f.valToPct=Q(f),x[t]=f}else{l=x[t]=Te({},t==P?rs:Mf,r),l.key=t;let f=l.time,c=l.range,p=Ot(c);if((t!=P||s==2&&!f)&&(p&&
(c[0]==null||c[1]==null)&&(c={min:c[0]==null?so:{mode:1,hard:c[0],soft:c[0]},max:c[1]==null?so:{mode:1,hard:c[1],soft:c[1]}},p=!1),!p&&pn(c))){let S=c;c=(_,v,b)=>v==
null?Tl:rn(v,b,S)}l.range=X(c||(f?Nf:t==P?l.distr==3?Gf:l.distr==4?If:ws:l.distr==3?Ss:l.distr==4?_s:Wf)),l.auto=X(p?!1:l.auto),l.clamp=X(l.clamp||bf),l._min=l.
_max=null,l.valToPct=Q(l)}}}B("x"),B("y"),s==1&&k.forEach(t=>{B(t.scale)}),H.forEach(t=>{B(t.scale)});for(let t in e.scales)B(t);let T=x[P],j=T.distr,C,I;T.ori==
0?(Xe(g,Zs),C=a,I=u):(Xe(g,Qs),C=u,I=a);let F={};for(let t in x){let l=x[t];(l.min!=null||l.max!=null)&&(F[t]={min:l.min,max:l.max},l.min=l.max=null)}let ee=e.tzDate||
(t=>new Date(Ae(t/G))),z=e.fmtDate||ci,Ue=G==1?Zr(ee):ef(ee),we=So(ee,wo(G==1?Jr:Xr,z)),te=yo(ee,_o(lf,z)),fe=[],J=n.legend=Te({},sf,e.legend),V=n.cursor=Te({},
pf,{drag:{y:s==2}},e.cursor),be=J.show,He=V.show,Se=J.markers;J.idxs=fe,Se.width=X(Se.width),Se.dash=X(Se.dash),Se.stroke=X(Se.stroke),Se.fill=X(Se.fill);let se,
ct,qe,ye=[],St=[],Mt,lt=!1,Lt={};if(J.live){let t=k[1]?k[1].values:null;lt=t!=null,Mt=lt?t(n,1,0):{_:0};for(let l in Mt)Lt[l]=ii}if(be)if(se=gt("table",fr,g),qe=
gt("tbody",null,se),J.mount(n,se),lt){ct=gt("thead",null,se,qe);let t=gt("tr",null,ct);gt("th",null,t);for(var tl in Mt)gt("th",ji,t).textContent=tl}else Xe(se,
cr),J.live&&Xe(se,ur);let ll={show:!0},Dl={show:!1};function Ul(t,l){if(l==0&&(lt||!J.live||s==2))return Tl;let r=[],f=gt("tr",ar,qe,qe.childNodes[l]);Xe(f,t.class),
t.show||Xe(f,Zt);let c=gt("th",null,f);if(Se.show){let _=ft(pr,c);if(l>0){let v=Se.width(n,l);v&&(_.style.border=v+"px "+Se.dash(n,l)+" "+Se.stroke(n,l)),_.style.
background=Se.fill(n,l)}}let p=ft(ji,c);t.label instanceof HTMLElement?p.appendChild(t.label):p.textContent=t.label,l>0&&(Se.show||(p.style.color=t.width>0?Se.stroke(
n,l):Se.fill(n,l)),Ne("click",c,_=>{if(V._lock)return;Bt(_);let v=k.indexOf(t);if((_.ctrlKey||_.metaKey)!=J.isolate){let b=k.some((M,E)=>E>0&&E!=v&&M.show);k.forEach(
(M,E)=>{E>0&&vt(E,b?E==v?ll:Dl:ll,!0,xe.setSeries)})}else vt(v,{show:!t.show},!0,xe.setSeries)},!1),sl&&Ne(Zi,c,_=>{V._lock||(Bt(_),vt(k.indexOf(t),Sl,!0,xe.setSeries))},
!1));for(var S in Mt){let _=gt("td",hr,f);_.textContent="--",r.push(_)}return[f,r]}let Nt=new Map;function Ne(t,l,r,f=!0){let c=Nt.get(l)||{},p=V.bind[t](n,l,r,
f);p&&(Qt(t,l,c[t]=p),Nt.set(l,c))}function nl(t,l,r){let f=Nt.get(l)||{};for(let c in f)(t==null||c==t)&&(Jn(c,l,f[c]),delete f[c]);t==null&&Nt.delete(l)}let At=0,
Wt=0,K=0,A=0,pe=0,Me=0,il=pe,Gt=Me,_t=K,It=A,$e=0,nt=0,Ke=0,at=0;n.bbox={};let wn=!1,Kl=!1,ol=!1,Yt=!1,jl=!1,it=!1;function Sn(t,l,r){(r||t!=n.width||l!=n.height)&&
wi(t,l),al(!1),ol=!0,Kl=!0,pl()}function wi(t,l){n.width=At=K=t,n.height=Wt=A=l,pe=Me=0,xs(),Ts();let r=n.bbox;$e=r.left=$t(pe*oe,.5),nt=r.top=$t(Me*oe,.5),Ke=r.
width=$t(K*oe,.5),at=r.height=$t(A*oe,.5)}let ys=3;function vs(){let t=!1,l=0;for(;!t;){l++;let r=Vs(l),f=Rs(l);t=l==ys||r&&f,t||(wi(n.width,n.height),Kl=!0)}}function ks({
width:t,height:l}){Sn(t,l)}n.setSize=ks;function xs(){let t=!1,l=!1,r=!1,f=!1;H.forEach((c,p)=>{if(c.show&&c._show){let{side:S,_size:_}=c,v=S%2,b=c.label!=null?
c.labelSize:0,M=_+b;M>0&&(v?(K-=M,S==3?(pe+=M,f=!0):r=!0):(A-=M,S==0?(Me+=M,t=!0):l=!0))}}),Ut[0]=t,Ut[1]=r,Ut[2]=l,Ut[3]=f,K-=Ct[1]+Ct[3],pe+=Ct[3],A-=Ct[2]+Ct[0],
Me+=Ct[0]}function Ts(){let t=pe+K,l=Me+A,r=pe,f=Me;function c(p,S){switch(p){case 1:return t+=S,t-S;case 2:return l+=S,l-S;case 3:return r-=S,r+S;case 0:return f-=
S,f+S}}H.forEach((p,S)=>{if(p.show&&p._show){let _=p.side;p._pos=c(_,p._size),p.label!=null&&(p._lpos=c(_,p.labelSize))}})}if(V.dataIdx==null){let t=V.hover,l=t.
skip=new Set(t.skip??[]);l.add(void 0);let r=t.prox=X(t.prox),f=t.bias??=0;V.dataIdx=(c,p,S,_)=>{if(p==0)return S;let v=S,b=r(c,p,S,_)??ce,M=b>=0&&b<ce,E=T.ori==
0?K:A,Y=V.left,ie=i[0],le=i[p];if(l.has(le[S])){v=null;let Z=null,W=null,R;if(f==0||f==-1)for(R=S;Z==null&&R-- >0;)l.has(le[R])||(Z=R);if(f==0||f==1)for(R=S;W==
null&&R++<le.length;)l.has(le[R])||(W=R);if(Z!=null||W!=null)if(M){let ge=Z==null?-1/0:C(ie[Z],T,E,0),ve=W==null?1/0:C(ie[W],T,E,0),Re=Y-ge,ue=ve-Y;Re<=ue?Re<=b&&
(v=Z):ue<=b&&(v=W)}else v=W==null?Z:Z==null?W:S-Z<=W-S?Z:W}else M&&Ee(Y-C(ie[S],T,E,0))>b&&(v=null);return v}}let Bt=t=>{V.event=t};V.idxs=fe,V._lock=!1;let Oe=V.
points;Oe.show=X(Oe.show),Oe.size=X(Oe.size),Oe.stroke=X(Oe.stroke),Oe.width=X(Oe.width),Oe.fill=X(Oe.fill);let yt=n.focus=Te({},e.focus||{alpha:.3},V.focus),sl=yt.
prox>=0,rl=sl&&Oe.one,ot=[],fl=[],ul=[];function Si(t,l){let r=Oe.show(n,l);if(r instanceof HTMLElement)return Xe(r,rr),Xe(r,t.class),bt(r,-10,-10,K,A),D.insertBefore(
r,ot[l]),r}function _i(t,l){if(s==1||l>0){let r=s==1&&x[t.scale].time,f=t.value;t.value=r?po(f)?yo(ee,_o(f,z)):f||te:f||kf,t.label=t.label||(r?mf:hf)}if(rl||l>0){
t.width=t.width==null?1:t.width,t.paths=t.paths||Ff||br,t.fillTo=X(t.fillTo||Af),t.pxAlign=+ne(t.pxAlign,O),t.pxRound=Po(t.pxAlign),t.stroke=X(t.stroke||null),t.
fill=X(t.fill||null),t._stroke=t._fill=t._paths=t._focus=null;let r=xf(Ye(1,t.width),1),f=t.points=Te({},{size:r,width:Ye(1,r*.2),stroke:t.stroke,space:r*2,paths:Of,
_stroke:null,_fill:null},t.points);f.show=X(f.show),f.filter=X(f.filter),f.fill=X(f.fill),f.stroke=X(f.stroke),f.paths=X(f.paths),f.pxAlign=t.pxAlign}if(be){let r=Ul(
t,l);ye.splice(l,0,r[0]),St.splice(l,0,r[1]),J.values.push(null)}if(He){fe.splice(l,0,null);let r=null;rl?l==0&&(r=Si(t,l)):l>0&&(r=Si(t,l)),ot.splice(l,0,r),fl.
splice(l,0,0),ul.splice(l,0,0)}Ve("addSeries",l)}function bs(t,l){l=l??k.length,t=s==1?li(t,l,ko,Ao):li(t,l,{},Mo),k.splice(l,0,t),_i(k[l],l)}n.addSeries=bs;function Ms(t){
if(k.splice(t,1),be){J.values.splice(t,1),St.splice(t,1);let l=ye.splice(t,1)[0];nl(null,l.firstChild),l.remove()}He&&(fe.splice(t,1),ot.splice(t,1)[0].remove(),
fl.splice(t,1),ul.splice(t,1)),Ve("delSeries",t)}n.delSeries=Ms;let Ut=[!1,!1,!1,!1];function As(t,l){if(t._show=t.show,t.show){let r=t.side%2,f=x[t.scale];f==null&&
(t.scale=r?k[1].scale:P,f=x[t.scale]);let c=f.time;t.size=X(t.size),t.space=X(t.space),t.rotate=X(t.rotate),Ot(t.incrs)&&t.incrs.forEach(S=>{!Ht.has(S)&&Ht.set(
S,Io(S))}),t.incrs=X(t.incrs||(f.distr==2?jr:c?G==1?$r:Qr:Jt)),t.splits=X(t.splits||(c&&f.distr==1?Ue:f.distr==3?Qn:f.distr==4?wf:df)),t.stroke=X(t.stroke),t.grid.
stroke=X(t.grid.stroke),t.ticks.stroke=X(t.ticks.stroke),t.border.stroke=X(t.border.stroke);let p=t.values;t.values=Ot(p)&&!Ot(p[0])?X(p):c?Ot(p)?So(ee,wo(p,z)):
po(p)?tf(ee,p):p||we:p||gf,t.filter=X(t.filter||(f.distr>=3&&f.log==10?yf:f.distr==3&&f.log==2?vf:Wo)),t.font=Vo(t.font),t.labelFont=Vo(t.labelFont),t._size=t.size(
n,null,l,0),t._space=t._rotate=t._incrs=t._found=t._splits=t._values=null,t._size>0&&(Ut[l]=!0,t._el=ft(nr,w))}}function Ll(t,l,r,f){let[c,p,S,_]=r,v=l%2,b=0;return v==
0&&(_||p)&&(b=l==0&&!c||l==2&&!S?Ae(vo.size/3):0),v==1&&(c||S)&&(b=l==1&&!p||l==3&&!_?Ae(To.size/2):0),b}let yi=n.padding=(e.padding||[Ll,Ll,Ll,Ll]).map(t=>X(ne(
t,Ll))),Ct=n._padding=yi.map((t,l)=>t(n,l,Ut,0)),ze,Pe=null,De=null,ql=s==1?k[0].idxs:null,pt=null,Cl=!1;function vi(t,l){if(i=t??[],n.data=n._data=i,s==2){ze=0;
for(let r=1;r<k.length;r++)ze+=i[r][0].length}else{i.length==0&&(n.data=n._data=i=[[]]),pt=i[0],ze=pt.length;let r=i;if(j==2){r=i.slice();let f=r[0]=Array(ze);for(let c=0;c<
ze;c++)f[c]=c}n._data=i=r}if(al(!0),Ve("setData"),j==2&&(ol=!0),l!==!1){let r=T;r.auto(n,Cl)?_n():Rt(P,r.min,r.max),Yt=Yt||V.left>=0,it=!0,pl()}}n.setData=vi;function _n(){
Cl=!0;let t,l;s==1&&(ze>0?(Pe=ql[0]=0,De=ql[1]=ze-1,t=i[0][Pe],l=i[0][De],j==2?(t=Pe,l=De):t==l&&(j==3?[t,l]=cn(t,t,T.log,!1):j==4?[t,l]=si(t,t,T.log,!1):T.time?
l=t+Ae(86400/G):[t,l]=rn(t,l,ri,!0))):(Pe=ql[0]=t=null,De=ql[1]=l=null)),Rt(P,t,l)}let $l,cl,yn,vn,kn,xn,Tn,bn,Mn,je;function ki(t,l,r,f,c,p){t??=$i,r??=ui,f??=
"butt",c??=$i,p??="round",t!=$l&&(d.strokeStyle=$l=t),c!=cl&&(d.fillStyle=cl=c),l!=yn&&(d.lineWidth=yn=l),p!=kn&&(d.lineJoin=kn=p),f!=xn&&(d.lineCap=xn=f),r!=vn&&
d.setLineDash(vn=r)}function xi(t,l,r,f){l!=cl&&(d.fillStyle=cl=l),t!=Tn&&(d.font=Tn=t),r!=bn&&(d.textAlign=bn=r),f!=Mn&&(d.textBaseline=Mn=f)}function An(t,l,r,f,c=0){
if(f.length>0&&t.auto(n,Cl)&&(l==null||l.min==null)){let p=ne(Pe,0),S=ne(De,f.length-1),_=r.min==null?_r(f,p,S,c,t.distr==3):[r.min,r.max];t.min=wt(t.min,r.min=
_[0]),t.max=Ye(t.max,r.max=_[1])}}let Ti={min:null,max:null};function Es(){for(let f in x){let c=x[f];F[f]==null&&(c.min==null||F[P]!=null&&c.auto(n,Cl))&&(F[f]=
Ti)}for(let f in x){let c=x[f];F[f]==null&&c.from!=null&&F[c.from]!=null&&(F[f]=Ti)}F[P]!=null&&al(!0);let t={};for(let f in F){let c=F[f];if(c!=null){let p=t[f]=
bl(x[f],Er);if(c.min!=null)Te(p,c);else if(f!=P||s==2)if(ze==0&&p.from==null){let S=p.range(n,null,null,f);p.min=S[0],p.max=S[1]}else p.min=ce,p.max=-ce}}if(ze>
0){k.forEach((f,c)=>{if(s==1){let p=f.scale,S=F[p];if(S==null)return;let _=t[p];if(c==0){let v=_.range(n,_.min,_.max,p);_.min=v[0],_.max=v[1],Pe=dt(_.min,i[0]),
De=dt(_.max,i[0]),De-Pe>1&&(i[0][Pe]<_.min&&Pe++,i[0][De]>_.max&&De--),f.min=pt[Pe],f.max=pt[De]}else f.show&&f.auto&&An(_,S,f,i[c],f.sorted);f.idxs[0]=Pe,f.idxs[1]=
De}else if(c>0&&f.show&&f.auto){let[p,S]=f.facets,_=p.scale,v=S.scale,[b,M]=i[c],E=t[_],Y=t[v];E!=null&&An(E,F[_],p,b,p.sorted),Y!=null&&An(Y,F[v],S,M,S.sorted),
f.min=S.min,f.max=S.max}});for(let f in t){let c=t[f],p=F[f];if(c.from==null&&(p==null||p.min==null)){let S=c.range(n,c.min==ce?null:c.min,c.max==-ce?null:c.max,
f);c.min=S[0],c.max=S[1]}}}for(let f in t){let c=t[f];if(c.from!=null){let p=t[c.from];if(p.min==null)c.min=c.max=null;else{let S=c.range(n,p.min,p.max,f);c.min=
S[0],c.max=S[1]}}}let l={},r=!1;for(let f in t){let c=t[f],p=x[f];if(p.min!=c.min||p.max!=c.max){p.min=c.min,p.max=c.max;let S=p.distr;p._min=S==3?Pt(p.min):S==
4?Yn(p.min,p.asinh):S==100?p.fwd(p.min):p.min,p._max=S==3?Pt(p.max):S==4?Yn(p.max,p.asinh):S==100?p.fwd(p.max):p.max,l[f]=r=!0}}if(r){k.forEach((f,c)=>{s==2?c>0&&
l.y&&(f._paths=null):l[f.scale]&&(f._paths=null)});for(let f in l)ol=!0,Ve("setScale",f);He&&V.left>=0&&(Yt=it=!0)}for(let f in F)F[f]=null}function Ps(t){let l=Zn(
Pe-1,0,ze-1),r=Zn(De+1,0,ze-1);for(;t[l]==null&&l>0;)l--;for(;t[r]==null&&r<ze-1;)r++;return[l,r]}function Ds(){if(ze>0){let t=k.some(l=>l._focus)&&je!=yt.alpha;
t&&(d.globalAlpha=je=yt.alpha),k.forEach((l,r)=>{if(r>0&&l.show&&(bi(r,!1),bi(r,!0),l._paths==null)){let f=je;je!=l.alpha&&(d.globalAlpha=je=l.alpha);let c=s==2?
[0,i[r][0].length-1]:Ps(i[r]);l._paths=l.paths(n,r,c[0],c[1]),je!=f&&(d.globalAlpha=je=f)}}),k.forEach((l,r)=>{if(r>0&&l.show){let f=je;je!=l.alpha&&(d.globalAlpha=
je=l.alpha),l._paths!=null&&Mi(r,!1);{let c=l._paths!=null?l._paths.gaps:null,p=l.points.show(n,r,Pe,De,c),S=l.points.filter(n,r,p,c);(p||S)&&(l.points._paths=l.
points.paths(n,r,Pe,De,S),Mi(r,!0))}je!=f&&(d.globalAlpha=je=f),Ve("drawSeries",r)}}),t&&(d.globalAlpha=je=1)}}function bi(t,l){let r=l?k[t].points:k[t];r._stroke=
r.stroke(n,t),r._fill=r.fill(n,t)}function Mi(t,l){let r=l?k[t].points:k[t],{stroke:f,fill:c,clip:p,flags:S,_stroke:_=r._stroke,_fill:v=r._fill,_width:b=r.width}=r.
_paths;b=ae(b*oe,3);let M=null,E=b%2/2;l&&v==null&&(v=b>0?"#fff":_);let Y=r.pxAlign==1&&E>0;if(Y&&d.translate(E,E),!l){let ie=$e-b/2,le=nt-b/2,Z=Ke+b,W=at+b;M=new Path2D,
M.rect(ie,le,Z,W)}l?En(_,b,r.dash,r.cap,v,f,c,S,p):Ls(t,_,b,r.dash,r.cap,v,f,c,S,M,p),Y&&d.translate(-E,-E)}function Ls(t,l,r,f,c,p,S,_,v,b,M){let E=!1;v!=0&&q.
forEach((Y,ie)=>{if(Y.series[0]==t){let le=k[Y.series[1]],Z=i[Y.series[1]],W=(le._paths||Yl).band;Ot(W)&&(W=Y.dir==1?W[0]:W[1]);let R,ge=null;le.show&&W&&vr(Z,Pe,
De)?(ge=Y.fill(n,ie)||p,R=le._paths.clip):W=null,En(l,r,f,c,ge,S,_,v,b,M,R,W),E=!0}}),E||En(l,r,f,c,p,S,_,v,b,M)}let Ai=Ml|ei;function En(t,l,r,f,c,p,S,_,v,b,M,E){
ki(t,l,r,f,c),(v||b||E)&&(d.save(),v&&d.clip(v),b&&d.clip(b)),E?(_&Ai)==Ai?(d.clip(E),M&&d.clip(M),Zl(c,S),Jl(t,p,l)):_&ei?(Zl(c,S),d.clip(E),Jl(t,p,l)):_&Ml&&(d.
save(),d.clip(E),M&&d.clip(M),Zl(c,S),d.restore(),Jl(t,p,l)):(Zl(c,S),Jl(t,p,l)),(v||b||E)&&d.restore()}function Jl(t,l,r){r>0&&(l instanceof Map?l.forEach((f,c)=>{
d.strokeStyle=$l=c,d.stroke(f)}):l!=null&&t&&d.stroke(l))}function Zl(t,l){l instanceof Map?l.forEach((r,f)=>{d.fillStyle=cl=f,d.fill(r)}):l!=null&&t&&d.fill(l)}
function Cs(t,l,r,f){let c=H[t],p;if(f<=0)p=[0,0];else{let S=c._space=c.space(n,t,l,r,f),_=c._incrs=c.incrs(n,t,l,r,f,S);p=Yf(l,r,_,f,S)}return c._found=p}function Pn(t,l,r,f,c,p,S,_,v,b){
let M=S%2/2;O==1&&d.translate(M,M),ki(_,S,v,b,_),d.beginPath();let E,Y,ie,le,Z=c+(f==0||f==3?-p:p);r==0?(Y=c,le=Z):(E=c,ie=Z);for(let W=0;W<t.length;W++)l[W]!=null&&
(r==0?E=ie=t[W]:Y=le=t[W],d.moveTo(E,Y),d.lineTo(ie,le));d.stroke(),O==1&&d.translate(-M,-M)}function Vs(t){let l=!0;return H.forEach((r,f)=>{if(!r.show)return;
let c=x[r.scale];if(c.min==null){r._show&&(l=!1,r._show=!1,al(!1));return}else r._show||(l=!1,r._show=!0,al(!1));let p=r.side,S=p%2,{min:_,max:v}=c,[b,M]=Cs(f,_,
v,S==0?K:A);if(M==0)return;let E=c.distr==2,Y=r._splits=r.splits(n,f,_,v,b,M,E),ie=c.distr==2?Y.map(R=>pt[R]):Y,le=c.distr==2?pt[Y[1]]-pt[Y[0]]:b,Z=r._values=r.
values(n,r.filter(n,ie,f,M,le),f,M,le);r._rotate=p==2?r.rotate(n,Z,f,M):0;let W=r._size;r._size=ut(r.size(n,Z,f,t)),W!=null&&r._size!=W&&(l=!1)}),l}function Rs(t){
let l=!0;return yi.forEach((r,f)=>{let c=r(n,f,Ut,t);c!=Ct[f]&&(l=!1),Ct[f]=c}),l}function zs(){for(let t=0;t<H.length;t++){let l=H[t];if(!l.show||!l._show)continue;
let r=l.side,f=r%2,c,p,S=l.stroke(n,t),_=r==0||r==3?-1:1,[v,b]=l._found;if(l.label!=null){let Ge=l.labelGap*_,Qe=Ae((l._lpos+Ge)*oe);xi(l.labelFont[0],S,"center",
r==2?"top":qi),d.save(),f==1?(c=p=0,d.translate(Qe,Ae(nt+at/2)),d.rotate((r==3?-on:on)/2)):(c=Ae($e+Ke/2),p=Qe);let qt=Ho(l.label)?l.label(n,t,v,b):l.label;d.fillText(
qt,c,p),d.restore()}if(b==0)continue;let M=x[l.scale],E=f==0?Ke:at,Y=f==0?$e:nt,ie=l._splits,le=M.distr==2?ie.map(Ge=>pt[Ge]):ie,Z=M.distr==2?pt[ie[1]]-pt[ie[0]]:
v,W=l.ticks,R=l.border,ge=W.show?W.size:0,ve=Ae(ge*oe),Re=Ae((l.alignTo==2?l._size-ge-l.gap:l.gap)*oe),ue=l._rotate*-on/180,ke=N(l._pos*oe),Je=(ve+Re)*_,We=ke+Je;
p=f==0?We:0,c=f==1?We:0;let st=l.font[0],ht=l.align==1?yl:l.align==2?Wn:ue>0?yl:ue<0?Wn:f==0?"center":r==3?Wn:yl,xt=ue||f==1?"middle":r==2?"top":qi;xi(st,S,ht,xt);
let Ze=l.font[1]*l.lineGap,rt=ie.map(Ge=>N(h(Ge,M,E,Y))),mt=l._values;for(let Ge=0;Ge<mt.length;Ge++){let Qe=mt[Ge];if(Qe!=null){f==0?c=rt[Ge]:p=rt[Ge],Qe=""+Qe;
let qt=Qe.indexOf(\`
\`)==-1?[Qe]:Qe.split(/\\n/gm);for(let Ie=0;Ie<qt.length;Ie++){let Ki=qt[Ie];ue?(d.save(),d.translate(c,p+Ie*Ze),d.rotate(ue),d.fillText(Ki,0,0),d.restore()):d.fillText(
Ki,c,p+Ie*Ze)}}}W.show&&Pn(rt,W.filter(n,le,t,b,Z),f,r,ke,ve,ae(W.width*oe,3),W.stroke(n,t),W.dash,W.cap);let Tt=l.grid;Tt.show&&Pn(rt,Tt.filter(n,le,t,b,Z),f,f==
0?2:1,f==0?nt:$e,f==0?at:Ke,ae(Tt.width*oe,3),Tt.stroke(n,t),Tt.dash,Tt.cap),R.show&&Pn([ke],[1],f==0?1:0,f==0?1:2,f==1?nt:$e,f==1?at:Ke,ae(R.width*oe,3),R.stroke(
n,t),R.dash,R.cap)}Ve("drawAxes")}function al(t){k.forEach((l,r)=>{r>0&&(l._paths=null,t&&(s==1?(l.min=null,l.max=null):l.facets.forEach(f=>{f.min=null,f.max=null})))})}
let Ql=!1,Dn=!1,Vl=[];function Fs(){Dn=!1;for(let t=0;t<Vl.length;t++)Ve(...Vl[t]);Vl.length=0}function pl(){Ql||(zr(Ei),Ql=!0)}function Os(t,l=!1){Ql=!0,Dn=l,t(
n),Ei(),l&&Vl.length>0&&queueMicrotask(Fs)}n.batch=Os;function Ei(){if(wn&&(Es(),wn=!1),ol&&(vs(),ol=!1),Kl){if(de(L,yl,pe),de(L,"top",Me),de(L,Nl,K),de(L,Wl,A),
de(D,yl,pe),de(D,"top",Me),de(D,Nl,K),de(D,Wl,A),de(w,Nl,At),de(w,Wl,Wt),y.width=Ae(At*oe),y.height=Ae(Wt*oe),H.forEach(({_el:t,_show:l,_size:r,_pos:f,side:c})=>{
if(t!=null)if(l){let p=c===3||c===0?r:0,S=c%2==1;de(t,S?"left":"top",f-p),de(t,S?"width":"height",r),de(t,S?"top":"left",S?Me:pe),de(t,S?"height":"width",S?A:K),
$n(t,Zt)}else Xe(t,Zt)}),$l=cl=yn=kn=xn=Tn=bn=Mn=vn=null,je=1,Fl(!0),pe!=il||Me!=Gt||K!=_t||A!=It){al(!1);let t=K/_t,l=A/It;if(He&&!Yt&&V.left>=0){V.left*=t,V.top*=
l,hl&&bt(hl,Ae(V.left),0,K,A),ml&&bt(ml,0,Ae(V.top),K,A);for(let r=0;r<ot.length;r++){let f=ot[r];f!=null&&(fl[r]*=t,ul[r]*=l,bt(f,ut(fl[r]),ut(ul[r]),K,A))}}if(me.
show&&!jl&&me.left>=0&&me.width>0){me.left*=t,me.width*=t,me.top*=l,me.height*=l;for(let r in Fn)de(wl,r,me[r])}il=pe,Gt=Me,_t=K,It=A}Ve("setSize"),Kl=!1}At>0&&
Wt>0&&(d.clearRect(0,0,y.width,y.height),Ve("drawClear"),U.forEach(t=>t()),Ve("draw")),me.show&&jl&&(Xl(me),jl=!1),He&&Yt&&(jt(null,!0,!1),Yt=!1),J.show&&J.live&&
it&&(Rn(),it=!1),m||(m=!0,n.status=1,Ve("ready")),Cl=!1,Ql=!1}n.redraw=(t,l)=>{ol=l||!1,t!==!1?Rt(P,T.min,T.max):pl()};function Ln(t,l){let r=x[t];if(r.from==null){
if(ze==0){let f=r.range(n,l.min,l.max,t);l.min=f[0],l.max=f[1]}if(l.min>l.max){let f=l.min;l.min=l.max,l.max=f}if(ze>1&&l.min!=null&&l.max!=null&&l.max-l.min<1e-16)
return;t==P&&r.distr==2&&ze>0&&(l.min=dt(l.min,i[0]),l.max=dt(l.max,i[0]),l.min==l.max&&l.max++),F[t]=l,wn=!0,pl()}}n.setScale=Ln;let Cn,Vn,hl,ml,Pi,Di,gl,dl,Li,
Ci,he,_e,Vt=!1,Fe=V.drag,Le=Fe.x,Ce=Fe.y;He&&(V.x&&(Cn=ft(or,D)),V.y&&(Vn=ft(sr,D)),T.ori==0?(hl=Cn,ml=Vn):(hl=Vn,ml=Cn),he=V.left,_e=V.top);let me=n.select=Te(
{show:!0,over:!0,left:0,width:0,top:0,height:0},e.select),wl=me.show?ft(ir,me.over?D:L):null;function Xl(t,l){if(me.show){for(let r in t)me[r]=t[r],r in Fn&&de(
wl,r,t[r]);l!==!1&&Ve("setSelect")}}n.setSelect=Xl;function Hs(t){if(k[t].show)be&&$n(ye[t],Zt);else if(be&&Xe(ye[t],Zt),He){let r=rl?ot[0]:ot[t];r!=null&&bt(r,
-10,-10,K,A)}}function Rt(t,l,r){Ln(t,{min:l,max:r})}function vt(t,l,r,f){l.focus!=null&&Ys(t),l.show!=null&&k.forEach((c,p)=>{p>0&&(t==p||t==null)&&(c.show=l.show,
Hs(p),s==2?(Rt(c.facets[0].scale,null,null),Rt(c.facets[1].scale,null,null)):Rt(c.scale,null,null),pl())}),r!==!1&&Ve("setSeries",t,l),f&&Ol("setSeries",n,t,l)}
n.setSeries=vt;function Ns(t,l){Te(q[t],l)}function Ws(t,l){t.fill=X(t.fill||null),t.dir=ne(t.dir,-1),l=l??q.length,q.splice(l,0,t)}function Gs(t){t==null?q.length=
0:q.splice(t,1)}n.addBand=Ws,n.setBand=Ns,n.delBand=Gs;function Is(t,l){k[t].alpha=l,He&&ot[t]!=null&&(ot[t].style.opacity=l),be&&ye[t]&&(ye[t].style.opacity=l)}
let Et,zt,Kt,Sl={focus:!0};function Ys(t){if(t!=Kt){let l=t==null,r=yt.alpha!=1;k.forEach((f,c)=>{if(s==1||c>0){let p=l||c==0||c==t;f._focus=l?null:p,r&&Is(c,p?
1:yt.alpha)}}),Kt=t,r&&pl()}}be&&sl&&Ne(Qi,se,t=>{V._lock||(Bt(t),Kt!=null&&vt(null,Sl,!0,xe.setSeries))});function kt(t,l,r){let f=x[l];r&&(t=t/oe-(f.ori==1?Me:
pe));let c=K;f.ori==1&&(c=A,t=c-t),f.dir==-1&&(t=c-t);let p=f._min,S=f._max,_=t/c,v=p+(S-p)*_,b=f.distr;return b==3?xl(10,v):b==4?xr(v,f.asinh):b==100?f.bwd(v):
v}function Bs(t,l){let r=kt(t,P,l);return dt(r,i[0],Pe,De)}n.valToIdx=t=>dt(t,i[0]),n.posToIdx=Bs,n.posToVal=kt,n.valToPos=(t,l,r)=>x[l].ori==0?a(t,x[l],r?Ke:K,
r?$e:0):u(t,x[l],r?at:A,r?nt:0),n.setCursor=(t,l,r)=>{he=t.left,_e=t.top,jt(null,l,r)};function Vi(t,l){de(wl,yl,me.left=t),de(wl,Nl,me.width=l)}function Ri(t,l){
de(wl,"top",me.top=t),de(wl,Wl,me.height=l)}let Rl=T.ori==0?Vi:Ri,zl=T.ori==1?Vi:Ri;function Us(){if(be&&J.live)for(let t=s==2?1:0;t<k.length;t++){if(t==0&&lt)continue;
let l=J.values[t],r=0;for(let f in l)St[t][r++].firstChild.nodeValue=l[f]}}function Rn(t,l){if(t!=null&&(t.idxs?t.idxs.forEach((r,f)=>{fe[f]=r}):Ar(t.idx)||fe.fill(
t.idx),J.idx=fe[0]),be&&J.live){for(let r=0;r<k.length;r++)(r>0||s==1&&!lt)&&Ks(r,fe[r]);Us()}it=!1,l!==!1&&Ve("setLegend")}n.setLegend=Rn;function Ks(t,l){let r=k[t],
f=t==0&&j==2?pt:i[t],c;lt?c=r.values(n,t,l)??Lt:(c=r.value(n,l==null?null:f[l],t,l),c=c==null?Lt:{_:c}),J.values[t]=c}function jt(t,l,r){Li=he,Ci=_e,[he,_e]=V.move(
n,he,_e),V.left=he,V.top=_e,He&&(hl&&bt(hl,Ae(he),0,K,A),ml&&bt(ml,0,Ae(_e),K,A));let f,c=Pe>De;Et=ce,zt=null;let p=T.ori==0?K:A,S=T.ori==1?K:A;if(he<0||ze==0||
c){f=V.idx=null;for(let _=0;_<k.length;_++){let v=ot[_];v!=null&&bt(v,-10,-10,K,A)}sl&&vt(null,Sl,!0,t==null&&xe.setSeries),J.live&&(fe.fill(f),it=!0)}else{let _,
v,b;s==1&&(_=T.ori==0?he:_e,v=kt(_,P),f=V.idx=dt(v,i[0],Pe,De),b=C(i[0][f],T,p,0));let M=-10,E=-10,Y=0,ie=0,le=!0,Z="",W="";for(let R=s==2?1:0;R<k.length;R++){let ge=k[R],
ve=fe[R],Re=ve==null?null:s==1?i[R][ve]:i[R][1][ve],ue=V.dataIdx(n,R,f,v),ke=ue==null?null:s==1?i[R][ue]:i[R][1][ue];if(it=it||ke!=Re||ue!=ve,fe[R]=ue,R>0&&ge.show){
let Je=ue==null?-10:ue==f?b:C(s==1?i[0][ue]:i[R][0][ue],T,p,0),We=ke==null?-10:I(ke,s==1?x[ge.scale]:x[ge.facets[1].scale],S,0);if(sl&&ke!=null){let st=T.ori==1?
he:_e,ht=Ee(yt.dist(n,R,ue,We,st));if(ht<Et){let xt=yt.bias;if(xt!=0){let Ze=kt(st,ge.scale),rt=ke>=0?1:-1,mt=Ze>=0?1:-1;mt==rt&&(mt==1?xt==1?ke>=Ze:ke<=Ze:xt==
1?ke<=Ze:ke>=Ze)&&(Et=ht,zt=R)}else Et=ht,zt=R}}if(it||rl){let st,ht;T.ori==0?(st=Je,ht=We):(st=We,ht=Je);let xt,Ze,rt,mt,Tt,Ge,Qe=!0,qt=Oe.bbox;if(qt!=null){Qe=
!1;let Ie=qt(n,R);rt=Ie.left,mt=Ie.top,xt=Ie.width,Ze=Ie.height}else rt=st,mt=ht,xt=Ze=Oe.size(n,R);if(Ge=Oe.fill(n,R),Tt=Oe.stroke(n,R),rl)R==zt&&Et<=yt.prox&&
(M=rt,E=mt,Y=xt,ie=Ze,le=Qe,Z=Ge,W=Tt);else{let Ie=ot[R];Ie!=null&&(fl[R]=rt,ul[R]=mt,oo(Ie,xt,Ze,Qe),no(Ie,Ge,Tt),bt(Ie,ut(rt),ut(mt),K,A))}}}}if(rl){let R=yt.
prox,ge=Kt==null?Et<=R:Et>R||zt!=Kt;if(it||ge){let ve=ot[0];ve!=null&&(fl[0]=M,ul[0]=E,oo(ve,Y,ie,le),no(ve,Z,W),bt(ve,ut(M),ut(E),K,A))}}}if(me.show&&Vt)if(t!=
null){let[_,v]=xe.scales,[b,M]=xe.match,[E,Y]=t.cursor.sync.scales,ie=t.cursor.drag;if(Le=ie._x,Ce=ie._y,Le||Ce){let{left:le,top:Z,width:W,height:R}=t.select,ge=t.
scales[E].ori,ve=t.posToVal,Re,ue,ke,Je,We,st=_!=null&&b(_,E),ht=v!=null&&M(v,Y);st&&Le?(ge==0?(Re=le,ue=W):(Re=Z,ue=R),ke=x[_],Je=C(ve(Re,E),ke,p,0),We=C(ve(Re+
ue,E),ke,p,0),Rl(wt(Je,We),Ee(We-Je))):Rl(0,p),ht&&Ce?(ge==1?(Re=le,ue=W):(Re=Z,ue=R),ke=x[v],Je=I(ve(Re,Y),ke,S,0),We=I(ve(Re+ue,Y),ke,S,0),zl(wt(Je,We),Ee(We-
Je))):zl(0,S)}else On()}else{let _=Ee(Li-Pi),v=Ee(Ci-Di);if(T.ori==1){let Y=_;_=v,v=Y}Le=Fe.x&&_>=Fe.dist,Ce=Fe.y&&v>=Fe.dist;let b=Fe.uni;b!=null?Le&&Ce&&(Le=_>=
b,Ce=v>=b,!Le&&!Ce&&(v>_?Ce=!0:Le=!0)):Fe.x&&Fe.y&&(Le||Ce)&&(Le=Ce=!0);let M,E;Le&&(T.ori==0?(M=gl,E=he):(M=dl,E=_e),Rl(wt(M,E),Ee(E-M)),Ce||zl(0,S)),Ce&&(T.ori==
1?(M=gl,E=he):(M=dl,E=_e),zl(wt(M,E),Ee(E-M)),Le||Rl(0,p)),!Le&&!Ce&&(Rl(0,0),zl(0,0))}if(Fe._x=Le,Fe._y=Ce,t==null){if(r){if(Ui!=null){let[_,v]=xe.scales;xe.values[0]=
_!=null?kt(T.ori==0?he:_e,_):null,xe.values[1]=v!=null?kt(T.ori==1?he:_e,v):null}Ol(Gn,n,he,_e,K,A,f)}if(sl){let _=r&&xe.setSeries,v=yt.prox;Kt==null?Et<=v&&vt(
zt,Sl,!0,_):Et>v?vt(null,Sl,!0,_):zt!=Kt&&vt(zt,Sl,!0,_)}}it&&(J.idx=f,Rn()),l!==!1&&Ve("setCursor")}let Ft=null;Object.defineProperty(n,"rect",{get(){return Ft==
null&&Fl(!1),Ft}});function Fl(t=!1){t?Ft=null:(Ft=D.getBoundingClientRect(),Ve("syncRect",Ft))}function zi(t,l,r,f,c,p,S){V._lock||Vt&&t!=null&&t.movementX==0&&
t.movementY==0||(zn(t,l,r,f,c,p,S,!1,t!=null),t!=null?jt(null,!0,!0):jt(l,!0,!1))}function zn(t,l,r,f,c,p,S,_,v){if(Ft==null&&Fl(!1),Bt(t),t!=null)r=t.clientX-Ft.
left,f=t.clientY-Ft.top;else{if(r<0||f<0){he=-10,_e=-10;return}let[b,M]=xe.scales,E=l.cursor.sync,[Y,ie]=E.values,[le,Z]=E.scales,[W,R]=xe.match,ge=l.axes[0].side%
2==1,ve=T.ori==0?K:A,Re=T.ori==1?K:A,ue=ge?p:c,ke=ge?c:p,Je=ge?f:r,We=ge?r:f;if(le!=null?r=W(b,le)?h(Y,x[b],ve,0):-10:r=ve*(Je/ue),Z!=null?f=R(M,Z)?h(ie,x[M],Re,
0):-10:f=Re*(We/ke),T.ori==1){let st=r;r=f,f=st}}v&&(l==null||l.cursor.event.type==Gn)&&((r<=1||r>=K-1)&&(r=$t(r,K)),(f<=1||f>=A-1)&&(f=$t(f,A))),_?(Pi=r,Di=f,[
gl,dl]=V.move(n,r,f)):(he=r,_e=f)}let Fn={width:0,height:0,left:0,top:0};function On(){Xl(Fn,!1)}let Fi,Oi,Hi,Ni;function Wi(t,l,r,f,c,p,S){Vt=!0,Le=Ce=Fe._x=Fe.
_y=!1,zn(t,l,r,f,c,p,S,!0,!1),t!=null&&(Ne(In,jn,Gi,!1),Ol(Ji,n,gl,dl,K,A,null));let{left:_,top:v,width:b,height:M}=me;Fi=_,Oi=v,Hi=b,Ni=M}function Gi(t,l,r,f,c,p,S){
Vt=Fe._x=Fe._y=!1,zn(t,l,r,f,c,p,S,!1,!0);let{left:_,top:v,width:b,height:M}=me,E=b>0||M>0,Y=Fi!=_||Oi!=v||Hi!=b||Ni!=M;if(E&&Y&&Xl(me),Fe.setScale&&E&&Y){let ie=_,
le=b,Z=v,W=M;if(T.ori==1&&(ie=v,le=M,Z=_,W=b),Le&&Rt(P,kt(ie,P),kt(ie+le,P)),Ce)for(let R in x){let ge=x[R];R!=P&&ge.from==null&&ge.min!=ce&&Rt(R,kt(Z+W,R),kt(Z,
R))}On()}else V.lock&&(V._lock=!V._lock,jt(l,!0,t!=null));t!=null&&(nl(In,jn),Ol(In,n,he,_e,K,A,null))}function js(t,l,r,f,c,p,S){if(V._lock)return;Bt(t);let _=Vt;
if(Vt){let v=!0,b=!0,M=10,E,Y;T.ori==0?(E=Le,Y=Ce):(E=Ce,Y=Le),E&&Y&&(v=he<=M||he>=K-M,b=_e<=M||_e>=A-M),E&&v&&(he=he<gl?0:K),Y&&b&&(_e=_e<dl?0:A),jt(null,!0,!0),
Vt=!1}he=-10,_e=-10,fe.fill(null),jt(null,!0,!0),_&&(Vt=_)}function Ii(t,l,r,f,c,p,S){V._lock||(Bt(t),_n(),On(),t!=null&&Ol(Xi,n,he,_e,K,A,null))}function Yi(){
H.forEach(Bf),Sn(n.width,n.height,!0)}Qt(sn,kl,Yi);let _l={};_l.mousedown=Wi,_l.mousemove=zi,_l.mouseup=Gi,_l.dblclick=Ii,_l.setSeries=(t,l,r,f)=>{let c=xe.match[2];
r=c(n,l,r),r!=-1&&vt(r,f,!0,!1)},He&&(Ne(Ji,D,Wi),Ne(Gn,D,zi),Ne(Zi,D,t=>{Bt(t),Fl(!1)}),Ne(Qi,D,js),Ne(Xi,D,Ii),ti.add(n),n.syncRect=Fl);let en=n.hooks=e.hooks||
{};function Ve(t,l,r){Dn?Vl.push([t,l,r]):t in en&&en[t].forEach(f=>{f.call(null,n,l,r)})}(e.plugins||[]).forEach(t=>{for(let l in t.hooks)en[l]=(en[l]||[]).concat(
t.hooks[l])});let Bi=(t,l,r)=>r,xe=Te({key:null,setSeries:!1,filters:{pub:co,sub:co},scales:[P,k[1]?k[1].scale:null],match:[ao,ao,Bi],values:[null,null]},V.sync);
xe.match.length==2&&xe.match.push(Bi),V.sync=xe;let Ui=xe.key,Hn=fs(Ui);function Ol(t,l,r,f,c,p,S){xe.filters.pub(t,l,r,f,c,p,S)&&Hn.pub(t,l,r,f,c,p,S)}Hn.sub(n);
function qs(t,l,r,f,c,p,S){xe.filters.sub(t,l,r,f,c,p,S)&&_l[t](null,l,r,f,c,p,S)}n.pub=qs;function $s(){Hn.unsub(n),ti.delete(n),Nt.clear(),Jn(sn,kl,Yi),g.remove(),
se?.remove(),Ve("destroy")}n.destroy=$s;function Nn(){Ve("init",e,i),vi(i||e.data,!1),F[P]?Ln(P,F[P]):_n(),jl=me.show&&(me.width>0||me.height>0),Yt=it=!0,Sn(e.width,
e.height)}return k.forEach(_i),H.forEach(As),o?o instanceof HTMLElement?(o.appendChild(g),Nn()):o(n,Nn):Nn(),n}Be.assign=Te;Be.fmtNum=fi;Be.rangeNum=rn;Be.rangeLog=
cn;Be.rangeAsinh=si;Be.orient=el;Be.pxRatio=oe;Be.join=Rr;Be.fmtDate=ci,Be.tzDate=Ur;Be.sync=fs;{Be.addGap=Ef,Be.clipGaps=hn;let e=Be.paths={points:ms};e.linear=
ds,e.stepped=Lf,e.bars=Cf,e.spline=Rf}export{Be as default};
`,
  },
}
