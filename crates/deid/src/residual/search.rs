//! Every byte of an output.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use sagittal_core::{FindingKind, Limits, PathStep, Tag, TagPath, Vr, tags};
use sagittal_file::encoding::Encoding;
use sagittal_file::part10;
use sagittal_file::read::inflate;
use sagittal_file::walk::{Event, Walker};

use super::exemption::{Exempt, Exemption, is_measure};
use super::layer::Layer;
use super::matcher::{BULK, Pattern};
use super::needle::{Kind, trim};
use super::pdf;

/// Hits of one output that are listed.
const HITS: usize = 1_000;
/// Identifiers of fewer characters stand in numbers and codes by chance.
const CHANCE: usize = 8;
/// Bytes that compressed values within an output may grow to.
const INFLATED: u64 = 64 << 20;

/// An identifier of the input found in the output, or a reason why that cannot be excluded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hit {
    /// What kind of identifier.
    pub kind: Kind,
    /// Where the input has it; empty for those of lists.
    pub origin: TagPath,
    /// Where the output has it: a path, `preamble`, `file meta information`, `bytes between
    /// values`, `after the data set`, `text in pixels`; with ` (PDF)` or ` (compressed)` after it.
    pub place: String,
    /// Byte in the file, or in the inflated data set; of PDF and compressed values where they begin.
    pub offset: u64,
}

impl fmt::Display for Hit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} at byte {}: {}",
            self.place,
            self.offset,
            self.kind.as_str()
        )?;
        match self.origin.0.is_empty() {
            true => f.write_str(" of a list"),
            false => write!(f, " of {}", self.origin),
        }
    }
}

/// What a search found.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// What was found; at most 1,000.
    pub hits: Vec<Hit>,
    /// Bytes that were searched, inflated ones included.
    pub searched: u64,
    /// What was not looked for, or was found and passed over; at most 1,000.
    pub exempt: Vec<Exempt>,
}

impl Outcome {
    /// Nothing was found, and everything could be read.
    pub fn is_clean(&self) -> bool {
        self.hits.is_empty()
    }

    /// The exemptions as notes for a log, each once: no value is in them.
    pub fn exemptions(&self) -> Vec<String> {
        let without_items = |path: &TagPath| {
            let tags = path.0.iter().filter_map(|step| match step {
                PathStep::Element(tag) => Some(tag.to_string()),
                PathStep::Item(_) => None,
            });
            tags.collect::<Vec<_>>().join(".")
        };
        let notes: BTreeSet<String> = self
            .exempt
            .iter()
            .map(|exempt| {
                let what = match exempt.origin.0.is_empty() {
                    true => "of a list".to_owned(),
                    false => format!("of {}", without_items(&exempt.origin)),
                };
                let done = match exempt.place {
                    Some(_) => "passed over",
                    None => "not looked for everywhere",
                };
                let (kind, why) = (exempt.kind.as_str(), exempt.exemption.as_str());
                format!("residual check: {kind} {what} {done}: {why}")
            })
            .collect();
        notes.into_iter().collect()
    }
}

/// Looks for the identifiers of one input.
pub struct Searcher {
    /// With where the input has each term.
    pub(super) layers: Vec<(Arc<Layer>, Vec<TagPath>)>,
    pub(super) same: HashMap<TagPath, (Kind, Vec<u8>)>,
    pub(super) same_tags: HashSet<Tag>,
    /// What is not looked for.
    pub(super) exempt: Vec<Exempt>,
    /// Values in which single words are passed over.
    pub(super) kept: HashMap<Vec<u8>, Exemption>,
    /// UIDs stay, whatever they are made of.
    pub(super) retained_uids: bool,
}

impl Searcher {
    /// Searches a whole output file.
    pub fn search(&self, output: &Bytes) -> Outcome {
        let mut search = Search::new(self);
        search.outcome.exempt = self.exempt.clone();
        search.file(output);
        search.outcome
    }

    /// Searches text that was seen in pixels (OCR).
    pub fn search_text(&self, text: &str) -> Vec<Hit> {
        let mut search = Search::new(self);
        search.bytes(text.as_bytes(), 0, 0, || "text in pixels".to_owned());
        search.outcome.hits
    }
}

struct Search<'s> {
    searcher: &'s Searcher,
    outcome: Outcome,
    /// Offsets and needles: the same is not told twice.
    seen: HashSet<(u64, usize, u32)>,
    /// Needles that were passed over in file meta information, where offsets are not exact.
    passed_in_meta: HashSet<(usize, u32)>,
}

