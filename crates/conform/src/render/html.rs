//! A page as HTML.

use super::{Block, Page};

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}\
table{border-collapse:collapse;margin:1rem 0}th,td{border:1px solid #bbb;padding:.25rem .5rem;text-align:left;vertical-align:top}\
th{background:#eee}code{background:#f4f4f4}@media print{body{max-width:none;margin:0}tr{break-inside:avoid}}";

pub(super) fn write(page: &Page) -> String {
    let title = page.blocks.iter().find_map(|block| match block {
        Block::Heading(1, text) => Some(escaped(text)),
        _ => None,
    });
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n",
        title.unwrap_or_default()
    );
    for block in &page.blocks {
        match block {
            Block::Heading(level, text) => {
                let level = (*level).clamp(1, 6);
                out.push_str(&format!("<h{level}>{}</h{level}>\n", escaped(text)));
            }
            Block::Paragraph(text) => out.push_str(&format!("<p>{}</p>\n", escaped(text))),
            Block::List(items) => {
                out.push_str("<ul>\n");
                for item in items {
                    out.push_str(&format!("<li>{}</li>\n", escaped(item)));
                }
                out.push_str("</ul>\n");
            }
            Block::Table(head, rows) => {
                out.push_str(&format!("<table>\n{}", row("th", head)));
                rows.iter()
                    .for_each(|cells| out.push_str(&row("td", cells)));
                out.push_str("</table>\n");
            }
        }
    }
    out + "</body>\n</html>\n"
}

fn row(cell: &str, cells: &[String]) -> String {
    let cells = cells
        .iter()
        .map(|text| format!("<{cell}>{}</{cell}>", escaped(text)));
    format!("<tr>{}</tr>\n", cells.collect::<String>())
}

/// Text with nothing in it that means something to a browser; what stands between backquotes is code.
pub(crate) fn escaped(text: &str) -> String {
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;");
    let mut parts = text.split('`');
    let mut out = parts.next().unwrap_or("").to_owned();
    while let Some(code) = parts.next() {
        match parts.next() {
            Some(after) => out.push_str(&format!("<code>{code}</code>{after}")),
            None => out.push_str(&format!("`{code}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_peer_says_of_itself_is_no_markup() {
        assert_eq!(
            escaped("<b> & `a<b`"),
            "&lt;b&gt; &amp; <code>a&lt;b</code>"
        );
        assert_eq!(escaped("one ` alone"), "one ` alone");
    }
}
