//! From tables to the document.

use std::collections::BTreeMap;

use sagittal_core::{AeTitle, Uid, sop_class};

use super::column::{Column, Read};
use super::contexts::{self, Bare};
use super::grid::{Grid, flat};
use super::{Imported, Missed, Options, keys, names};
use crate::document::{
    Address, ApplicationEntity, Association, Basis, CharacterSets, ContextGroup, Document, Fact,
    QueryModel, Role, SopClasses, Status, Support, System, TitleRule, services,
};

/// What belongs to one entity.
#[derive(Default)]
struct Part {
    entity: ApplicationEntity,
    bare: Vec<Bare>,
    syntaxes: Vec<Uid>,
    /// Of each model: whether the headings tell the role.
    roles: Vec<Option<Role>>,
}

#[derive(Default)]
struct Builder {
    /// By what the headings call the entity; empty where they do not.
    parts: BTreeMap<String, Part>,
    /// AE titles by the names of entities.
    titles: Vec<(String, String, Option<u16>)>,
    understood: usize,
    missed: Vec<Missed>,
    /// Something about contexts was not understood.
    is_open: bool,
}

pub(super) fn document(grids: Vec<Grid>, options: &Options) -> Imported {
    let mut builder = Builder::default();
    let title = grids.iter().find_map(|grid| grid.headings.first().cloned());
    for grid in &grids {
        builder.grid(grid);
    }
    builder.finish(title, options)
}

impl Builder {
    fn grid(&mut self, grid: &Grid) {
        if items(grid, &mut Association::default()) > 0 {
            let name = entity_name(&grid.headings);
            let part = self.parts.entry(name).or_default();
            items(grid, &mut part.entity.association);
            self.understood += 1;
            return;
        }
        let Some(read) = Read::of(grid) else {
            return;
        };
        let has = |columns: &[Column]| columns.iter().any(|column| read.has(*column));
        let before = self.missed.len();
        let has_class = has(&[Column::SopClass, Column::SopClassUid]);
        let has_syntax = has(&[Column::TransferSyntax, Column::TransferSyntaxUid]);
        let has_role = has(&[Column::Role, Column::Scu, Column::Scp]);
        let is_found = if has_class && has_syntax {
            self.contexts(grid, &read);
            true
        } else if has_class && (has_role || role_of(&grid.headings).is_some()) {
            let part = self.parts.entry(entity_name(&grid.headings)).or_default();
            let roles = role_of(&grid.headings);
            part.bare
                .extend(contexts::bare(&read, roles, &mut self.missed));
            true
        } else if has_syntax && !has_class {
            let part = self.parts.entry(entity_name(&grid.headings)).or_default();
            part.syntaxes
                .extend(contexts::syntaxes(&read, &mut self.missed));
            true
        } else {
            false
        };
        if is_found {
            self.is_open |= self.missed.len() > before;
            self.understood += 1;
        } else if has(&[Column::Tag, Column::Key]) && has(&[Column::Matching, Column::Returned]) {
            self.queries(grid, &read);
        } else if has(&[Column::AeTitle]) {
            self.entities(&read);
        } else if has(&[Column::Terms]) {
            self.character_sets(grid, &read);
        } else {
            self.missed.push(Missed {
                line: grid.line,
                text: read.head.join(" | "),
                why: "no table of contexts, keys, entities, character sets or properties of associations"
                    .to_owned(),
            });
        }
    }

    fn contexts(&mut self, grid: &Grid, read: &Read<'_>) {
        let groups = contexts::groups(read, role_of(&grid.headings), &mut self.missed);
        let part = self.parts.entry(entity_name(&grid.headings)).or_default();
        part.entity.contexts.extend(groups);
    }

