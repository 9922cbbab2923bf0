//! Types of attributes by IOD (PS3.3 Annex A and C): lists of attributes, and which of them make an IOD.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

use anyhow::{Context, Result, bail};

use super::elements;
use super::rows::Rows;

/// `attribute_types.rs`, from `module_attributes.tsv`, `iod_modules.tsv` and `data_elements.tsv`.
pub fn generate(rows: &[Rows]) -> Result<String> {
    let elements = elements::read(&rows[2])?;
    let tags: HashMap<&str, u32> = elements.iter().map(|e| (e.keyword, e.tag)).collect();
    let mut ids: HashMap<&str, usize> = HashMap::new();
    for row in rows[0].iter() {
        let next = ids.len();
        ids.entry(row.get("module")?).or_insert(next);
    }
    let mut lists = vec![String::new(); ids.len()];
    for row in rows[0].iter() {
        let (keyword, include) = (row.get("keyword")?, row.get("include")?);
        let tag = tags
            .get(keyword)
            .with_context(|| format!("{keyword} is no element"))?;
        let list = &mut lists[ids[row.get("module")?]];
        let letter = letter(row.get("type")?)?;
        write!(list, "{}{letter}{tag:08X}", row.get("depth")?)?;
        if !include.is_empty() {
            let id = ids
                .get(include)
                .with_context(|| format!("nothing is called {include}"))?;
            write!(list, "@{id}")?;
        }
        list.push(' ');
    }
    let mut iods: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for row in rows[1].iter() {
        // The modules of a few IODs that are newer than the table of attributes have no rows.
        let id = ids.get(row.get("module")?).map(usize::to_string);
        iods.entry(row.get("iod")?).or_default().extend(id);
    }
    let mut text = String::from("//! Types of attributes by IOD (PS3.3 Annex A and C).\n\n");
    writeln!(
        text,
        "/// Attributes of modules, macros and groups: depth, type (a 1, b 1C, c 2, d 2C, e 3), tag, `@` list of the items.\n\
         pub static LISTS: [&str; {}] = [",
        lists.len()
    )?;
    for list in &lists {
        writeln!(text, "    {:?},", list.trim_end())?;
    }
    writeln!(
        text,
        "];\n\n/// IODs in order of bytes, and the lists of their modules.\npub static IODS: [(&str, &str); {}] = [",
        iods.len()
    )?;
    for (iod, modules) in iods {
        writeln!(text, "    ({iod:?}, {:?}),", modules.join(" "))?;
    }
    text.push_str("];\n");
    Ok(text)
}

fn letter(kind: &str) -> Result<char> {
    Ok(match kind {
        "1" => 'a',
        "1C" => 'b',
        "2" => 'c',
        "2C" => 'd',
        "3" | "" => 'e',
        other => bail!("type {other:?}"),
    })
}
