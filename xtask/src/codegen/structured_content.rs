//! Content items under the Clean Structured Content option: PS3.15 Table E.3.4-1.

use std::fmt::Write;

use anyhow::{Context, Result, bail};

use super::rows::{Row, Rows};

/// The columns of options, in the order in which one counts before the others.
const OPTIONS: [&str; 7] = [
    "retain_uids",
    "retain_device_identity",
    "retain_institution_identity",
    "retain_patient_characteristics",
    "retain_longitudinal_full_dates",
    "retain_longitudinal_modified_dates",
    "clean_descriptors",
];

/// `clean_structured_content.rs`.
pub fn generate(rows: &[Rows]) -> Result<String> {
    let mut table = rows[0]
        .iter()
        .map(|row| {
            Ok((
                row.get("code")?,
                row.get("scheme")?,
                row.get("value_type")?,
                row,
            ))
        })
        .collect::<Result<Vec<_>>>()?;
    table.sort_by_key(|(code, scheme, value_type, _)| (*code, *scheme, *value_type));
    let mut text = String::from(
        "//! PS3.15 Table E.3.4-1.\n\nuse crate::Action::{One, RemoveOrDummy};\nuse crate::Primitive::*;\nuse crate::ProfileOption::*;\nuse crate::structured::table::Row;\n\n",
    );
    writeln!(text, "/// Ascending by code, scheme and value type.")?;
    writeln!(text, "pub(crate) static ROWS: [Row; {}] = [", table.len())?;
    for (code, scheme, value_type, row) in table {
        writeln!(
            text,
            "    Row {{ code: {code:?}, scheme: {scheme:?}, value_type: {value_type:?}, basic: {}, options: &[{}] }},",
            action(row.get("basic")?)?,
            options(row)?
        )?;
    }
    text.push_str("];\n");
    Ok(text)
}

fn options(row: Row<'_>) -> Result<String> {
    let mut list = Vec::new();
    for column in OPTIONS {
        let cell = row.get(column)?;
        if cell.is_empty() {
            continue;
        }
        let name = match column {
            "retain_uids" => "Uids",
            "retain_device_identity" => "DeviceIdentity",
            "retain_institution_identity" => "InstitutionIdentity",
            "retain_patient_characteristics" => "PatientCharacteristics",
            "retain_longitudinal_full_dates" => "FullDates",
            "retain_longitudinal_modified_dates" => "ModifiedDates",
            _ => "CleanDescriptors",
        };
        let action = action(cell).with_context(|| format!("column {column}"))?;
        list.push(format!("({name}, {action})"));
    }
    Ok(list.join(", "))
}

fn action(printed: &str) -> Result<&'static str> {
    Ok(match printed {
        "X" => "One(Remove)",
        "D" => "One(Dummy)",
        "K" => "One(Keep)",
        "C" => "One(Clean)",
        "X/D" => "RemoveOrDummy",
        other => bail!("action {other:?}"),
    })
}
