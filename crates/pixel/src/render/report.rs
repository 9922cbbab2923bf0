//! Structured reports (PS3.3 §C.17) as pages that people can read: escaped HTML.

use std::borrow::Cow;
use std::fmt::Write as _;

use sagittal_core::date_time::{Date, Time};
use sagittal_core::{DataSet, PersonName, Tag, tags};

/// Levels of headings.
const DEEPEST_HEADING: usize = 6;

const STYLE: &str = "body{font:15px/1.45 sans-serif;max-width:60em;margin:2em auto;padding:0 1em;\
color:#222}h1{font-size:1.5em}h2,h3,h4,h5,h6{font-size:1.1em;margin:1em 0 .3em}\
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2em 1em}dt{color:#666}dd{margin:0}\
section{margin-left:.8em;padding-left:.8em;border-left:2px solid #ddd}.n{color:#555}\
.r{color:#888;font-size:.85em}p{margin:.25em 0;white-space:pre-wrap}";

/// Writes a structured report, or a key object selection, as an HTML page.
pub fn report_html(report: &DataSet) -> String {
    let title = concept_name(report).unwrap_or_else(|| "Report".to_owned());
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <title>{0}</title><style>{STYLE}</style></head><body>\n<h1>{0}</h1>\n",
        escape(&title)
    );
    heading(report, &mut out);
    let mut writer = Writer { out, path: vec![1] };
    writer.children(report, 2);
    writer.out.push_str("</body></html>\n");
    writer.out
}

/// Who, when, and how far the report is.
fn heading(report: &DataSet, out: &mut String) {
    let text = |tag| report.first_text(tag);
    let join = |parts: [Option<String>; 2]| {
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    };
    let observers: Vec<String> = report
        .items(tags::VERIFYING_OBSERVER_SEQUENCE)
        .iter()
        .filter_map(|observer| person(observer, tags::VERIFYING_OBSERVER_NAME))
        .collect();
    let rows = [
        (
            "Patient",
            join([person(report, tags::PATIENT_NAME), text(tags::PATIENT_ID)]),
        ),
        (
            "Born",
            join([
                date(report, tags::PATIENT_BIRTH_DATE),
                text(tags::PATIENT_SEX),
            ]),
        ),
        (
            "Study",
            join([
                date(report, tags::STUDY_DATE),
                text(tags::STUDY_DESCRIPTION),
            ]),
        ),
        ("Accession", text(tags::ACCESSION_NUMBER)),
        (
            "Written",
            join([
                date(report, tags::CONTENT_DATE),
                time(report, tags::CONTENT_TIME),
            ]),
        ),
        (
            "State",
            join([text(tags::COMPLETION_FLAG), text(tags::VERIFICATION_FLAG)]),
        ),
        (
            "Verified by",
            (!observers.is_empty()).then(|| observers.join("; ")),
        ),
    ];
    out.push_str("<dl>");
    for (name, value) in rows {
        if let Some(value) = value {
            let _ = write!(out, "<dt>{name}</dt><dd>{}</dd>", escape(&value));
        }
    }
    out.push_str("</dl>\n");
}

struct Writer {
    out: String,
    /// Position of the item being written: what references by position name.
    path: Vec<usize>,
}

impl Writer {
    fn children(&mut self, parent: &DataSet, level: usize) {
        for (at, item) in parent.items(tags::CONTENT_SEQUENCE).iter().enumerate() {
            self.path.push(at + 1);
            self.item(item, level);
            self.path.pop();
        }
    }

    fn item(&mut self, item: &DataSet, level: usize) {
        let name = concept_name(item);
        let kind = item.first_text(tags::VALUE_TYPE).unwrap_or_default();
        let id = self.anchor(&self.path);
        if kind == "CONTAINER" {
            let heading = level.min(DEEPEST_HEADING);
            let name = name.unwrap_or_default();
            let _ = writeln!(
                self.out,
                "<section id=\"{id}\"><h{heading}>{}</h{heading}>",
                escape(&name)
            );
            self.children(item, level + 1);
            self.out.push_str("</section>\n");
            return;
        }
        let _ = write!(self.out, "<p id=\"{id}\">");
        if let Some(relationship) = item
            .first_text(tags::RELATIONSHIP_TYPE)
            .filter(|relationship| relationship != "CONTAINS")
        {
            let _ = write!(
                self.out,
                "<span class=\"r\">{}</span> ",
                escape(&relationship.to_lowercase())
            );
        }
        if let Some(name) = name {
            let _ = write!(self.out, "<span class=\"n\">{}:</span> ", escape(&name));
        }
        self.value(item, &kind);
        self.out.push_str("</p>\n");
        if !item.items(tags::CONTENT_SEQUENCE).is_empty() {
            self.out.push_str("<section>");
            self.children(item, level + 1);
            self.out.push_str("</section>\n");
        }
    }

