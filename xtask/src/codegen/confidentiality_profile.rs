//! The confidentiality profile: PS3.15 Table E.1-1.

use std::fmt::Write;

use anyhow::{Context, Result, bail};

use super::rows::{Row, Rows};

/// The options of Table E.1-1 that change an attribute's action, in the order of its columns.
const OPTIONS: [&str; 10] = [
    "retain_safe_private",
    "retain_uids",
    "retain_device_identity",
    "retain_institution_identity",
    "retain_patient_characteristics",
    "retain_longitudinal_full_dates",
    "retain_longitudinal_modified_dates",
    "clean_descriptors",
    "clean_structured_content",
    "clean_graphics",
];

/// `confidentiality_profile.rs`.
pub fn generate(rows: &[Rows]) -> Result<String> {
    let mut table = rows[0]
        .iter()
        .map(|row| Ok((key(row.get("tag")?)?, row)))
        .collect::<Result<Vec<_>>>()?;
    table.sort_by_key(|(key, _)| *key);
    let mut text = String::from(
        "//! PS3.15 Table E.1-1.\n\nuse crate::Action::*;\nuse crate::Primitive::*;\nuse crate::table::{Row, row};\n\n",
    );
    writeln!(text, "/// Ascending; of repeating groups the lowest tag.")?;
    writeln!(text, "pub(crate) static ROWS: [Row; {}] = [", table.len())?;
    for (key, row) in table {
        writeln!(
            text,
            "    row(0x{key:08X}, {:?}, {}, &[{}]),",
            row.get("tag")?,
            action(row.get("basic")?)?,
            options(row)?
        )?;
    }
    text.push_str("];\n");
    Ok(text)
}

/// The tag as a number: `xx` of a repeating group is 00; the row of all private elements comes last.
fn key(tag: &str) -> Result<u32> {
    if tag == "PRIVATE" {
        return Ok(u32::MAX);
    }
    let digits: String = tag.chars().filter(|c| !"(),".contains(*c)).collect();
    u32::from_str_radix(&digits.replace('x', "0"), 16)
        .with_context(|| format!("{tag} is not a tag"))
}

fn options(row: Row<'_>) -> Result<String> {
    let mut cells = Vec::new();
    for (at, option) in OPTIONS.iter().enumerate() {
        let cell = row.get(option)?;
        if !cell.is_empty() {
            cells.push(format!("({at}, {})", primitive(cell)?));
        }
    }
    Ok(cells.join(", "))
}

fn action(text: &str) -> Result<String> {
    Ok(match text {
        "Z/D" => "ZeroOrDummy".to_owned(),
        "X/Z" => "RemoveOrZero".to_owned(),
        "X/D" => "RemoveOrDummy".to_owned(),
        "X/Z/D" => "RemoveZeroOrDummy".to_owned(),
        "X/Z/U*" => "RemoveZeroOrUid".to_owned(),
        other => format!("One({})", primitive(other)?),
    })
}

fn primitive(text: &str) -> Result<&'static str> {
    Ok(match text {
        "D" => "Dummy",
        "Z" => "Zero",
        "X" => "Remove",
        "K" => "Keep",
        "C" => "Clean",
        "U" => "Uid",
        other => bail!("{other:?} is no action"),
    })
}
