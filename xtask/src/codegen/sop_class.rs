//! SOP classes and well-known SOP instances (PS3.6 Table A-1), and the storage classes' IODs (PS3.4 Table B.5-1).

use std::collections::BTreeSet;
use std::fmt::Write;

use anyhow::{Result, ensure};

use super::names;
use super::rows::Rows;

/// `sop_class.rs`.
pub fn generate(rows: &[Rows]) -> Result<String> {
    let mut text = String::from(
        "//! SOP classes and well-known SOP instances (PS3.6 Table A-1).\n\nuse crate::sop_class::StorageSopClass;\n\n",
    );
    let mut seen = BTreeSet::new();
    for row in rows[0].iter() {
        let (uid, keyword, name) = (row.get("uid")?, row.get("keyword")?, row.get("name")?);
        let suffix = match row.get("type")? {
            "SOP Class" => " SOP Class",
            "Meta SOP Class" => " Meta SOP Class",
            "Well-known SOP Instance" => " SOP Instance",
            _ => continue,
        };
        if keyword.is_empty() {
            continue;
        }
        // A keyword may stand for a SOP class and for a Meta SOP class.
        let short = name.strip_suffix(suffix).unwrap_or(name);
        let mut constant = [
            name.to_owned(),
            short.to_owned(),
            format!("{short} Instance"),
            format!("{short} Meta"),
        ]
        .iter()
        .find(|candidate| {
            candidate
                .replace(|c: char| !c.is_ascii_alphanumeric(), "")
                .eq_ignore_ascii_case(keyword)
        })
        .map_or_else(
            || names::constant(keyword, name),
            |matching| names::constant(keyword, matching),
        );
        if seen.contains(&constant) {
            constant.push_str("_META");
        }
        ensure!(seen.insert(constant.clone()), "{constant} occurs twice");
        let retired = if row.flag("retired")? {
            " (retired)"
        } else {
            ""
        };
        writeln!(
            text,
            "/// {name}{retired}\npub const {constant}: &str = {uid:?};"
        )?;
    }
    let mut storage = Vec::new();
    for row in rows[1].iter() {
        let (uid, name, iod) = (row.get("uid")?, row.get("name")?, row.get("iod")?);
        storage.push((
            uid,
            format!("    StorageSopClass {{ uid: {uid:?}, name: {name:?}, iod: {iod:?} }},\n"),
        ));
    }
    storage.sort();
    text.push_str("\n/// Every storage SOP class, in order of bytes of the UID.\npub static STORAGE: &[StorageSopClass] = &[\n");
    text.extend(storage.into_iter().map(|(_, line)| line));
    text.push_str("];\n");
    Ok(text)
}