    fn queries(&mut self, grid: &Grid, read: &Read<'_>) {
        let Some(classes) = models(&grid.headings) else {
            self.missed.push(Missed {
                line: grid.line,
                text: grid.headings.last().cloned().unwrap_or_default(),
                why: "the headings do not tell the information model of these keys".to_owned(),
            });
            return;
        };
        let by_heading = grid
            .headings
            .iter()
            .rev()
            .find_map(|text| keys::level(text));
        let is_worklist = classes
            .iter()
            .all(|uid| uid.as_str() == sop_class::MODALITY_WORKLIST_INFORMATION_MODEL_FIND);
        let by_heading = if is_worklist {
            Some("WORKLIST")
        } else {
            by_heading
        };
        let levels = keys::levels(read, by_heading, &mut self.missed);
        self.understood += 1;
        let part = self.parts.entry(entity_name(&grid.headings)).or_default();
        let known = part
            .entity
            .queries
            .iter_mut()
            .find(|model| model.sop_classes == classes);
        match known {
            Some(model) => model.levels.extend(levels),
            None => {
                let role = role_of(&grid.headings).and_then(|roles| match roles.as_slice() {
                    [role] => Some(*role),
                    _ => None,
                });
                part.roles.push(role);
                part.entity.queries.push(QueryModel {
                    sop_classes: classes,
                    levels,
                    ..QueryModel::default()
                });
            }
        }
    }

    fn entities(&mut self, read: &Read<'_>) {
        for row in read.rows {
            let cell = |column| read.cell(row, column).map(flat).unwrap_or_default();
            let title = cell(Column::AeTitle);
            if AeTitle::new(&title).is_err() {
                self.missed
                    .push(contexts::miss(row, format!("{title:?} is no AE title")));
                continue;
            }
            let port = cell(Column::Port)
                .split_whitespace()
                .find_map(|word| word.parse().ok());
            self.titles.push((cell(Column::Entity), title, port));
        }
        self.understood += 1;
    }

    fn character_sets(&mut self, grid: &Grid, read: &Read<'_>) {
        let part = self.parts.entry(entity_name(&grid.headings)).or_default();
        let list = |text: &str| -> Vec<String> {
            let words = text.split([',', '\n', ';']).map(flat);
            words.filter(|word| !word.is_empty()).collect()
        };
        for row in read.rows {
            let cell = |column| read.cell(row, column).unwrap_or("");
            let terms = list(cell(Column::Terms));
            let support = match names::yes_or_no(cell(Column::Supported)) {
                Some(false) if read.has(Column::Supported) => Support::No,
                _ => Support::Yes,
            };
            let is_term = |term: &String| term.starts_with("ISO") || term.starts_with("GB");
            if terms.is_empty() || !terms.iter().all(is_term) {
                self.missed.push(contexts::miss(
                    row,
                    "no defined terms of Specific Character Set",
                ));
                continue;
            }
            part.entity.character_sets.push(CharacterSets {
                terms,
                used_in: list(cell(Column::UsedIn)),
                support,
                basis: None,
                remark: None,
            });
        }
        self.understood += 1;
    }

    /// The entity that a name of a heading is: by the table of entities, or as it stands.
    fn title(&self, name: &str, options: &Options) -> String {
        let same = |known: &str| known.eq_ignore_ascii_case(name) && !name.is_empty();
        let listed = self
            .titles
            .iter()
            .find(|(known, title, _)| same(known) || same(title));
        if let Some((_, title, _)) = listed {
            return title.clone();
        }
        let fallback = || match (self.titles.as_slice(), &options.ae_title) {
            (_, Some(title)) => title.clone(),
            ([(_, title, _)], None) => title.clone(),
            _ => options.name.clone().unwrap_or_else(|| "UNNAMED".to_owned()),
        };
        let text = if name.is_empty() {
            fallback()
        } else {
            name.to_owned()
        };
        let text = if AeTitle::new(&text).is_ok() {
            text
        } else {
            text.to_uppercase().replace(' ', "_")
        };
        let kept: String = text
            .chars()
            .filter(|c| c.is_ascii_graphic() || *c == ' ')
            .take(16)
            .collect();
        match AeTitle::new(&kept) {
            Ok(title) => title.to_string(),
            Err(_) => "UNNAMED".to_owned(),
        }
    }

