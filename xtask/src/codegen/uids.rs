//! The UID dictionary (PS3.6 Annex A).

use std::fmt::Write;

use anyhow::{Result, bail};

use super::rows::Rows;

/// `uids.rs`.
pub fn generate(rows: &[Rows]) -> Result<String> {
    let mut lines = Vec::new();
    for row in rows[0].iter() {
        let (uid, keyword, name) = (row.get("uid")?, row.get("keyword")?, row.get("name")?);
        // Reserved by Table A-1 and never named.
        if name.is_empty() {
            continue;
        }
        let (kind, retired) = (kind(row.get("type")?)?, row.flag("retired")?);
        lines.push((
            uid,
            format!("    u({uid:?}, {keyword:?}, {name:?}, {kind}, {retired}),\n"),
        ));
    }
    lines.sort();
    let mut text = String::from(
        "//! The UID dictionary (PS3.6 Annex A).\n\nuse crate::dictionary::UidKind::*;\nuse crate::dictionary::{UidEntry, uid_row as u};\n\n",
    );
    writeln!(
        text,
        "/// In order of bytes.\npub(crate) static UIDS: [UidEntry; {}] = [",
        lines.len()
    )?;
    text.extend(lines.into_iter().map(|(_, line)| line));
    text.push_str("];\n");
    Ok(text)
}

fn kind(printed: &str) -> Result<&'static str> {
    Ok(match printed {
        "SOP Class" => "SopClass",
        "Meta SOP Class" => "MetaSopClass",
        "Transfer Syntax" => "TransferSyntax",
        "Well-known SOP Instance" => "SopInstance",
        "Well-known frame of reference" | "Synchronization Frame of Reference" => {
            "FrameOfReference"
        }
        "Coding Scheme" | "DICOM UIDs as a Coding Scheme" => "CodingScheme",
        "Application Context Name" => "ApplicationContextName",
        "Application Hosting Model" | "Mapping Resource" | "Service Class" | "LDAP OID" => "Other",
        other => bail!("a UID of type {other:?}"),
    })
}
