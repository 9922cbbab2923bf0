//! A report as one HTML file: no script, nothing fetched, prints well, light and dark.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::document::{Block, Document, Table};

const STYLE: &str = "
:root{color-scheme:light dark;--line:#c8ccd2;--head:#eef1f5;--ink:#1b1f24;--paper:#fff;--soft:#57606a;--warn:#b42318;--warnback:#fff1f0}
@media (prefers-color-scheme:dark){:root{--line:#3d444d;--head:#21262d;--ink:#e6edf3;--paper:#0d1117;--soft:#9198a1;--warn:#ff9b93;--warnback:#3c1618}}
*{box-sizing:border-box}
body{margin:0 auto;padding:2rem 1.25rem 4rem;max-width:72rem;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,'Segoe UI',Helvetica,Arial,sans-serif}
h1{font-size:1.7rem;line-height:1.2;margin:0}
h2{font-size:1.2rem;margin:2.4rem 0 .6rem;padding-bottom:.25rem;border-bottom:2px solid var(--line)}
.subtitle{color:var(--soft);margin:.3rem 0 0;overflow-wrap:anywhere}
.warning{border-left:4px solid var(--warn);background:var(--warnback);padding:.6rem .9rem;font-weight:600}
dl{display:grid;grid-template-columns:minmax(10rem,18rem) 1fr;gap:.3rem 1.2rem;margin:0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
.scroll{overflow-x:auto;margin:1rem 0}
table{border-collapse:collapse;width:100%;font-size:.87rem}
caption{text-align:left;font-weight:600;padding:.3rem 0}
th,td{border:1px solid var(--line);padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}td{min-width:5.5rem}td.number{min-width:0}
th{background:var(--head);white-space:nowrap}
.number{text-align:right;font-variant-numeric:tabular-nums}
.none{color:var(--soft)}
figure{margin:1rem 0;break-inside:avoid}img{max-width:100%;height:auto;border:1px solid var(--line)}figcaption{color:var(--soft);font-size:.87rem}
@media (max-width:40rem){dl{grid-template-columns:1fr}dd{margin-bottom:.5rem}}
@media print{@page{margin:15mm}:root{--ink:#000;--paper:#fff;--line:#999;--head:#eee;--soft:#444;--warn:#900;--warnback:#fff}body{padding:0;max-width:none;font-size:10pt}.scroll{overflow:visible}thead{display:table-header-group}tr{break-inside:avoid}h2{break-after:avoid}}
";

/// Writes a report as HTML.
pub fn html(document: &Document) -> String {
    let mut out = String::with_capacity(64 << 10);
    let title = escaped(&document.title);
    let subtitle = escaped(&document.subtitle);
    out.push_str("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">");
    out.push_str(&format!(
        "<title>{title}: {subtitle}</title><style>{STYLE}</style></head>\n"
    ));
    out.push_str(&format!(
        "<body><header><h1>{title}</h1><p class=\"subtitle\">{subtitle}</p></header><main>\n"
    ));
    for block in &document.blocks {
        put(block, &mut out);
    }
    out.push_str("</main></body></html>\n");
    out
}

fn put(block: &Block, out: &mut String) {
    match block {
        Block::Heading(text) => out.push_str(&format!("<h2>{}</h2>\n", escaped(text))),
        Block::Text(text) => out.push_str(&format!("<p>{}</p>\n", escaped(text))),
        Block::Warning(text) => {
            out.push_str(&format!(
                "<p class=\"warning\" role=\"alert\">{}</p>\n",
                escaped(text)
            ));
        }
        Block::Facts(facts) => {
            out.push_str("<dl>");
            for (name, value) in facts {
                out.push_str(&format!(
                    "<dt>{}</dt><dd>{}</dd>\n",
                    escaped(name),
                    escaped(value)
                ));
            }
            out.push_str("</dl>\n");
        }
        Block::Table(table) => put_table(table, out),
        Block::Picture(png, caption) => {
            let data = STANDARD.encode(png);
            let caption = escaped(caption);
            out.push_str(&format!(
                "<figure><img alt=\"{caption}\" src=\"data:image/png;base64,{data}\"><figcaption>{caption}</figcaption></figure>\n"
            ));
        }
    }
}

fn put_table(table: &Table, out: &mut String) {
    let caption = escaped(&table.caption);
    out.push_str("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
    out.push_str(&format!(
        "{caption}\"><table><caption>{caption}</caption><thead><tr>"
    ));
    let class = |is_number: bool| if is_number { " class=\"number\"" } else { "" };
    for column in &table.columns {
        let class = class(column.is_number);
        out.push_str(&format!(
            "<th scope=\"col\"{class}>{}</th>",
            escaped(column.name)
        ));
    }
    out.push_str("</tr></thead><tbody>\n");
    for row in &table.rows {
        out.push_str("<tr>");
        for (column, cell) in table.columns.iter().zip(row) {
            out.push_str(&format!(
                "<td{}>{}</td>",
                class(column.is_number),
                escaped(cell)
            ));
        }
        out.push_str("</tr>\n");
    }
    if table.rows.is_empty() {
        out.push_str(&format!(
            "<tr><td class=\"none\" colspan=\"{}\">none</td></tr>",
            table.columns.len()
        ));
    }
    out.push_str("</tbody></table></div>\n");
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() && c != '\n' => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}
