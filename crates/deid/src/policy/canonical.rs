//! The one way to write a policy down, and its digest: two policies that mean the same have the
//! same rule-set digest, whatever their files look like.

use std::fmt::Write;

use sagittal_core::Tag;

use super::{Encapsulated, OverrideAction, Policy, Target, TextDefault};
use crate::table::EDITION;
use crate::{Action, ProfileOption};

impl Policy {
    /// The rules as TOML, in a fixed order, defaults spelled out. Reading it gives this policy.
    pub fn canonical(&self) -> String {
        let mut text = self.rules();
        // Writing to a string does not fail.
        let _ = self.write_report(&mut text);
        text
    }

    /// All that has a say in what comes out.
    fn rules(&self) -> String {
        let mut text = String::new();
        let _ = self.write_rules(&mut text);
        text
    }

    fn write_report(&self, out: &mut String) -> std::fmt::Result {
        let quasi = self.report.quasi_identifiers.iter();
        let keywords: Vec<String> = quasi.map(|quasi| quasi.keyword().to_owned()).collect();
        writeln!(
            out,
            "\n[report]\nquasi_identifiers = {}\nk = {}",
            list(&keywords),
            self.report.k
        )
    }

    /// 64 hexadecimal digits over edition, engine version and rules.
    pub fn rule_set_digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for part in [EDITION, env!("CARGO_PKG_VERSION"), self.rules().as_str()] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }

    fn write_rules(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "name = {}", quoted(&self.name))?;
        writeln!(out, "extends = \"basic\"")?;
        writeln!(out, "encapsulated = \"{}\"", self.encapsulated.as_str())?;
        writeln!(out, "\n[options]")?;
        for option in ProfileOption::ALL {
            writeln!(out, "{} = {}", option.name(), self.options.has(*option))?;
        }
        writeln!(out, "\n[dates]\nrange = {}", self.date_range)?;
        writeln!(out, "\n[defaults]\ntext = \"{}\"", self.text.as_str())?;
        let allow: Vec<String> = self
            .allow
            .iter()
            .map(|tag| quoted(&tag.to_string()))
            .collect();
        writeln!(out, "allow = [{}]", allow.join(", "))?;
        let identifiers = if self.pseudonymous_identifiers {
            "pseudonym"
        } else {
            "empty"
        };
        writeln!(out, "identifiers = \"{identifiers}\"")?;
        writeln!(
            out,
            "\n[reidentify]\nrecipients = {}",
            list(&self.recipients)
        )?;
        writeln!(
            out,
            "\n[residual]\nlists = {}\npatients = {}",
            list(&self.residual_lists),
            list(&self.patient_lists)
        )?;
        let pixels = [("pixels", &self.pixels)];
        let pixels: std::collections::BTreeMap<_, _> = pixels.into_iter().collect();
        // Numbers, texts and lists of them: nothing that TOML cannot say.
        write!(out, "\n{}", toml::to_string(&pixels).unwrap_or_default())?;
        let mut own = self.own_private.clone();
        own.sort();
        for own in own {
            writeln!(
                out,
                "\n[[private.keep]]\ncreator = {}",
                quoted(&own.creator)
            )?;
            match own.element {
                Some(element) => writeln!(out, "tag = \"({:04X},xx{element:02X})\"", own.group)?,
                None => writeln!(out, "tag = \"({:04X},xxxx)\"", own.group)?,
            }
            if let Some(vr) = own.vr {
                writeln!(out, "vr = \"{vr}\"")?;
            }
        }
        for row in self.overrides.sorted() {
            writeln!(out, "\n[[tag]]")?;
            match &row.target {
                Target::Tag(tag) => writeln!(out, "tag = \"{tag}\"")?,
                Target::Path(path) => {
                    let steps: Vec<String> = path.iter().map(Tag::to_string).collect();
                    writeln!(out, "tag = \"{}\"", steps.join("."))?;
                }
                Target::Private(creator, group, element) => writeln!(
                    out,
                    "creator = {}\ntag = \"({group:04X},xx{element:02X})\"",
                    quoted(creator)
                )?,
            }
            match &row.action {
                OverrideAction::One(primitive) => {
                    writeln!(out, "action = \"{}\"", Action::One(*primitive))?;
                }
                OverrideAction::Replace(value) => {
                    writeln!(out, "action = \"replace\"\nvalue = {}", quoted(value))?;
                }
                OverrideAction::Pseudonym(kind) => {
                    writeln!(out, "action = \"pseudonym\"\nvalue = \"{}\"", kind.as_str())?;
                }
            }
        }
        Ok(())
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn list(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", texts.join(", "))
}

impl TextDefault {
    /// Its name in policies.
    pub fn as_str(self) -> &'static str {
        match self {
            TextDefault::Clean => "clean",
            TextDefault::Remove => "remove",
            TextDefault::AllowList => "allow-list",
        }
    }
}

impl Encapsulated {
    /// Its name in policies.
    pub fn as_str(self) -> &'static str {
        match self {
            Encapsulated::Placeholder => "placeholder",
            Encapsulated::Refuse => "refuse",
        }
    }
}
