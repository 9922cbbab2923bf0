//! A page as Markdown.

use std::fmt::Write;

use super::{Block, Page};

pub(super) fn write(page: &Page) -> String {
    let mut out = String::new();
    for (at, block) in page.blocks.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        // Writing to a `String` cannot fail.
        let _ = match block {
            Block::Heading(level, text) => writeln!(out, "{} {text}", "#".repeat(*level)),
            Block::Paragraph(text) => writeln!(out, "{text}"),
            Block::List(items) => items.iter().try_for_each(|item| writeln!(out, "- {item}")),
            Block::Table(head, rows) => table(&mut out, head, rows),
        };
    }
    out
}

fn table(out: &mut String, head: &[String], rows: &[Vec<String>]) -> std::fmt::Result {
    writeln!(out, "| {} |", head.join(" | "))?;
    writeln!(out, "|{}", "---|".repeat(head.len()))?;
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
        writeln!(out, "| {} |", cells.join(" | "))?;
    }
    Ok(())
}
