//! Safe private attributes: PS3.15 Table E.3.10-1.

use std::collections::BTreeSet;
use std::fmt::Write;

use anyhow::{Context, Result};

use super::elements;
use super::rows::Rows;

/// `safe_private.rs`.
pub fn generate(rows: &[Rows]) -> Result<String> {
    let mut table = BTreeSet::new();
    for row in rows[0].iter() {
        let tag = row.get("tag")?;
        let (group, element) = tag
            .trim_matches(['(', ')'])
            .split_once(",xx")
            .with_context(|| format!("{tag} is not a private tag"))?;
        let vr = match row.get("vr")? {
            "" => "None".to_owned(),
            // Of several, the first is what is written with little endian words or bytes alike.
            vrs => {
                let first = vrs.split('/').next().unwrap_or(vrs);
                format!("Some({})", elements::vr(first)?)
            }
        };
        table.insert((
            row.get("creator")?.trim(),
            u16::from_str_radix(group, 16)?,
            u8::from_str_radix(element, 16)?,
            vr,
        ));
    }
    let mut text = String::from(
        "//! PS3.15 Table E.3.10-1.\n\nuse sagittal_core::Vr::*;\n\nuse crate::table::SafePrivate;\n\n",
    );
    writeln!(text, "/// By creator, group and element within the block.")?;
    writeln!(
        text,
        "pub(crate) static SAFE_PRIVATE: [SafePrivate; {}] = [",
        table.len()
    )?;
    for (creator, group, element, vr) in table {
        writeln!(
            text,
            "    SafePrivate {{ creator: {creator:?}, group: 0x{group:04X}, element: 0x{element:02X}, vr: {vr} }},"
        )?;
    }
    text.push_str("];\n");
    Ok(text)
}
