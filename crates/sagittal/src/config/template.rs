//! The commented file that `sagittal config init` writes, and what `sagittal config show` prints.

use super::layers::{Held, Layers};
use super::problem::{Place, Source};
use super::schema::{SECTIONS, variable};
use super::setting::{Kind, Section, show_duration, show_size};
use super::value::Value;

const HEADER: &str = "\
# Configuration of Sagittal.
#
# Every setting there is, with its default. Remove the # to change one.
# The environment is stronger than this file, flags are stronger than the environment:
#   a setting's variable is SAGITTAL_ and its path in capitals, e.g. SAGITTAL_DIMSE_PORT;
#   lists are separated by commas; SAGITTAL_PEERS adds peers as NAME=AE_TITLE@HOST:PORT,…
# `sagittal config check FILE` explains mistakes, `sagittal config show` prints what is in force.
# Start with it: sagittal serve --config FILE
";

/// The commented file.
pub fn template() -> String {
    let mut out = String::from(HEADER);
    for section in SECTIONS {
        out.push('\n');
        comment(&mut out, section.doc);
        match (section.path, section.repeated) {
            ("", _) => {}
            (path, true) => out.push_str(&format!("#[[{path}]]\n")),
            (path, false) => out.push_str(&format!("[{path}]\n")),
        }
        for setting in section.settings {
            let multiline = setting.doc.contains('\n');
            if multiline && !section.repeated {
                out.push('\n');
            }
            comment(&mut out, setting.doc);
            if !plain(&setting.kind) {
                comment(&mut out, &format!("({})", setting.kind.expected()));
            }
            let value = match setting.default {
                "" => example(section, setting.key),
                default => default,
            };
            out.push_str(&format!("#{} = {value}\n", setting.key));
        }
    }
    out
}

/// Kinds that need no explanation beside the default.
fn plain(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Bool
            | Kind::Text
            | Kind::Path
            | Kind::Name
            | Kind::Host
            | Kind::Port
            | Kind::UrlPath
            | Kind::List(_)
            | Kind::PasswordHash
            | Kind::TokenHash
            | Kind::Address
            | Kind::BaseUrl
    )
}

/// An example for a setting without a default.
fn example(section: &Section, key: &str) -> &'static str {
    match (section.path, key) {
        ("auth.role", "name") => "\"technologist\"",
        ("auth.user", "name") => "\"alice\"",
        ("auth.token", "name") => "\"viewer\"",
        (_, "permissions") => "[\"verify\", \"store\"]",
        (_, "password_hash") => "\"$argon2id$…\"",
        (_, "hash") => "\"…64 hexadecimal digits…\"",
        ("compression.rule", "name") => "\"ct\"",
        ("quality.rule", "name") => "\"cut-names\"",
        ("peer", "name") => "\"workstation\"",
        ("peer", "ae_title") => "\"WORKSTATION\"",
        ("peer", "host") => "\"10.0.0.5\"",
        _ => "\"\"",
    }
}

fn comment(out: &mut String, text: &str) {
    for line in text.lines() {
        out.push_str(&format!("# {line}\n"));
    }
}

/// What is in force, as TOML; a comment names the origin of all that is not the default.
pub fn effective(layers: &Layers, source: &Source) -> String {
    let mut out = String::new();
    for section in SECTIONS {
        if section.repeated {
            for row in layers.rows.get(section.path).into_iter().flatten() {
                out.push_str(&format!("\n[[{}]]\n", section.path));
                for setting in section.settings {
                    if let Some(held) = row.get(setting.key) {
                        line(&mut out, setting.key, &setting.kind, held, source);
                    }
                }
            }
            continue;
        }
        if !section.path.is_empty() {
            out.push_str(&format!("\n[{}]\n", section.path));
        }
        for setting in section.settings {
            if let Some(held) = layers.single.get(&section.path_of(setting.key)) {
                line(&mut out, setting.key, &setting.kind, held, source);
            }
        }
    }
    out
}

fn line(out: &mut String, key: &str, kind: &Kind, held: &Held, source: &Source) {
    let origin = match &held.place {
        Some(Place::File(span)) => {
            format!("  # {}:{}", source.name, source.position(span.start).0)
        }
        Some(Place::Environment(name)) => format!("  # {name}"),
        Some(Place::Flag(name)) => format!("  # {name}"),
        Some(Place::Nowhere) | None => String::new(),
    };
    out.push_str(&format!("{key} = {}{origin}\n", show(kind, &held.value)));
}

fn show(kind: &Kind, value: &Value) -> String {
    match (kind, value) {
        (Kind::PasswordHash | Kind::TokenHash, _) => "\"(hidden)\"".into(),
        (Kind::Size { .. }, Value::Number(bytes)) => format!("\"{}\"", show_size(*bytes)),
        (Kind::Duration { .. }, Value::Number(ms)) => format!("\"{}\"", show_duration(*ms)),
        (_, Value::Bool(value)) => value.to_string(),
        (_, Value::Number(value)) => value.to_string(),
        (_, Value::Text(text)) => quote(text),
        (Kind::List(of), Value::List(values)) => {
            let values: Vec<String> = values.iter().map(|value| show(of, value)).collect();
            format!("[{}]", values.join(", "))
        }
        (_, Value::List(_)) => "[]".into(),
    }
}

fn quote(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Rows for the reference page: path, variable, default, what is allowed, what it does.
pub fn reference() -> Vec<[String; 5]> {
    let mut rows = Vec::new();
    for section in SECTIONS {
        for setting in section.settings {
            let path = section.path_of(setting.key);
            let variable = match section.repeated {
                true => String::new(),
                false => variable(&path),
            };
            rows.push([
                path,
                variable,
                setting.default.to_owned(),
                setting.kind.expected(),
                setting.doc.replace('\n', " "),
            ]);
        }
    }
    rows
}
