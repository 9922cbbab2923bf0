//! Transfer syntaxes (PS3.5 Annex A).

use std::fmt::Write;

use anyhow::{Result, bail};

use super::names;
use super::rows::Rows;

/// `transfer_syntax.rs`.
pub fn generate(rows: &[Rows]) -> Result<String> {
    let mut text = String::from(
        "//! Transfer syntaxes (PS3.5 Annex A, PS3.6 Table A-1).\n\nuse crate::transfer_syntax::{Compression, TransferSyntax};\n\n",
    );
    let mut all = Vec::new();
    for row in rows[0].iter() {
        let (uid, keyword, name) = (row.get("uid")?, row.get("keyword")?, row.get("name")?);
        let (constant, retired) = (names::constant(keyword, name), row.flag("retired")?);
        let shown = name.replace('[', "\\[").replace(']', "\\]");
        let note = if retired { " (retired)" } else { "" };
        writeln!(
            text,
            "/// {shown}{note}\npub const {constant}: &str = {uid:?};"
        )?;
        let (explicit, big_endian) = (row.get("vr")? == "explicit", row.get("endian")? == "big");
        let (encapsulated, deflated) = (row.flag("encapsulated")?, row.flag("deflated_dataset")?);
        let compression = compression(row.get("compression")?)?;
        let lossy = !matches!(compression, "None" | "Lossless");
        all.push((uid, format!(
            "    TransferSyntax {{ uid: {constant}, keyword: {keyword:?}, name: {name:?}, explicit: {explicit}, big_endian: {big_endian}, \
             encapsulated: {encapsulated}, deflated: {deflated}, compression: Compression::{compression}, lossy: {lossy}, retired: {retired} }},\n"
        )));
    }
    all.sort();
    text.push_str("\n/// Every transfer syntax, in order of bytes of the UID.\npub static ALL: &[TransferSyntax] = &[\n");
    text.extend(all.into_iter().map(|(_, line)| line));
    text.push_str("];\n");
    Ok(text)
}

fn compression(printed: &str) -> Result<&'static str> {
    Ok(match printed {
        "" => "None",
        "lossless" | "lossless (RPCL)" => "Lossless",
        "lossy" | "near-lossless" | "lossy (JPEG recompression)" => "Lossy",
        "lossy-or-lossless" => "LossyOrLossless",
        "video (lossy)" => "Video",
        other => bail!("compression {other:?}"),
    })
}
