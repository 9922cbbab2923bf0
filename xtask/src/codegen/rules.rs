//! The rules of validation (PS3.3): conditions, value sets, modules and IODs, with names resolved to tags
//! and numbers so that the crate reads them at once.

use std::collections::HashMap;
use std::fmt::Write;

use anyhow::{Context, Result, bail, ensure};

use super::elements;
use super::rows::{Row, Rows};

/// Names and their numbers.
struct Names<'a> {
    tags: HashMap<&'a str, u32>,
    conditions: HashMap<&'a str, usize>,
    sets: HashMap<&'a str, usize>,
    modules: HashMap<&'a str, usize>,
}

/// `rules.rs`, from `rules_conditions.tsv`, `rules_value_sets.tsv`, `rules_modules.tsv`, `rules_iods.tsv`,
/// `rules_modules_clauses.tsv` and `data_elements.tsv`.
pub fn generate(rows: &[Rows]) -> Result<String> {
    let elements = elements::read(&rows[5])?;
    let names = Names {
        tags: elements.iter().map(|e| (e.keyword, e.tag)).collect(),
        conditions: numbered(&rows[0], "condition")?,
        sets: numbered(&rows[1], "set")?,
        modules: numbered(&rows[2], "module")?,
    };
    let mut text = String::from("//! The rules of validation (PS3.3).\n");
    conditions(&mut text, &rows[0], &names)?;
    value_sets(&mut text, &rows[1])?;
    modules(&mut text, &rows[2], &rows[4], &names)?;
    iods(&mut text, &rows[3], &names)?;
    Ok(text)
}

fn numbered<'a>(rows: &'a Rows, column: &str) -> Result<HashMap<&'a str, usize>> {
    let mut numbers = HashMap::new();
    for row in rows.iter() {
        let next = numbers.len();
        numbers.entry(row.get(column)?).or_insert(next);
    }
    Ok(numbers)
}

fn table(text: &mut String, doc: &str, name: &str, kind: &str, lines: &[String]) -> Result<()> {
    writeln!(
        text,
        "\n/// {doc}\npub static {name}: [{kind}; {}] = [",
        lines.len()
    )?;
    for line in lines {
        writeln!(text, "    {line},")?;
    }
    text.push_str("];\n");
    Ok(())
}

fn find<T: Copy>(map: &HashMap<&str, T>, name: &str) -> Result<T> {
    map.get(name)
        .copied()
        .with_context(|| format!("{name} is not known"))
}

fn conditions(text: &mut String, rows: &Rows, names: &Names) -> Result<()> {
    let mut lines = Vec::new();
    for row in rows.iter() {
        let name = row.get("condition")?;
        let terms: Result<Vec<String>> = row
            .get("expression")?
            .split("; ")
            .map(|t| term(t, names))
            .collect();
        let terms = terms.with_context(|| format!("in condition {name}"))?;
        lines.push(format!("({name:?}, {:?})", terms.join(";")));
    }
    let doc = "Conditions: terms of `&` or `|`, `!`, test, tag, `,` number of the value (`*` any), `:` argument; or `(` and `)`.";
    table(text, doc, "CONDITIONS", "(&str, &str)", &lines)
}

fn term(printed: &str, names: &Names) -> Result<String> {
    let mut rest = printed;
    let mut out = String::new();
    for (word, sign) in [("and ", "&"), ("or ", "|"), ("not ", "!")] {
        if let Some(after) = rest.strip_prefix(word) {
            out.push_str(sign);
            rest = after;
        }
    }
    if rest == "(" || rest == ")" {
        out.push_str(rest);
        return Ok(out);
    }
    let mut words = rest.splitn(3, ' ');
    let test = words.next().context("no test")?;
    let element = words.next().context("no element")?;
    let argument = words.next().unwrap_or("");
    let (keyword, value) = match element.split_once('[') {
        Some((keyword, value)) => (keyword, value.trim_end_matches(']')),
        None => (element, ""),
    };
    let argument = if test.contains("PathFromRoot") || test.ends_with("Within") {
        format!("{:08X}", find(&names.tags, argument)?)
    } else {
        argument.to_owned()
    };
    ensure!(!argument.contains(';'), "a semicolon in {argument}");
    let tag = find(&names.tags, keyword)?;
    write!(out, "{test} {tag:08X},{value}:{argument}")?;
    Ok(out)
}

fn value_sets(text: &mut String, rows: &Rows) -> Result<()> {
    let mut lines = Vec::new();
    for row in rows.iter() {
        let letter = match row.get("kind")? {
            "string" => 's',
            "binary" => 'b',
            "tag" => 't',
            other => bail!("a set of kind {other:?}"),
        };
        lines.push(format!("{:?}", format!("{letter}{}", row.get("values")?)));
    }
    let doc = "Sets of values: `s` text, `b` numbers or `t` tags, then the values between `|`.";
    table(text, doc, "VALUE_SETS", "&str", &lines)
}

