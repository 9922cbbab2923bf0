//! The data dictionary (PS3.6 Table 6-1): rows by tag, rows of repeating groups, keywords.

use std::collections::HashSet;
use std::fmt::Write;

use anyhow::{Context, Result, ensure};

use super::rows::{Row, Rows};

/// A row of the table.
pub struct Element<'a> {
    pub tag: u32,
    /// Bits of the tag that are fixed; all of them unless the group repeats.
    pub mask: u32,
    pub keyword: &'a str,
    pub name: &'a str,
    pub vr: &'static str,
    pub vm: &'a str,
    pub retired: bool,
}

/// Reads the rows; the tag of a repeating one is its lowest that is no element of its own.
pub fn read(rows: &Rows) -> Result<Vec<Element<'_>>> {
    let mut elements = rows.iter().map(element).collect::<Result<Vec<_>>>()?;
    let single: HashSet<u32> = elements
        .iter()
        .filter(|e| e.mask == u32::MAX)
        .map(|e| e.tag)
        .collect();
    for element in elements.iter_mut().filter(|e| e.mask != u32::MAX) {
        let step = 1 << (!element.mask).trailing_zeros();
        while single.contains(&element.tag) || element.tag & 0xFFFF == 0 {
            element.tag += step;
        }
    }
    elements.sort_by_key(|e| (e.tag, e.mask));
    Ok(elements)
}

fn element<'a>(row: Row<'a>) -> Result<Element<'a>> {
    let printed = row.get("tag")?;
    let digits: String = printed.chars().filter(|c| !"(),".contains(*c)).collect();
    ensure!(digits.len() == 8, "{printed} is not a tag");
    let hex = |text: String| u32::from_str_radix(&text, 16).with_context(|| printed.to_owned());
    Ok(Element {
        tag: hex(digits.replace('x', "0"))?,
        mask: hex(digits
            .chars()
            .map(|c| if c == 'x' { '0' } else { 'F' })
            .collect())?,
        keyword: row.get("keyword")?,
        name: row.get("name")?,
        vr: vr(row.get("vr")?)?,
        vm: row.get("vm")?,
        retired: row.flag("retired")?,
    })
}

/// One VR where the standard leaves a choice: `OW` if it is among them, which is right in
/// Implicit VR (PS3.5 §A.1) and holds any length, `US` for "US or SS"; `UN` for items and delimiters.
pub fn vr(printed: &str) -> Result<&'static str> {
    Ok(match printed {
        "US or SS" => "US",
        "OB or OW" | "US or OW" | "US or SS or OW" | "OB_OW" | "OW/OB" => "OW",
        "NONE" => "UN",
        other => VRS
            .iter()
            .find(|vr| **vr == other)
            .with_context(|| format!("VR {other:?}"))?,
    })
}

const VRS: &[&str] = &[
    "AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "OB", "OD", "OF", "OL",
    "OV", "OW", "PN", "SH", "SL", "SQ", "SS", "ST", "SV", "TM", "UC", "UI", "UL", "UN", "UR", "US",
    "UT", "UV",
];

/// `elements.rs`.
pub fn generate(rows: &[Rows]) -> Result<String> {
    let elements = read(&rows[0])?;
    let (single, repeating): (Vec<_>, Vec<_>) = elements.iter().partition(|e| e.mask == u32::MAX);
    let mut text = String::from(
        "//! The data dictionary (PS3.6 Table 6-1).\n\nuse crate::Vr::*;\nuse crate::dictionary::{Entry, Repeating, row as e};\n",
    );
    writeln!(
        text,
        "\n/// Ascending by tag.\npub(crate) static ENTRIES: [Entry; {}] = [",
        single.len()
    )?;
    for element in &single {
        writeln!(text, "    {},", literal(element))?;
    }
    writeln!(
        text,
        "];\n\n/// Rows of repeating groups.\npub(crate) static REPEATING: [Repeating; {}] = [",
        repeating.len()
    )?;
    for element in &repeating {
        writeln!(
            text,
            "    Repeating {{ mask: 0x{:08X}, entry: {} }},",
            element.mask,
            literal(element)
        )?;
    }
    let mut keywords: Vec<_> = elements.iter().filter(|e| !e.keyword.is_empty()).collect();
    keywords.sort_by_key(|e| e.keyword);
    writeln!(
        text,
        "];\n\n/// Keywords in order of bytes, and their tags.\npub(crate) static KEYWORDS: [(&str, u32); {}] = [",
        keywords.len()
    )?;
    for element in keywords {
        writeln!(text, "    ({:?}, 0x{:08X}),", element.keyword, element.tag)?;
    }
    text.push_str("];\n");
    Ok(text)
}

fn literal(e: &Element) -> String {
    let Element {
        tag,
        keyword,
        name,
        vr,
        vm,
        retired,
        ..
    } = e;
    format!("e(0x{tag:08X}, {keyword:?}, {name:?}, {vr}, {vm:?}, {retired})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_of_vrs_is_resolved_to_one() {
        assert_eq!(vr("US or SS").ok(), Some("US"));
        assert_eq!(vr("OB or OW").ok(), Some("OW"));
        assert_eq!(vr("LO").ok(), Some("LO"));
        assert!(vr("XX").is_err());
    }
}