    fn value(&mut self, item: &DataSet, kind: &str) {
        let text = match kind {
            "TEXT" => item.text(tags::TEXT_VALUE).map(Cow::into_owned),
            "NUM" => Some(number(item)),
            "CODE" => code(item, tags::CONCEPT_CODE_SEQUENCE),
            "PNAME" => person(item, tags::PERSON_NAME),
            "DATE" => date(item, tags::DATE),
            "TIME" => time(item, tags::TIME),
            "DATETIME" => item.first_text(tags::DATETIME).map(|text| date_time(&text)),
            "UIDREF" => item.first_text(tags::UID),
            "SCOORD" | "SCOORD3D" | "TCOORD" => Some(coordinates(item)),
            "IMAGE" | "COMPOSITE" | "WAVEFORM" => {
                self.reference(item);
                return;
            }
            _ => None,
        };
        if let Some(text) = text {
            self.out.push_str(&escape(&text));
            return;
        }
        let target = item.ints(tags::REFERENCED_CONTENT_ITEM_IDENTIFIER);
        if !target.is_empty() {
            let path: Vec<usize> = target
                .iter()
                .filter_map(|&at| usize::try_from(at).ok())
                .collect();
            let words: Vec<String> = path.iter().map(usize::to_string).collect();
            let _ = write!(
                self.out,
                "<a href=\"#{}\">item {}</a>",
                self.anchor(&path),
                words.join(".")
            );
        }
    }

    fn reference(&mut self, item: &DataSet) {
        for reference in item.items(tags::REFERENCED_SOP_SEQUENCE) {
            let uid = reference
                .first_text(tags::REFERENCED_SOP_INSTANCE_UID)
                .unwrap_or_default();
            let class = reference
                .first_text(tags::REFERENCED_SOP_CLASS_UID)
                .unwrap_or_default();
            let kind = sagittal_core::dictionary::uid_name(&class).unwrap_or("Object");
            let kind = kind.strip_suffix(" Storage").unwrap_or(kind);
            let frames = reference.texts(tags::REFERENCED_FRAME_NUMBER).join(", ");
            let _ = write!(
                self.out,
                "<span data-sop-instance-uid=\"{}\">{} <code>{}</code>",
                escape(&uid),
                escape(kind),
                escape(&uid)
            );
            if !frames.is_empty() {
                let _ = write!(self.out, " frames {}", escape(&frames));
            }
            self.out.push_str("</span> ");
        }
    }

    fn anchor(&self, path: &[usize]) -> String {
        let words: Vec<String> = path.iter().map(usize::to_string).collect();
        format!("i{}", words.join("-"))
    }
}

pub(super) fn concept_name(item: &DataSet) -> Option<String> {
    code(item, tags::CONCEPT_NAME_CODE_SEQUENCE)
}

/// The meaning of a code, else the code.
pub(super) fn code(item: &DataSet, tag: Tag) -> Option<String> {
    let code = item.items(tag).first()?;
    [
        tags::CODE_MEANING,
        tags::CODE_VALUE,
        tags::LONG_CODE_VALUE,
        tags::URN_CODE_VALUE,
    ]
    .into_iter()
    .find_map(|tag| code.first_text(tag))
}

/// A number with its unit, or why there is none.
pub(super) fn number(item: &DataSet) -> String {
    let Some(measured) = item.items(tags::MEASURED_VALUE_SEQUENCE).first() else {
        return code(item, tags::NUMERIC_VALUE_QUALIFIER_CODE_SEQUENCE)
            .unwrap_or_else(|| "no value".to_owned());
    };
    let value = measured.first_text(tags::NUMERIC_VALUE).unwrap_or_default();
    let unit = measured
        .items(tags::MEASUREMENT_UNITS_CODE_SEQUENCE)
        .first()
        .and_then(|unit| {
            // UCUM's symbol is shorter than its name; 1 and {…} are none.
            let symbol = unit.first_text(tags::CODE_VALUE)?;
            (symbol != "1" && !symbol.starts_with('{')).then_some(symbol)
        });
    match unit {
        Some(unit) => format!("{value} {unit}"),
        None => value,
    }
}

