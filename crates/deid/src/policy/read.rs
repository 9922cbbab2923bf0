//! Reads a policy from TOML; every mistake is collected, with its line.

mod fields;
mod report;

use std::collections::BTreeSet;
use std::ops::Range;

use sagittal_core::{Tag, Vr, dictionary};
use serde_spanned::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::nearest;
use super::{
    Encapsulated, Override, OverrideAction, OwnPrivate, Policy, Problem, Problems, Target,
    TextDefault,
};
use crate::pixels::PixelPolicy;
use crate::value::check;
use crate::{Error, IdentifierKind, Primitive, ProfileOption, Result};

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// [`Error::Policy`] with everything that is wrong with it.
    pub fn from_toml(text: &str) -> Result<Policy> {
        let mut reader = Reader {
            text,
            policy: Policy {
                name: "policy".to_owned(),
                ..Policy::default()
            },
            problems: Vec::new(),
        };
        let (document, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let span = error.span().unwrap_or(text.len()..text.len());
            let message = format!("not TOML: {}", error.message().replace('\n', ", "));
            reader.problem(span, "", message, None);
        }
        if reader.problems.is_empty() {
            reader.root(document.get_ref());
        }
        if reader.problems.is_empty() {
            Ok(reader.policy)
        } else {
            reader.problems.sort_by_key(|p| (p.line, p.column));
            Err(Error::Policy(Problems(reader.problems)))
        }
    }
}

type Value<'a> = Spanned<DeValue<'a>>;

struct Reader<'t> {
    text: &'t str,
    policy: Policy,
    problems: Vec<Problem>,
}

const ROOT_KEYS: &[&str] = &[
    "name",
    "extends",
    "options",
    "dates",
    "defaults",
    "private",
    "encapsulated",
    "pixels",
    "reidentify",
    "residual",
    "report",
    "tag",
];

/// Words for actions, beside the letters of Table E.1-1a.
const ACTIONS: &[(&str, Primitive)] = &[
    ("keep", Primitive::Keep),
    ("remove", Primitive::Remove),
    ("empty", Primitive::Zero),
    ("dummy", Primitive::Dummy),
    ("clean", Primitive::Clean),
    ("uid", Primitive::Uid),
    ("K", Primitive::Keep),
    ("X", Primitive::Remove),
    ("Z", Primitive::Zero),
    ("D", Primitive::Dummy),
    ("C", Primitive::Clean),
    ("U", Primitive::Uid),
];

