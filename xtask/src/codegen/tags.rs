//! Constants of tags, named after keywords.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::{Result, bail};

use super::elements;
use super::names;
use super::rows::Rows;

/// `tags.rs`.
pub fn generate(rows: &[Rows]) -> Result<String> {
    let elements = elements::read(&rows[0])?;
    let mut text = String::from("//! Tags by keyword (PS3.6 Table 6-1).\n\nuse crate::Tag;\n\n");
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for e in elements.iter().filter(|e| !e.keyword.is_empty()) {
        let constant = names::constant(e.keyword, e.name);
        if let Some(other) = seen.insert(constant.clone(), e.keyword) {
            bail!("{other} and {} are both {constant}", e.keyword);
        }
        let (group, number) = (e.tag >> 16, e.tag & 0xFFFF);
        let retired = if e.retired { " (retired)" } else { "" };
        let name = e.name.replace('[', "\\[").replace(']', "\\]");
        writeln!(text, "/// {name}{retired}")?;
        writeln!(
            text,
            "pub const {constant}: Tag = Tag(0x{group:04X}, 0x{number:04X});"
        )?;
    }
    Ok(text)
}