fn modules(text: &mut String, rows: &Rows, clauses: &Rows, names: &Names) -> Result<()> {
    let mut found: HashMap<&str, &str> = HashMap::new();
    for row in clauses.iter() {
        found.insert(row.get("module")?, row.get("clause")?);
    }
    let mut ordered: Vec<&str> = vec![""; names.modules.len()];
    let mut lists = vec![String::new(); names.modules.len()];
    for row in rows.iter() {
        let module = row.get("module")?;
        let at = find(&names.modules, module)?;
        ordered[at] = module;
        let item = item(row, names).with_context(|| format!("in module {module}"))?;
        let list = &mut lists[at];
        if !list.is_empty() {
            list.push(';');
        }
        list.push_str(&item);
    }
    let lines: Vec<String> = ordered
        .iter()
        .zip(&lists)
        .map(|(name, list)| {
            let clause = found.get(name).copied().unwrap_or("PS3.3");
            format!("({name:?}, {clause:?}, {list:?})")
        })
        .collect();
    let doc = "Modules and macros, their clauses and rules: depth, role (e element, s sequence, m macro, v verify), tag or macro, then by their first letter \
               type, condition, values (e enumerated, t terms), multiplicity, number of the value, not zero, report, flags.";
    table(text, doc, "MODULES", "(&str, &str, &str)", &lines)
}

fn item(row: Row, names: &Names) -> Result<String> {
    let (role, name) = (row.get("role")?, row.get("name")?);
    let letter = match role {
        "element" => 'e',
        "sequence" => 's',
        "macro" => 'm',
        "verify" => 'v',
        other => bail!("role {other:?}"),
    };
    let mut out = format!("{}{letter}", row.get("depth")?);
    match letter {
        'm' => write!(out, "{}", find(&names.modules, name)?)?,
        _ => write!(out, "{:08X}", find(&names.tags, name)?)?,
    }
    let kind = row.get("type")?;
    if !kind.is_empty() {
        ensure!(
            ["1", "1C", "2", "2C", "3", "3C"].contains(&kind),
            "type {kind:?}"
        );
        write!(out, " t{kind}")?;
    }
    match row.get("condition")? {
        "" => {}
        "Always" => out.push_str(" cA"),
        "Never" => out.push_str(" cN"),
        condition => write!(out, " c{}", find(&names.conditions, condition)?)?,
    }
    if let Some((kind, set)) = row.get("values")?.split_once(':') {
        let kind = if kind == "enum" { 'e' } else { 't' };
        write!(out, " v{kind}{}", find(&names.sets, set)?)?;
    }
    let multiplicity = row.get("vm")?;
    if !multiplicity.is_empty() {
        write!(out, " m{multiplicity}")?;
    }
    for flag in row.get("flags")?.split_whitespace() {
        match flag.split_once('=') {
            Some(("value", number)) => write!(out, " s{number}")?,
            Some(("notzero", level)) => write!(out, " z{}", initial(level))?,
            Some(("else", class)) => write!(out, " rl{}", initial(class))?,
            Some((level, class)) => write!(out, " r{}{}", initial(level), initial(class))?,
            None => write!(out, " f{}", initial(flag))?,
        }
    }
    Ok(out)
}

fn initial(word: &str) -> &str {
    word.get(..1).unwrap_or("")
}

fn iods(text: &mut String, rows: &Rows, names: &Names) -> Result<()> {
    let mut order: Vec<&str> = Vec::new();
    let mut found: HashMap<&str, (usize, Vec<String>)> = HashMap::new();
    for row in rows.iter() {
        let iod = row.get("iod")?;
        let when = find(&names.conditions, row.get("when")?)?;
        // A module without a rule has nothing to check.
        let Ok(module) = find(&names.modules, row.get("module")?) else {
            continue;
        };
        let condition = match row.get("condition")? {
            "" => String::new(),
            condition => format!("c{}", find(&names.conditions, condition)?),
        };
        let entry = found.entry(iod).or_insert_with(|| {
            order.push(iod);
            (when, Vec::new())
        });
        entry
            .1
            .push(format!("{module}{}{condition}", row.get("usage")?));
    }
    let mut lines = Vec::new();
    for iod in order {
        let (when, modules) = &found[iod];
        lines.push(format!("({iod:?}, {when}, {:?})", modules.join(" ")));
    }
    let doc =
        "IODs, the condition under which an instance is one, and modules with usage and condition.";
    table(text, doc, "IODS", "(&str, usize, &str)", &lines)
}
