//! The private data dictionary: creator, element within the block, VR, name.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::{Context, Result};

use super::elements;
use super::rows::Rows;

/// VR and name by group and element.
type Block<'a> = BTreeMap<(u16, u8), (&'static str, &'a str)>;

/// `private_elements.rs`.
pub fn generate(rows: &[Rows]) -> Result<String> {
    let mut creators: BTreeMap<&str, Block> = BTreeMap::new();
    for row in rows[0].iter() {
        let tag = row.get("tag")?;
        let (group, element) = tag
            .trim_matches(['(', ')'])
            .split_once(",xx")
            .with_context(|| format!("{tag} is not a private tag"))?;
        let key = (
            u16::from_str_radix(group, 16)?,
            u8::from_str_radix(element, 16)?,
        );
        // An even group belongs to the standard, whatever a vendor once put there.
        if key.0 % 2 == 1 {
            let value = (elements::vr(row.get("vr")?)?, row.get("name")?);
            creators
                .entry(row.get("creator")?.trim())
                .or_default()
                .entry(key)
                .or_insert(value);
        }
    }
    let mut text = String::from(
        "//! The private data dictionary.\n\nuse crate::Vr::*;\nuse crate::dictionary::PrivateBlock;\n\n",
    );
    writeln!(
        text,
        "/// Creators in order of bytes, each with its rows by group and element."
    )?;
    writeln!(
        text,
        "pub(crate) static PRIVATE: [(&str, PrivateBlock); {}] = [",
        creators.len()
    )?;
    for (creator, elements) in creators {
        writeln!(text, "    ({creator:?}, &[")?;
        for ((group, element), (vr, name)) in elements {
            writeln!(
                text,
                "        (0x{group:04X}, 0x{element:02X}, {vr}, {name:?}),"
            )?;
        }
        writeln!(text, "    ]),")?;
    }
    text.push_str("];\n");
    Ok(text)
}