impl Reader<'_> {
    fn located(&self, span: &Range<usize>, path: &str, message: String) -> Problem {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        Problem {
            line: before.matches('\n').count() + 1,
            column: before.rsplit('\n').next().unwrap_or("").chars().count() + 1,
            path: path.to_owned(),
            message,
            remedy: None,
        }
    }

    fn problem(
        &mut self,
        span: Range<usize>,
        path: &str,
        message: impl Into<String>,
        remedy: Option<String>,
    ) {
        let problem = self.located(&span, path, message.into());
        self.problems.push(Problem { remedy, ..problem });
    }

    fn root(&mut self, table: &DeTable<'_>) {
        self.known(table, "", ROOT_KEYS);
        match table.get("extends") {
            None => self.problem(
                0..0,
                "extends",
                "missing",
                Some("begin with extends = \"basic\"".to_owned()),
            ),
            Some(value) => {
                self.word(value, "extends", &["basic"]);
            }
        }
        if let Some(name) = self.get_text(table, "", "name") {
            self.policy.name = name;
        }
        self.options(table);
        self.dates(table);
        self.defaults(table);
        self.private(table);
        if let Some(value) = table.get("encapsulated") {
            if value.get_ref().as_str() == Some("keep") {
                let remedy = "\"placeholder\" or \"refuse\"; documents cannot be cleaned";
                let message = "documents are never kept";
                self.problem(value.span(), "encapsulated", message, Some(remedy.into()));
            } else if let Some(at) = self.word(value, "encapsulated", &["placeholder", "refuse"]) {
                let choices = [Encapsulated::Placeholder, Encapsulated::Refuse];
                self.policy.encapsulated = choices.get(at).copied().unwrap_or_default();
            }
        }
        if let Some((table, _)) = self.table(table, "reidentify") {
            self.known(table, "reidentify", &["recipients"]);
            self.policy.recipients = self.get_texts(table, "reidentify", "recipients");
        }
        if let Some((table, _)) = self.table(table, "residual") {
            self.known(table, "residual", &["lists", "patients"]);
            self.policy.residual_lists = self.get_texts(table, "residual", "lists");
            self.policy.patient_lists = self.get_texts(table, "residual", "patients");
        }
        self.report(table);
        if self.table(table, "pixels").is_some() {
            self.pixels();
        }
        self.overrides(table);
    }

    /// Read by its own rules, whose errors have places in the whole text.
    fn pixels(&mut self) {
        #[derive(serde::Deserialize)]
        struct Whole {
            pixels: PixelPolicy,
        }
        match toml::from_str::<Whole>(self.text) {
            Ok(whole) => self.policy.pixels = whole.pixels,
            Err(error) => {
                let span = error.span().unwrap_or(0..0);
                let message = error.message().replace('\n', ", ");
                self.problem(span, "pixels", message, None);
            }
        }
    }

    fn options(&mut self, root: &DeTable<'_>) {
        let Some((table, _)) = self.table(root, "options") else {
            return;
        };
        let names: Vec<&str> = ProfileOption::ALL
            .iter()
            .map(|option| option.name())
            .collect();
        self.known(table, "options", &names);
        for (key, value) in table.iter() {
            let Some(option) = ProfileOption::by_name(key.get_ref()) else {
                continue;
            };
            match value.get_ref().as_bool() {
                Some(on) => self.policy.options.set(option, on),
                None => {
                    let path = format!("options.{}", key.get_ref());
                    self.problem(value.span(), &path, "not true or false", None);
                }
            }
        }
        let options = self.policy.options;
        if options.retain_longitudinal_full_dates && options.retain_longitudinal_modified_dates {
            let span = table
                .iter()
                .find(|(key, _)| key.get_ref() == ProfileOption::ModifiedDates.name())
                .map_or(0..0, |(key, _)| key.span());
            self.problem(
                span,
                "options",
                "full dates and modified dates contradict each other",
                Some("turn one of them off".to_owned()),
            );
        }
    }

    fn dates(&mut self, root: &DeTable<'_>) {
        let Some((table, _)) = self.table(root, "dates") else {
            return;
        };
        self.known(table, "dates", &["mode", "range"]);
        if let Some(value) = table.get("mode")
            && let Some(at) = self.word(value, "dates.mode", &["remove", "full", "modified"])
        {
            let options = self.policy.options;
            let (full, modified) = (at == 1, at == 2);
            if options.retain_longitudinal_full_dates && !full
                || options.retain_longitudinal_modified_dates && !modified
            {
                let message = "contradicts the dates option that is on in [options]";
                let remedy = "say it in one of the two places".to_owned();
                self.problem(value.span(), "dates.mode", message, Some(remedy));
            } else {
                self.policy.options.retain_longitudinal_full_dates = full;
                self.policy.options.retain_longitudinal_modified_dates = modified;
            }
        }
        if let Some(value) = table.get("range") {
            let days = integer(value).and_then(|days| u32::try_from(days).ok());
            match days.filter(|days| (2..=36_500).contains(days)) {
                Some(days) => self.policy.date_range = days,
                None => self.problem(
                    value.span(),
                    "dates.range",
                    "not a number of days from 2 to 36500",
                    Some("range = 365".to_owned()),
                ),
            }
        }
    }

    fn defaults(&mut self, root: &DeTable<'_>) {
        let Some((table, _)) = self.table(root, "defaults") else {
            return;
        };
        self.known(table, "defaults", &["text", "allow", "identifiers"]);
        if let Some(value) = table.get("text")
            && let Some(at) = self.word(value, "defaults.text", &["clean", "remove", "allow-list"])
        {
            let choices = [
                TextDefault::Clean,
                TextDefault::Remove,
                TextDefault::AllowList,
            ];
            self.policy.text = choices.get(at).copied().unwrap_or_default();
        }
        if let Some(value) = table.get("identifiers")
            && let Some(at) = self.word(value, "defaults.identifiers", &["pseudonym", "empty"])
        {
            self.policy.pseudonymous_identifiers = at == 0;
        }
        let Some(allow) = table.get("allow") else {
            return;
        };
        let mut tags = BTreeSet::new();
        for (text, span) in self.texts(allow, "defaults.allow") {
            tags.extend(self.attribute(&text, span, "defaults.allow"));
        }
        self.policy.allow = tags;
    }

    fn private(&mut self, root: &DeTable<'_>) {
        let Some((table, _)) = self.table(root, "private") else {
            return;
        };
        self.known(table, "private", &["safe_list", "keep"]);
        if let Some(value) = table.get("safe_list") {
            match value.get_ref().as_bool() {
                Some(on) if on || !self.policy.options.retain_safe_private => {
                    self.policy.options.retain_safe_private = on;
                }
                Some(_) => self.problem(
                    value.span(),
                    "private.safe_list",
                    "contradicts options.retain_safe_private",
                    Some("say it in one of the two places".to_owned()),
                ),
                None => self.problem(value.span(), "private.safe_list", "not true or false", None),
            }
        }
        for (at, row, span) in self.rows(table, "keep") {
            let path = format!("private.keep[{at}]");
            self.known(row, &path, &["creator", "tag", "vr"]);
            let (creator, tag) = (
                self.get_text(row, &path, "creator"),
                self.get_text(row, &path, "tag"),
            );
            let (Some(creator), Some(tag)) = (creator, tag) else {
                let remedy = "creator = \"…\" and tag = \"(0019,xx0A)\"".to_owned();
                self.problem(span, &path, "creator and tag are needed", Some(remedy));
                continue;
            };
            let vr = self.get_text(row, &path, "vr").and_then(|text| {
                let letters = <[u8; 2]>::try_from(text.as_bytes()).ok();
                let vr = letters.and_then(Vr::from_bytes);
                if vr.is_none() {
                    self.problem(span.clone(), &format!("{path}.vr"), "no such VR", None);
                }
                vr
            });
            match private_tag(&tag) {
                Some((group, element)) => self.policy.own_private.push(OwnPrivate {
                    creator,
                    group,
                    element,
                    vr,
                }),
                None => self.problem(
                    span,
                    &format!("{path}.tag"),
                    "not a private tag",
                    Some("as (0019,xx0A), or (0019,xxxx) for the whole block".to_owned()),
                ),
            }
        }
        if !self.policy.own_private.is_empty() && !self.policy.options.retain_safe_private {
            self.policy.options.retain_safe_private = true;
        }
    }

    fn overrides(&mut self, root: &DeTable<'_>) {
        for (at, row, span) in self.rows(root, "tag") {
            let path = format!("tag[{at}]");
            self.known(row, &path, &["tag", "creator", "action", "value"]);
            let Some(target) = self.target(row, &path, span.clone()) else {
                continue;
            };
            let Some(action) = self.action(row, &path, span.clone(), &target) else {
                continue;
            };
            if !self.policy.overrides.add(Override { target, action }) {
                let remedy = Some("keep one of them".to_owned());
                self.problem(span, &path, "a second rule for the same attribute", remedy);
            }
        }
    }

    fn target(&mut self, row: &DeTable<'_>, path: &str, span: Range<usize>) -> Option<Target> {
        let Some(text) = self.get_text(row, path, "tag") else {
            let remedy = "tag = \"PatientSex\", \"(0010,0040)\" or a path with dots".to_owned();
            self.problem(span, path, "tag is needed", Some(remedy));
            return None;
        };
        let place = format!("{path}.tag");
        let span = row.get("tag").map_or(span, Spanned::span);
        if let Some(creator) = self.get_text(row, path, "creator") {
            let Some((group, Some(element))) = private_tag(&text) else {
                let remedy = "as (0043,xx2A)".to_owned();
                self.problem(span, &place, "not a private tag", Some(remedy));
                return None;
            };
            return Some(Target::Private(creator, group, element));
        }
        let mut tags = Vec::new();
        for part in text.split('.') {
            let bare = part.split('[').next().unwrap_or(part);
            tags.push(self.attribute(bare, span.clone(), &place)?);
        }
        let last = *tags.last()?;
        if last.is_private() {
            let remedy = "name its creator, and the tag as (0043,xx2A)".to_owned();
            self.problem(span, &place, "a private attribute", Some(remedy));
            return None;
        }
        if check::belongs_to_engine(last) {
            let message = "is set by the engine and cannot be overridden";
            self.problem(span, &place, message, Some("remove this rule".to_owned()));
            return None;
        }
        match tags.as_slice() {
            [one] => Some(Target::Tag(*one)),
            _ => Some(Target::Path(tags)),
        }
    }

    fn action(
        &mut self,
        row: &DeTable<'_>,
        path: &str,
        span: Range<usize>,
        target: &Target,
    ) -> Option<OverrideAction> {
        let place = format!("{path}.action");
        let words: Vec<&str> = ACTIONS
            .iter()
            .map(|(word, _)| *word)
            .chain(["replace", "pseudonym"])
            .collect();
        let Some(value) = row.get("action") else {
            let remedy = format!("one of {}", words.join(", "));
            self.problem(span, path, "action is needed", Some(remedy));
            return None;
        };
        let at = self.word(value, &place, &words)?;
        let value_span = row.get("value").map_or(value.span(), Spanned::span);
        let given = self.get_text(row, path, "value");
        let vr = match target {
            Target::Tag(tag) => Some(dictionary::vr(*tag)),
            Target::Path(tags) => tags.last().map(|tag| dictionary::vr(*tag)),
            Target::Private(..) => None,
        };
        match (words.get(at).copied(), given) {
            (Some("replace"), Some(text)) => {
                if let Some(reason) = vr.and_then(|vr| check::refuse_value(vr, &text)) {
                    self.problem(value_span, &format!("{path}.value"), reason, None);
                    return None;
                }
                Some(OverrideAction::Replace(text))
            }
            (Some("replace"), None) => {
                let remedy = "value = \"…\"".to_owned();
                self.problem(value.span(), &place, "a value is needed", Some(remedy));
                None
            }
            (Some("pseudonym"), kind) => {
                if vr.is_some_and(|vr| !check::takes_pseudonym(vr)) {
                    self.problem(value.span(), &place, "no pseudonym fits its VR", None);
                    return None;
                }
                let kind = kind.as_deref().unwrap_or("other");
                let found = IdentifierKind::ALL.iter().find(|k| k.as_str() == kind);
                if found.is_none() {
                    let remedy = "patient, accession, study, device or other".to_owned();
                    let place = format!("{path}.value");
                    self.problem(value_span, &place, "no kind of identifier", Some(remedy));
                }
                found.map(|kind| OverrideAction::Pseudonym(*kind))
            }
            (_, Some(_)) => {
                let remedy = "action = \"replace\", or no value".to_owned();
                let message = "a value is for replace and pseudonym";
                self.problem(value_span, &format!("{path}.value"), message, Some(remedy));
                None
            }
            (_, None) => {
                let (_, primitive) = ACTIONS.get(at)?;
                if let Some(reason) = vr.and_then(|vr| check::refuse_action(vr, *primitive)) {
                    self.problem(value.span(), &place, reason, None);
                    return None;
                }
                if *primitive == Primitive::Keep {
                    self.warn_of_keeping(target, value.span(), path);
                }
                Some(OverrideAction::One(*primitive))
            }
        }
    }

    fn warn_of_keeping(&mut self, target: &Target, span: Range<usize>, path: &str) {
        let tag = match target {
            Target::Tag(tag) => Some(*tag),
            Target::Path(tags) => tags.last().copied(),
            Target::Private(..) => None,
        };
        if tag.is_some_and(|tag| crate::table::standard_row(tag).is_some()) {
            let message = "keeps what the confidentiality profile does not keep".to_owned();
            let problem = self.located(&span, path, message);
            self.policy.warnings.push(problem);
        }
    }
}

fn integer(value: &Value<'_>) -> Option<i64> {
    let integer = value.get_ref().as_integer()?;
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// `(0019,xx0A)`, parentheses or not; `xxxx` for all elements of the group's block.
fn private_tag(text: &str) -> Option<(u16, Option<u8>)> {
    let bare = text.trim().trim_start_matches('(').trim_end_matches(')');
    let (group, element) = bare.split_once(',').or_else(|| bare.split_at_checked(4))?;
    let group = u16::from_str_radix(group, 16).ok().filter(|g| g % 2 == 1)?;
    let element = match element.strip_prefix("xx")? {
        "xx" => None,
        digits if digits.len() == 2 => Some(u8::from_str_radix(digits, 16).ok()?),
        _ => return None,
    };
    Some((group, element))
}