/// A value that is searched, as far as exemptions depend on it.
#[derive(Clone, Copy)]
struct Place<'v> {
    tag: Tag,
    vr: Vr,
    value: &'v [u8],
}

impl<'s> Search<'s> {
    fn new(searcher: &'s Searcher) -> Search<'s> {
        Search {
            searcher,
            outcome: Outcome::default(),
            seen: HashSet::new(),
            passed_in_meta: HashSet::new(),
        }
    }

    fn unreadable(&mut self, place: &str, offset: u64) {
        self.hit(
            Kind::Unreadable,
            TagPath::default(),
            place.to_owned(),
            offset,
        );
    }

    fn hit(&mut self, kind: Kind, origin: TagPath, place: String, offset: u64) {
        if self.outcome.hits.len() < HITS {
            self.outcome.hits.push(Hit {
                kind,
                origin,
                place,
                offset,
            });
        }
    }

    fn found(&mut self, layer: usize, needle: u32, offset: u64, place: impl FnOnce() -> String) {
        if !self.seen.insert((offset, layer, needle)) {
            return;
        }
        let searcher = self.searcher;
        let Some((layer, origins)) = searcher.layers.get(layer) else {
            return;
        };
        let term = layer.terms.get(needle as usize);
        let origin = origins.get(needle as usize);
        if let (Some((kind, _)), Some(origin)) = (term, origin) {
            self.hit(*kind, origin.clone(), place(), offset);
        }
    }

    fn bytes(&mut self, bytes: &[u8], shortest: usize, offset: u64, place: impl Fn() -> String) {
        self.outcome.searched += bytes.len() as u64;
        for (number, (layer, _)) in self.searcher.layers.iter().enumerate() {
            layer.matcher.search(bytes, shortest, |at, pattern| {
                self.found(number, pattern.needle, offset + at as u64, &place);
            });
        }
    }

    /// Why a match in a value proves nothing, if it does not.
    fn exemption(
        &self,
        place: &Place<'_>,
        kind: Kind,
        pattern: &Pattern,
        at: usize,
    ) -> Option<Exemption> {
        let Place { tag, vr, value } = *place;
        if pattern.single
            && let Some(exemption) = self.searcher.kept.get(trim(value))
        {
            return Some(*exemption);
        }
        if vr == Vr::UI && self.searcher.retained_uids && kind == Kind::Identifier {
            return Some(Exemption::RetainedUid);
        }
        if vr == Vr::CS && pattern.single && is_term_at(tag, value, at) {
            return Some(Exemption::DefinedTerm);
        }
        if is_term(tag, vr) {
            // Short identifiers stand in numbers by chance, the names of places and devices in
            // the names of makers by right.
            let is_maker = matches!(tag, tags::MANUFACTURER | tags::MANUFACTURER_MODEL_NAME);
            let is_chance = match is_maker {
                true => matches!(kind, Kind::Institution | Kind::Device),
                false => pattern.bytes.len() < CHANCE * pattern.unit,
            };
            return is_chance.then_some(Exemption::Chance);
        }
        let is_number = kind == Kind::Identifier && pattern.unit == 1;
        let end = at + pattern.bytes.len();
        (is_number && is_measure(value, at, end)).then_some(Exemption::Measure)
    }

    /// Searches a value, and passes over what is exempt in it.
    fn in_value(&mut self, place: &Place<'_>, offset: u64, path: impl Fn() -> String) {
        self.outcome.searched += place.value.len() as u64;
        let searcher = self.searcher;
        for (number, (layer, origins)) in searcher.layers.iter().enumerate() {
            layer.matcher.search(place.value, 0, |at, pattern| {
                let needle = pattern.needle as usize;
                let kind = layer
                    .terms
                    .get(needle)
                    .map_or(Kind::Unreadable, |term| term.0);
                let at_byte = offset + at as u64;
                let Some(exemption) = self.exemption(place, kind, pattern, at) else {
                    return self.found(number, pattern.needle, at_byte, &path);
                };
                if place.tag.group() == 2 {
                    self.passed_in_meta.insert((number, pattern.needle));
                }
                let is_new = self.seen.insert((at_byte, number, pattern.needle));
                // What stands in numbers by chance is not worth a word.
                let is_told = is_new && exemption != Exemption::Chance;
                if is_told && self.outcome.exempt.len() < HITS {
                    self.outcome.exempt.push(Exempt {
                        exemption,
                        kind,
                        origin: origins.get(needle).cloned().unwrap_or_default(),
                        place: Some(path()),
                    });
                }
            });
        }
    }

    fn bulk(&mut self, bytes: &[u8], offset: u64, place: impl Fn() -> String) {
        self.outcome.searched += bytes.len() as u64;
        for (number, (layer, _)) in self.searcher.layers.iter().enumerate() {
            layer.matcher.search_bulk(bytes, |at, pattern| {
                self.found(number, pattern.needle, offset + at as u64, &place);
            });
        }
    }

    fn file(&mut self, output: &Bytes) {
        let opening = match part10::open(output) {
            Ok(opening) => opening,
            Err(_) => {
                self.unreadable("the whole file", 0);
                return self.bytes(output, 0, 0, || "the whole file".to_owned());
            }
        };
        let start = usize::try_from(opening.data_set_offset).unwrap_or(usize::MAX);
        let (head, body) = output.split_at(start.min(output.len()));
        let preamble = head.get(..128).unwrap_or(head);
        self.bytes(preamble, 0, 0, || "preamble".to_owned());
        for element in opening.meta.elements() {
            // Bytes that were copied from `head`; where exactly does not matter.
            if let Some(value) = element.value.as_bytes() {
                let path = TagPath::root(element.tag);
                let place = Place {
                    tag: element.tag,
                    vr: element.vr,
                    value,
                };
                self.in_value(&place, 128, || path.to_string());
                self.same(&path, value, 128);
            }
        }
        let rest = head.get(128..).unwrap_or(&[]);
        self.meta_bytes(rest);
        let encoding = Encoding::of(opening.transfer_syntax_uid.as_str());
        if encoding.deflated {
            match inflate(body, Limits::default()) {
                Ok((inflated, findings)) if findings.is_empty() => {
                    self.data_set(&inflated, 0, encoding);
                }
                Ok((inflated, _)) => {
                    self.unreadable("deflated data set", opening.data_set_offset);
                    self.data_set(&inflated, 0, encoding);
                }
                Err(_) => self.unreadable("deflated data set", opening.data_set_offset),
            }
        } else {
            self.data_set(body, opening.data_set_offset, encoding);
        }
    }

    /// All bytes of file meta information, values or not.
    fn meta_bytes(&mut self, bytes: &[u8]) {
        self.outcome.searched += bytes.len() as u64;
        for (number, (layer, _)) in self.searcher.layers.iter().enumerate() {
            layer.matcher.search(bytes, BULK, |at, pattern| {
                if !self.passed_in_meta.contains(&(number, pattern.needle)) {
                    let place = || "file meta information".to_owned();
                    self.found(number, pattern.needle, 128 + at as u64, place);
                }
            });
        }
    }

    fn data_set(&mut self, bytes: &[u8], base: u64, encoding: Encoding) {
        let mut walker = Walker::new(bytes, encoding, Limits::default());
        // What is bulk data is left out of the search of all bytes below.
        let mut from = 0;
        let place = || "bytes between values".to_owned();
        loop {
            let event = match walker.next() {
                Ok(Some(event)) => event,
                Ok(None) => break,
                Err(_) => {
                    self.unreadable("data set", base + walker.position());
                    break;
                }
            };
            match event {
                Event::Element {
                    tag,
                    vr,
                    value,
                    offset,
                    length,
                } => {
                    if (value.len() as u64) < length {
                        self.unreadable(&walker.path().to_string(), base + offset);
                    }
                    if is_bulk(tag) && value.len() > 4096 {
                        self.bulk(value, base + offset, || walker.path().to_string());
                        self.between(bytes, &mut from, offset, length, base, place);
                    } else {
                        self.value(tag, vr, value, base + offset, &walker);
                    }
                }
                Event::Fragment {
                    value,
                    offset,
                    length,
                } => {
                    if (value.len() as u64) < length {
                        self.unreadable(&walker.path().to_string(), base + offset);
                    }
                    self.bulk(value, base + offset, || walker.path().to_string());
                    self.between(bytes, &mut from, offset, length, base, place);
                }
                _ => {}
            }
        }
        let is_broken = |kind: &FindingKind| matches!(kind, FindingKind::Truncated { .. });
        let broken: Vec<u64> = walker
            .findings()
            .iter()
            .filter(|finding| is_broken(&finding.kind))
            .map(|finding| finding.offset)
            .collect();
        for offset in broken {
            self.unreadable("data set", base + offset);
        }
        let end = usize::try_from(walker.position()).unwrap_or(usize::MAX);
        self.between(bytes, &mut from, bytes.len() as u64, 0, base, place);
        if let Some(rest) = bytes.get(end..).filter(|rest| !rest.is_empty()) {
            self.bytes(rest, 0, base + end as u64, || {
                "after the data set".to_owned()
            });
        }
    }

    /// All bytes since the last bulk data, values or not.
    fn between(
        &mut self,
        bytes: &[u8],
        from: &mut usize,
        offset: u64,
        length: u64,
        base: u64,
        place: impl Fn() -> String,
    ) {
        let to = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        if let Some(part) = bytes.get(*from..to) {
            // Short patterns would find tags and lengths.
            self.bytes(part, BULK, base + *from as u64, place);
        }
        let end = usize::try_from(offset.saturating_add(length)).unwrap_or(usize::MAX);
        *from = (*from).max(end.min(bytes.len()));
    }

    fn value(&mut self, tag: Tag, vr: Vr, value: &[u8], offset: u64, walker: &Walker<'_>) {
        let place = Place { tag, vr, value };
        self.in_value(&place, offset, || walker.path().to_string());
        if self.searcher.same_tags.contains(&tag) {
            self.same(&walker.path(), value, offset);
        }
        if !vr.is_bulk() || value.len() < 16 {
            return;
        }
        if pdf::is_pdf(value) {
            let place = || format!("{} (PDF)", walker.path());
            let is_whole = pdf::streams(value, |text| self.inside(text, offset, place));
            if !is_whole {
                self.unreadable(&place(), offset);
            }
            return;
        }
        let mut budget = INFLATED;
        if let Some(inflated) = pdf::inflate(value, &mut budget) {
            let place = || format!("{} (compressed)", walker.path());
            self.inside(&inflated, offset, place);
            if budget == 0 {
                self.unreadable(&place(), offset);
            }
        }
    }

    /// Bytes that are not in the file as such.
    fn inside(&mut self, bytes: &[u8], offset: u64, place: impl Fn() -> String) {
        self.outcome.searched += bytes.len() as u64;
        for (number, (layer, _)) in self.searcher.layers.iter().enumerate() {
            layer.matcher.search(bytes, 0, |_, pattern| {
                self.found(number, pattern.needle, offset, &place);
            });
        }
    }

    /// Is it the value that the input has at the same place?
    fn same(&mut self, path: &TagPath, value: &[u8], offset: u64) {
        let searcher = self.searcher;
        if let Some((kind, before)) = searcher.same.get(path)
            && before.as_slice() == trim(value)
        {
            let is_told = self
                .outcome
                .hits
                .iter()
                .any(|hit| hit.offset == offset && hit.kind == *kind);
            if !is_told {
                self.hit(*kind, path.clone(), path.to_string(), offset);
            }
        }
    }
}

/// Does a match stand in one of the terms that are defined for the attribute?
fn is_term_at(tag: Tag, value: &[u8], at: usize) -> bool {
    let mut start = 0;
    for part in value.split(|byte| *byte == b'\\') {
        let end = start + part.len();
        if (start..=end).contains(&at) {
            let term = std::str::from_utf8(part).unwrap_or_default();
            return sagittal_iod::is_defined_term(tag, term);
        }
        start = end + 1;
    }
    false
}

/// Is the value a number, a code, or the name of a maker?
fn is_term(tag: Tag, vr: Vr) -> bool {
    matches!(vr, Vr::CS | Vr::DS | Vr::IS)
        || matches!(
            tag,
            tags::CODE_VALUE
                | tags::CODING_SCHEME_DESIGNATOR
                | tags::CODING_SCHEME_VERSION
                | tags::MANUFACTURER
                | tags::MANUFACTURER_MODEL_NAME
        )
}

/// Pixels, overlays, curves, spectra and waveforms: no text but by chance or on purpose.
fn is_bulk(tag: Tag) -> bool {
    let repeats = |base: u16| tag.group() & 0xFF01 == base;
    match tag.element() {
        0x3000 => repeats(0x6000) || repeats(0x5000),
        0x1010 => tag.group() == 0x5400,
        _ => matches!(tag.group(), 0x7FE0 | 0x5600),
    }
}
