//! A comparison and a matrix as one HTML file without anything from elsewhere.

use std::fmt::Write as _;

use super::matrix::Matrix;
use super::report::{Comparison, Direction, Finding, Outcome};
use super::text::{described, summary};
use crate::render::escaped;

const STYLE: &str = "body{font:15px/1.45 system-ui,sans-serif;max-width:80rem;margin:2rem auto;padding:0 1rem;color:#111}\
table{border-collapse:collapse;margin:1rem 0;width:100%}th,td{border:1px solid #bbb;padding:.3rem .5rem;text-align:left;vertical-align:top}\
th{background:#eee}pre{background:#f4f4f4;padding:.4rem .6rem;margin:.3rem 0;overflow:auto}ul{margin:.2rem 0;padding-left:1.2rem}\
td.works{background:#dff2df}td.transcoding{background:#d9edf7}td.impaired{background:#fff3cd}td.unknown{background:#ece4f5}td.refused{background:#f8d7da}\
.matrix td,.matrix th{text-align:center}.matrix{width:auto}small{color:#555}a{color:inherit}\
@media print{body{max-width:none;margin:0}tr{break-inside:avoid}}";

fn page(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{0}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{0}</h1>\n{body}</body>\n</html>\n",
        escaped(title)
    )
}

/// A comparison.
pub fn html(comparison: &Comparison) -> String {
    let (a, b) = (&comparison.a, &comparison.b);
    let mut body = String::new();
    for (letter, side) in [("A", a), ("B", b)] {
        let _ = writeln!(
            body,
            "<p><b>{letter}</b> {}<br><small>{}</small></p>",
            escaped(&described(side)),
            escaped(&side.evidence)
        );
    }
    let _ = writeln!(body, "<p><b>{}</b></p>", escaped(&summary(comparison)));
    for (direction, from, to) in [(Direction::AToB, a, b), (Direction::BToA, b, a)] {
        let _ = writeln!(
            body,
            "<h2>What {} asks of {}</h2>",
            escaped(&from.name),
            escaped(&to.name)
        );
        let these = comparison.findings.iter();
        findings(
            &mut body,
            these.filter(|finding| finding.direction == direction),
        );
    }
    page(&format!("{} and {}", a.name, b.name), &body)
}

fn findings<'a>(body: &mut String, findings: impl Iterator<Item = &'a Finding>) {
    let mut these: Vec<&Finding> = findings.collect();
    if these.is_empty() {
        body.push_str("<p>Nothing.</p>\n");
        return;
    }
    these.sort_by_key(|finding| {
        (
            std::cmp::Reverse((finding.counts(), finding.outcome)),
            finding.workflow,
        )
    });
    body.push_str("<table>\n<tr><th>Outcome</th><th>Workflow</th><th>What</th><th>Why</th><th>What can be done</th></tr>\n");
    for finding in these {
        let class = finding.outcome.name();
        let clause = match finding.clause {
            "" => String::new(),
            clause => format!("<br><small>{}</small>", escaped(clause)),
        };
        let mut remedies = String::new();
        for remedy in &finding.remedies {
            let toml = remedy.toml.as_ref().map_or(String::new(), |toml| {
                format!("<pre>{}</pre>", escaped(toml.trim_end()))
            });
            let _ = write!(
                remedies,
                "<li>{}: {}{toml}</li>",
                escaped(&remedy.at),
                escaped(&remedy.text)
            );
        }
        let remedies = if remedies.is_empty() {
            remedies
        } else {
            format!("<ul>{remedies}</ul>")
        };
        let _ = writeln!(
            body,
            "<tr><td class=\"{class}\">{class}</td><td>{}</td><td>{}</td><td>{}{clause}</td><td>{remedies}</td></tr>",
            finding.workflow.name(),
            escaped(&finding.subject),
            escaped(&finding.detail),
        );
    }
    body.push_str("</table>\n");
}

/// A matrix: a table of all pairs, each a link to its findings.
pub fn matrix_html(matrix: &Matrix) -> String {
    let mut body =
        String::from("<p>Rows ask, columns answer.</p>\n<table class=\"matrix\">\n<tr><th></th>");
    for system in &matrix.systems {
        let _ = write!(body, "<th>{}</th>", escaped(&system.name));
    }
    body.push_str("</tr>\n");
    for (row, system) in matrix.systems.iter().enumerate() {
        let _ = write!(body, "<tr><th>{}</th>", escaped(&system.name));
        for column in 0..matrix.systems.len() {
            match matrix.cell(row, column) {
                None => body.push_str("<td></td>"),
                Some(cell) => {
                    let class = cell.worst.map_or("", Outcome::name);
                    let _ = write!(
                        body,
                        "<td class=\"{class}\"><a href=\"#p{row}-{column}\">{}</a></td>",
                        cell.word()
                    );
                }
            }
        }
        body.push_str("</tr>\n");
    }
    body.push_str("</table>\n<h2>Systems</h2>\n<ul>\n");
    for system in &matrix.systems {
        let _ = writeln!(
            body,
            "<li>{}<br><small>{}</small></li>",
            escaped(&described(system)),
            escaped(&system.evidence)
        );
    }
    body.push_str("</ul>\n");
    for cell in &matrix.cells {
        let name = |at: usize| {
            matrix
                .systems
                .get(at)
                .map_or("", |system| system.name.as_str())
        };
        let _ = writeln!(
            body,
            "<h2 id=\"p{}-{}\">What {} asks of {}</h2>",
            cell.from,
            cell.to,
            escaped(name(cell.from)),
            escaped(name(cell.to))
        );
        findings(&mut body, cell.findings.iter());
    }
    page("Conformance of several systems", &body)
}