    fn finish(mut self, title: Option<String>, options: &Options) -> Imported {
        self.lend_unnamed();
        let mut entities: Vec<ApplicationEntity> = Vec::new();
        let parts = std::mem::take(&mut self.parts);
        for (name, mut part) in parts {
            self.without_syntaxes(&mut part);
            let title = self.title(&name, options);
            let mut entity = part.entity;
            entity.contexts = merged(entity.contexts);
            for (model, role) in entity.queries.iter_mut().zip(&part.roles) {
                let answers = entity.contexts.iter().any(|group| {
                    group.roles.contains(&Role::Scp)
                        && model
                            .sop_classes
                            .iter()
                            .any(|class| group.sop_classes.contains(class))
                });
                model.role = role.unwrap_or(if answers { Role::Scp } else { Role::Scu });
            }
            let port = self.titles.iter().find(|(_, known, _)| *known == title);
            entity
                .addresses
                .extend(port.and_then(|(_, _, port)| *port).map(|port| Address {
                    host: String::new(),
                    port,
                    tls: false,
                }));
            entity.ae_title = title;
            match entities
                .iter_mut()
                .find(|known| known.ae_title == entity.ae_title)
            {
                Some(known) => join(known, entity),
                None => entities.push(entity),
            }
        }
        entities.retain(|entity| {
            !entity.contexts.is_empty()
                || !entity.queries.is_empty()
                || entity.association != Association::default()
        });
        let closed = if self.is_open {
            Support::Unknown
        } else {
            Support::No
        };
        for entity in &mut entities {
            entity.unlisted = if entity.contexts.is_empty() {
                Support::Unknown
            } else {
                closed
            };
            entity.services = services(&entity.contexts, entity.unlisted);
        }
        let system = system(title, options);
        let evidence = format!("imported from {}", options.file);
        let basis = Basis::new(Status::Declared, options.date.clone(), evidence);
        let mut document = Document::new("statement", basis, system);
        document.application_entities = entities;
        self.missed.sort_by_key(|missed| missed.line);
        Imported {
            document,
            understood: self.understood,
            missed: self.missed,
        }
    }

    /// What stands under no entity's heading belongs to the only one, if there is one.
    fn lend_unnamed(&mut self) {
        let named: Vec<String> = self
            .parts
            .keys()
            .filter(|name| !name.is_empty())
            .cloned()
            .collect();
        if let [only] = named.as_slice()
            && let Some(unnamed) = self.parts.remove("")
        {
            let part = self.parts.entry(only.clone()).or_default();
            part.bare.extend(unnamed.bare);
            part.syntaxes.extend(unnamed.syntaxes);
            part.roles.extend(unnamed.roles);
            join(&mut part.entity, unnamed.entity);
        }
    }

    /// SOP classes that stood without transfer syntaxes: a summary of what is told elsewhere, or with
    /// the transfer syntaxes that are listed once for all.
    fn without_syntaxes(&mut self, part: &mut Part) {
        let told: SopClasses = part
            .entity
            .contexts
            .iter()
            .flat_map(|group| &group.sop_classes)
            .cloned()
            .collect();
        let left = std::mem::take(&mut part.bare);
        for bare in left.into_iter().filter(|bare| !told.contains(&bare.class)) {
            let why = if bare.roles.is_empty() {
                "supported in no role"
            } else if part.syntaxes.is_empty() {
                "no transfer syntaxes for it"
            } else {
                part.entity.contexts.push(ContextGroup {
                    sop_classes: [bare.class].into_iter().collect(),
                    transfer_syntaxes: part.syntaxes.iter().cloned().collect(),
                    roles: bare.roles,
                    ..ContextGroup::default()
                });
                continue;
            };
            self.is_open |= !bare.roles.is_empty();
            self.missed.push(Missed {
                line: bare.line,
                text: bare.text,
                why: why.to_owned(),
            });
        }
    }
}

