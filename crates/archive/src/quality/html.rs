//! The report as a page.

use std::fmt::Write as _;

use super::report::{Day, Finding, Group, Report};

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8884;--soft:#8882;--accent:#0a6c8c;--bad:#a4480a}\
@media(prefers-color-scheme:dark){:root{--accent:#5cc3e6;--bad:#f0a35e}}\
body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1.25rem}\
h1{font-size:1.7rem;margin:0}h2{font-size:1.15rem;margin:2.4rem 0 .3rem}p{margin:.2rem 0 .6rem}\
table{border-collapse:collapse;width:100%}td,th{padding:.35rem .6rem .35rem 0;\
border-bottom:1px solid var(--line);text-align:left;vertical-align:top}\
th{font-weight:500;opacity:.75}td.n,th.n{text-align:right;white-space:nowrap}\
td code{font:13px/1.4 ui-monospace,monospace;overflow-wrap:anywhere}\
.error{color:var(--bad);font-weight:600}.bars{display:block;margin:.3rem 0 .8rem}\
details{margin:.1rem 0}summary{cursor:pointer;opacity:.75}";

/// The whole page.
pub fn page(report: &Report) -> String {
    let mut out = String::with_capacity(16 << 10);
    let _ = write!(
        out,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>Data quality – Sagittal</title><style>{STYLE}</style></head><body>\
         <h1>Data quality</h1><p>What came from {} to {} (UTC), by source and modality.</p>",
        report.since, report.until
    );
    if report.groups.is_empty() {
        out.push_str("<p>Nothing came, or nothing was checked.</p>");
    } else {
        overview(&mut out, &report.groups);
    }
    for group in &report.groups {
        section(&mut out, group);
    }
    out.push_str("</body></html>\n");
    out
}

fn overview(out: &mut String, groups: &[Group]) {
    out.push_str(
        "<table><tr><th>Source</th><th>Modality</th><th class=\"n\">Studies</th>\
         <th class=\"n\">with findings</th><th class=\"n\">Instances</th>\
         <th class=\"n\">with findings</th><th class=\"n\">held back</th>\
         <th class=\"n\">refused</th><th>Most frequent</th></tr>",
    );
    for group in groups {
        let top = group.findings.first().map(title).unwrap_or_default();
        let _ = write!(
            out,
            "<tr><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{} ({})</td>\
             <td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td><td>{}</td></tr>",
            escape(&group.source),
            escape(&group.modality),
            group.studies,
            group.affected_studies,
            percent(group.share_of_studies),
            group.instances,
            group.affected_instances,
            group.quarantined,
            group.refused,
            escape(&top)
        );
    }
    out.push_str("</table>");
}

fn section(out: &mut String, group: &Group) {
    if group.findings.is_empty() {
        return;
    }
    let _ = write!(
        out,
        "<h2>{} · {}</h2>",
        escape(&group.source),
        escape(&group.modality)
    );
    bars(out, &group.days);
    out.push_str(
        "<table><tr><th>Finding</th><th class=\"n\">Instances</th><th class=\"n\">Studies</th>\
         <th>Last</th><th>Examples</th></tr>",
    );
    for finding in &group.findings {
        let found = &finding.found;
        let _ = write!(
            out,
            "<tr><td><span class=\"{}\">{}</span>: {}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{} ({})</td><td>{}</td><td><details><summary>{}</summary>",
            escape(&found.severity),
            escape(&title(finding)),
            escape(&found.found),
            finding.instances,
            finding.studies,
            percent(finding.share_of_studies),
            escape(finding.last.get(..10).unwrap_or_default()),
            finding.examples.len()
        );
        for uid in &finding.examples {
            let _ = write!(out, "<code>{}</code><br>", escape(uid));
        }
        out.push_str("</details></td></tr>");
    }
    out.push_str("</table>");
}

fn title(finding: &Finding) -> String {
    let found = &finding.found;
    match found.path.as_str() {
        "" => found.kind.clone(),
        path => format!("{path} {}", found.kind),
    }
}

/// The share of instances with findings, day by day.
fn bars(out: &mut String, days: &[Day]) {
    let shown = days.len().min(60);
    let days = days.get(days.len() - shown..).unwrap_or(days);
    let _ = write!(
        out,
        "<svg class=\"bars\" width=\"{}\" height=\"44\" role=\"img\" \
         aria-label=\"share of instances with findings by day\">",
        shown * 14 + 2
    );
    for (position, day) in days.iter().enumerate() {
        let share = day.affected as f64 / day.instances.max(day.affected).max(1) as f64;
        let height = (share * 40.0).max(if day.affected > 0 { 2.0 } else { 0.0 });
        let _ = write!(
            out,
            "<rect x=\"{x}\" y=\"2\" width=\"11\" height=\"40\" fill=\"var(--soft)\"/>\
             <rect x=\"{x}\" y=\"{y:.1}\" width=\"11\" height=\"{height:.1}\" fill=\"var(--accent)\">\
             <title>{}: {} of {}</title></rect>",
            escape(&day.day),
            day.affected,
            day.instances,
            x = position * 14 + 1,
            y = 42.0 - height,
        );
    }
    out.push_str("</svg>");
}

fn percent(share: f64) -> String {
    match share {
        share if share > 0.0 && share < 0.001 => "&lt;0.1 %".to_owned(),
        share if share < 0.1 => format!("{:.1} %", share * 100.0),
        share => format!("{:.0} %", share * 100.0),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
