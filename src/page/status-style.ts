/** The status page's style: light and dark by the reader's system, colours with a contrast of 4.5 and more to the ground. */
export const STATUS_STYLE = `
:root{color-scheme:light dark;--ground:#f6f8fa;--card:#fff;--text:#1f2328;--soft:#57606a;--line:#d0d7de;
--full:#0550ae;--diff:#6639ba;--copy:#116329;--good:#116329;--warn:#7d4e00;--bad:#a40e26;--bar:#54aeff}
@media (prefers-color-scheme:dark){:root{--ground:#0d1117;--card:#161b22;--text:#e6edf3;--soft:#9da7b3;--line:#30363d;
--full:#79c0ff;--diff:#d2a8ff;--copy:#7ee787;--good:#7ee787;--warn:#f0b72f;--bad:#ff9492;--bar:#1f6feb}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Arial,sans-serif}
main,header,footer{max-width:1180px;margin:0 auto;padding:0 20px}
header{padding-top:24px}
h1{font-size:1.6rem;margin:0}h2{font-size:1.15rem;margin:0 0 10px}h3{font-size:1rem;margin:0 0 6px}
p{margin:.3em 0}.soft,caption{color:var(--soft)}
section{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:16px 18px;margin:16px 0;overflow-x:auto}
.verdict{display:inline-block;border:2px solid;border-radius:6px;padding:2px 12px;margin:10px 0;font-weight:600}
.good{color:var(--good)}.warning{color:var(--warn)}.critical{color:var(--bad)}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(210px,1fr));gap:12px;margin:0}
.cards div{border-left:4px solid var(--bar);padding-left:10px}
.cards dt{color:var(--soft);font-size:.85rem}.cards dd{margin:0;font-size:1.15rem;font-weight:600}
.cards dd small{display:block;font-weight:400;font-size:.85rem}
table{border-collapse:collapse}
th,td{text-align:left;padding:4px 14px 4px 0;vertical-align:top;border-bottom:1px solid var(--line);white-space:nowrap}
th{font-weight:600}caption{text-align:left;padding-bottom:6px}.number{text-align:right;font-variant-numeric:tabular-nums}
.months{display:flex;flex-wrap:wrap;gap:24px;align-items:flex-start}
.calendar th,.calendar td{border:1px solid var(--line);padding:0;width:36px;height:34px;text-align:center;vertical-align:middle;font-size:.8rem}
.calendar caption{font-weight:600;color:var(--text)}.calendar td{color:var(--soft)}
.calendar .taken{font-weight:700;color:var(--text);outline:2px solid currentColor;outline-offset:-3px}
.calendar .full{color:var(--full)}.calendar .differential{color:var(--diff)}.calendar .copy{color:var(--copy)}
.calendar .broken{color:var(--bad);text-decoration:line-through}.calendar .today{background:var(--ground)}
.calendar b{display:block;font-size:.7rem;line-height:1}
svg{width:100%;max-width:1040px;height:auto;display:block}svg text{fill:var(--soft);font-size:12px}
.bars .full{fill:var(--full)}.bars .differential{fill:var(--diff)}.bars .copy{fill:var(--copy)}.bars .grid{stroke:var(--line)}
.key span{margin-right:16px}.key i{display:inline-block;width:12px;height:12px;border-radius:2px;margin-right:5px;vertical-align:-1px}
.key .full{background:var(--full)}.key .differential{background:var(--diff)}.key .copy{background:var(--copy)}
.share{width:180px}.share span{display:block;height:12px;margin-top:5px;border-radius:3px;background:var(--bar);min-width:2px}
summary{cursor:pointer}summary,details td:first-child{white-space:normal;overflow-wrap:anywhere}details table{margin:8px 0 8px 18px}ul{margin:0;padding-left:20px}
footer{padding-bottom:30px;color:var(--soft);font-size:.85rem}
.archives th,.archives td{padding-right:8px;font-size:.8rem}
.archives td:nth-child(2){white-space:normal;max-width:10em;overflow-wrap:anywhere}
@media (max-width:1080px){
.archives thead{position:absolute;left:-9999px}
.archives table,.archives tbody,.archives caption{display:block}
.archives tr{display:grid;grid-template-columns:repeat(auto-fill,minmax(300px,1fr));border-bottom:1px solid var(--line);padding:8px 0}
.archives td,.archives td:nth-child(2){display:grid;grid-template-columns:8em 1fr;max-width:none;border:0;padding:1px 0;text-align:left;white-space:normal;overflow-wrap:anywhere}
.archives td::before{content:attr(data-label);color:var(--soft)}}
@media (max-width:800px){.share{width:80px}}
@media (max-width:640px){main,header,footer{padding:0 10px}header{padding-top:14px}section{padding:12px}
.mailboxes>table>thead{position:absolute;left:-9999px}.mailboxes>table,.mailboxes>table>tbody{display:block}
.mailboxes>table>tbody>tr{display:grid;grid-template-columns:1fr 1fr;border-bottom:1px solid var(--line)}
.mailboxes>table>tbody>tr>td{border:0;text-align:left}.mailboxes td:first-child[data-label]{grid-column:1/-1}
.mailboxes .number[data-label]::before{content:attr(data-label) " ";color:var(--soft)}td[data-label=Share]{display:none}
td:last-child:not(.number){white-space:normal}
svg text{font-size:26px}th,td{padding-right:6px;font-size:.86rem}details table{margin-left:0}details th,details td{font-size:.78rem}}
@media print{section{break-inside:avoid}}
`;