fn coordinates(item: &DataSet) -> String {
    let kind = [tags::GRAPHIC_TYPE, tags::TEMPORAL_RANGE_TYPE]
        .into_iter()
        .find_map(|tag| item.first_text(tag))
        .unwrap_or_default();
    let points = item.floats(tags::GRAPHIC_DATA).len();
    let count = if points > 0 {
        format!(" of {points} numbers")
    } else {
        String::new()
    };
    format!("{}{count}", kind.to_lowercase())
}

fn person(item: &DataSet, tag: Tag) -> Option<String> {
    let text = item.text(tag)?;
    let name = PersonName::tolerant(&text);
    let groups: Vec<String> = name
        .groups()
        .into_iter()
        .filter(|group| !group.is_empty())
        .map(|group| {
            let parts = [&group.prefix, &group.given, &group.middle, &group.family];
            let words: Vec<&str> = parts
                .into_iter()
                .map(String::as_str)
                .filter(|part| !part.is_empty())
                .collect();
            words.join(" ")
        })
        .collect();
    (!groups.is_empty()).then(|| groups.join(" / "))
}

pub(super) fn date(item: &DataSet, tag: Tag) -> Option<String> {
    let text = item.first_text(tag)?;
    Some(Date::parse(&text).map_or(text, Date::to_iso))
}

fn time(item: &DataSet, tag: Tag) -> Option<String> {
    let text = item.first_text(tag)?;
    Some(match Time::parse(&text) {
        Ok(time) => format!("{:02}:{:02}", time.hour(), time.minute().unwrap_or(0)),
        Err(_) => text,
    })
}

fn date_time(text: &str) -> String {
    let date = text.get(..8).and_then(|text| Date::parse(text).ok());
    let time = text.get(8..12).and_then(|text| Time::parse(text).ok());
    match (date, time) {
        (Some(date), Some(time)) => format!(
            "{} {:02}:{:02}",
            date.to_iso(),
            time.hour(),
            time.minute().unwrap_or(0)
        ),
        (Some(date), None) => date.to_iso(),
        _ => text.to_owned(),
    }
}

/// Text that is no markup.
pub(super) fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['<', '>', '&', '"', '\'']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coded(meaning: &str) -> Vec<DataSet> {
        let mut code = DataSet::new();
        code.put_text(tags::CODE_VALUE, "mm");
        code.put_text(tags::CODE_MEANING, meaning);
        vec![code]
    }

    fn item(kind: &str, name: &str) -> DataSet {
        let mut item = DataSet::new();
        item.put_text(tags::VALUE_TYPE, kind);
        item.put_items(tags::CONCEPT_NAME_CODE_SEQUENCE, coded(name));
        item
    }

    #[test]
    fn a_report_is_a_page_of_its_content() {
        let mut measured = DataSet::new();
        measured.put_text(tags::NUMERIC_VALUE, "12.5");
        measured.put_items(tags::MEASUREMENT_UNITS_CODE_SEQUENCE, coded("millimeter"));
        let mut length = item("NUM", "Length");
        length.put_items(tags::MEASURED_VALUE_SEQUENCE, vec![measured]);
        let mut finding = item("TEXT", "Finding");
        finding.put_text(tags::TEXT_VALUE, "<script>alert(1)</script>");
        let mut group = item("CONTAINER", "Findings");
        group.put_items(tags::CONTENT_SEQUENCE, vec![finding, length]);
        let mut by_reference = DataSet::new();
        by_reference.put_text(tags::RELATIONSHIP_TYPE, "INFERRED FROM");
        by_reference.put_u32(tags::REFERENCED_CONTENT_ITEM_IDENTIFIER, &[1, 1, 2]);
        let mut report = item("CONTAINER", "CT Report");
        report.put_text(tags::PATIENT_NAME, "Doe^Jane");
        report.put_items(tags::CONTENT_SEQUENCE, vec![group, by_reference]);
        let html = report_html(&report);
        assert!(html.contains("<h1>CT Report</h1>"));
        assert!(html.contains("<dd>Jane Doe</dd>"));
        assert!(html.contains("<h2>Findings</h2>"));
        assert!(html.contains("Length:</span> 12.5 mm</p>"));
        assert!(html.contains("&lt;script&gt;") && !html.contains("<script>"));
        assert!(html.contains("id=\"i1-1-2\"") && html.contains("href=\"#i1-1-2\""));
    }

    #[test]
    fn a_number_without_value_says_why() {
        let mut length = item("NUM", "Length");
        length.put_items(
            tags::NUMERIC_VALUE_QUALIFIER_CODE_SEQUENCE,
            coded("Not measured"),
        );
        assert_eq!(number(&length), "Not measured");
    }
}