fn join(one: &mut ApplicationEntity, other: ApplicationEntity) {
    one.contexts.extend(other.contexts);
    one.contexts = merged(std::mem::take(&mut one.contexts));
    one.queries.extend(other.queries);
    one.character_sets.extend(other.character_sets);
    if one.association == Association::default() {
        one.association = other.association;
    }
}

/// SOP classes with the same transfer syntaxes together; several rows of a SOP class are one.
fn merged(groups: Vec<ContextGroup>) -> Vec<ContextGroup> {
    let mut single: Vec<ContextGroup> = Vec::new();
    for group in groups {
        for class in &group.sop_classes {
            let one: SopClasses = [class.clone()].into_iter().collect();
            let same = single
                .iter_mut()
                .find(|known| known.sop_classes == one && alike(known, &group));
            match same {
                Some(known) => {
                    let all = known
                        .transfer_syntaxes
                        .iter()
                        .chain(&group.transfer_syntaxes);
                    known.transfer_syntaxes = all.cloned().collect();
                }
                None => single.push(ContextGroup {
                    sop_classes: one,
                    ..group.clone()
                }),
            }
        }
    }
    let mut found: Vec<ContextGroup> = Vec::new();
    for group in single {
        let same = found.iter_mut().find(|known| {
            known.transfer_syntaxes == group.transfer_syntaxes && alike(known, &group)
        });
        match same {
            Some(known) => {
                let all = known.sop_classes.iter().chain(&group.sop_classes);
                known.sop_classes = all.cloned().collect();
            }
            None => found.push(group),
        }
    }
    found
}

fn alike(one: &ContextGroup, other: &ContextGroup) -> bool {
    let key = |group: &ContextGroup| {
        (
            group.roles.clone(),
            group.support,
            group.refusal,
            group.preference.clone(),
            group.requestor_roles,
        )
    };
    key(one) == key(other)
}

fn system(title: Option<String>, options: &Options) -> System {
    let product = title.map(|title| {
        let title = title.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == ' ');
        let words = title
            .replace("DICOM Conformance Statement", "")
            .replace("Conformance Statement", "");
        flat(words.trim_matches([':', '-', ' ']))
    });
    let product = product.filter(|product| !product.is_empty());
    let stem = std::path::Path::new(&options.file).file_stem();
    let stem = stem.map(|stem| stem.to_string_lossy().into_owned());
    System {
        name: options
            .name
            .clone()
            .or(stem)
            .unwrap_or_else(|| "imported".to_owned()),
        product,
        ..System::default()
    }
}

/// What the headings call the entity; empty if they name none.
fn entity_name(headings: &[String]) -> String {
    let of = |heading: &String| -> Option<String> {
        const OF: [&str; 7] = [
            "Presentation Contexts of ",
            "Transfer Syntaxes of ",
            "Query Keys of ",
            "Associations of ",
            "TLS of ",
            "Character Sets of ",
            "Status Codes of ",
        ];
        let heading = heading.replace(['`', '"', '“', '”', '\''], "");
        let heading = heading.trim_end_matches([':', '.']);
        for word in OF {
            if let Some((_, title)) = heading.split_once(word) {
                return Some(title.trim().to_owned());
            }
        }
        if let Some((_, title)) = heading.rsplit_once("Application Entity ")
            && AeTitle::new(title.trim()).is_ok()
            && !title.contains("Specification")
        {
            return Some(title.trim().to_owned());
        }
        for word in [
            " AE Specification",
            " Application Entity Specification",
            " AE ",
            " Application Entity",
        ] {
            if let Some((before, _)) = format!("{heading} ").split_once(word) {
                let name =
                    before.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == ' ');
                return (!name.is_empty() && name.len() < 40).then(|| name.trim().to_owned());
            }
        }
        None
    };
    headings.iter().rev().find_map(of).unwrap_or_default()
}

/// The role that the headings tell.
fn role_of(headings: &[String]) -> Option<Vec<Role>> {
    headings.iter().rev().find_map(|heading| {
        let lower = heading.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        match (
            has(&["proposed", "initiat", " scu", "as an scu", "user of"]),
            has(&["accept", " scp", "provider of"]),
        ) {
            (true, false) => Some(vec![Role::Scu]),
            (false, true) => Some(vec![Role::Scp]),
            _ => None,
        }
    })
}

/// The information models that the headings tell.
fn models(headings: &[String]) -> Option<SopClasses> {
    headings.iter().rev().find_map(|heading| {
        let listed = names::sop_classes(heading);
        if !listed.uids.is_empty() && listed.unknown.is_empty() {
            return Some(listed.uids.into_iter().collect());
        }
        let lower = heading.to_lowercase();
        let uid = if lower.contains("worklist") {
            sop_class::MODALITY_WORKLIST_INFORMATION_MODEL_FIND
        } else if lower.contains("patient root") {
            sop_class::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND
        } else if lower.contains("study root") {
            sop_class::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND
        } else {
            return None;
        };
        Some([Uid::from_static(uid)].into_iter().collect())
    })
}

/// Properties of associations in two columns; how many were found.
fn items(grid: &Grid, association: &mut Association) -> usize {
    let mut found = 0;
    for row in grid.rows.iter().filter(|row| row.cells.len() == 2) {
        let (name, value) = (flat(row.cell(0)).to_lowercase(), flat(row.cell(1)));
        let has = |words: &[&str]| words.iter().all(|word| name.contains(word));
        let known = if has(&["implementation class uid"]) {
            association.implementation_class_uid = Fact::known(value.clone());
            Uid::new(&value).is_ok()
        } else if has(&["implementation version"]) {
            association.implementation_version_name = Fact::known(value);
            true
        } else if has(&["pdu"]) && (has(&["sent"]) || has(&["transmit"])) {
            set(&mut association.max_pdu_sent, &value)
        } else if has(&["pdu"]) && (has(&["max"]) || has(&["receiv"])) {
            set(&mut association.max_pdu_received, &value)
        } else if has(&["associations"])
            && (has(&["opened"]) || has(&["initiat"]) || has(&["requested"]))
        {
            set(&mut association.max_associations_opened, &value)
        } else if has(&["associations"])
            && (has(&["simultaneous"]) || has(&["same time"]) || has(&["max"]))
        {
            set(&mut association.max_associations, &value)
        } else if has(&["presentation contexts of an association"]) {
            set(&mut association.max_contexts, &value)
        } else if has(&["called ae titles"]) {
            rule(&mut association.called_ae_title, &value)
        } else if has(&["calling ae titles"]) {
            rule(&mut association.calling_ae_title, &value)
        } else {
            false
        };
        found += usize::from(known);
    }
    found
}

fn set(fact: &mut Fact<u32>, value: &str) -> bool {
    let lower = value.to_lowercase();
    let digits: String = value.replace([',', '\'', '_'], "");
    let number = digits
        .split(|c: char| !c.is_ascii_digit())
        .find_map(|word| word.parse().ok());
    let unlimited = lower.contains("unlimited") || lower.contains("no limit");
    let number = number.or(unlimited.then_some(0));
    *fact = Fact {
        value: number,
        ..Fact::default()
    };
    number.is_some()
}

fn rule(fact: &mut Fact<TitleRule>, value: &str) -> bool {
    let rule = match value.split([' ', ',', '(']).next() {
        Some("any") => TitleRule::Any,
        Some("known") => TitleRule::Known,
        _ => return false,
    };
    *fact = Fact::known(rule);
    true
}
