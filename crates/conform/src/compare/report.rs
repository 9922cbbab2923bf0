//! What a comparison says.

use serde::Serialize;

use crate::document::{Document, ServiceName, SopClasses, Status, TransferSyntaxes};

/// The version of the JSON that is written.
pub const FORMAT: u32 = 1;

/// What was found out about two systems.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Version of this form: 1.
    pub format: u32,
    /// One system.
    pub a: Side,
    /// The other.
    pub b: Side,
    /// The workflows looked at; all if empty.
    pub workflows: Vec<Workflow>,
    /// In one word.
    pub verdict: Verdict,
    /// How many findings of each outcome.
    pub counts: Counts,
    /// One by one: what A asks of B, then what B asks of A.
    pub findings: Vec<Finding>,
}

/// A system that is compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Side {
    /// Its name.
    pub name: String,
    /// Product and version.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub product: String,
    /// Its AE titles.
    pub ae_titles: Vec<String>,
    /// How its document is known.
    pub status: Option<Status>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// From what.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub evidence: String,
}

impl Side {
    pub(super) fn of(document: &Document) -> Side {
        let system = &document.system;
        let basis = document.basis_of(None);
        let product = [&system.product, &system.version];
        let product: Vec<&str> = product.iter().filter_map(|part| part.as_deref()).collect();
        Side {
            name: system.name.clone(),
            product: product.join(" "),
            ae_titles: document
                .application_entities
                .iter()
                .map(|entity| entity.ae_title.clone())
                .collect(),
            status: basis.map(|basis| basis.status),
            date: basis.and_then(|basis| basis.date.clone()),
            evidence: basis.map_or(String::new(), |basis| basis.evidence.clone()),
        }
    }
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// A opens the association, or sends the request.
    AToB,
    /// B does.
    BToA,
}

/// Something that two systems do together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Workflow {
    /// Associations as such.
    Association,
    /// C-ECHO.
    Verification,
    /// C-STORE.
    Store,
    /// C-FIND of Query/Retrieve.
    Query,
    /// C-MOVE, C-GET, and what comes of them.
    Retrieve,
    /// Modality worklist.
    Worklist,
    /// Modality performed procedure step.
    Mpps,
    /// Storage commitment.
    Commitment,
    /// Instance availability notification.
    Availability,
    /// Unified procedure step.
    Ups,
    /// Print.
    Print,
    /// Media creation management.
    MediaCreation,
    /// DICOMweb.
    Web,
    /// Files on media.
    Media,
    /// What is none of these.
    Other,
}

impl Workflow {
    /// All, by the name that a user writes.
    pub const NAMES: &'static [(&'static str, Workflow)] = &[
        ("association", Workflow::Association),
        ("verification", Workflow::Verification),
        ("store", Workflow::Store),
        ("query", Workflow::Query),
        ("retrieve", Workflow::Retrieve),
        ("worklist", Workflow::Worklist),
        ("mpps", Workflow::Mpps),
        ("commitment", Workflow::Commitment),
        ("availability", Workflow::Availability),
        ("ups", Workflow::Ups),
        ("print", Workflow::Print),
        ("media-creation", Workflow::MediaCreation),
        ("web", Workflow::Web),
        ("media", Workflow::Media),
        ("other", Workflow::Other),
    ];

    /// By its name.
    pub fn named(name: &str) -> Result<Workflow, String> {
        let found = Workflow::NAMES.iter().find(|(known, _)| *known == name);
        found.map(|(_, workflow)| *workflow).ok_or_else(|| {
            let names: Vec<&str> = Workflow::NAMES.iter().map(|(name, _)| *name).collect();
            format!("{name:?} is no workflow, expected {}", names.join(", "))
        })
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        let found = Workflow::NAMES.iter().find(|(_, known)| *known == self);
        found.map_or("other", |(name, _)| name)
    }

    pub(super) fn of(service: Option<ServiceName>) -> Workflow {
        match service {
            Some(ServiceName::Verification) => Workflow::Verification,
            Some(ServiceName::Storage) => Workflow::Store,
            Some(ServiceName::Query) => Workflow::Query,
            Some(ServiceName::Retrieve) => Workflow::Retrieve,
            Some(ServiceName::Worklist) => Workflow::Worklist,
            Some(ServiceName::ModalityPerformedProcedureStep) => Workflow::Mpps,
            Some(ServiceName::StorageCommitment) => Workflow::Commitment,
            Some(ServiceName::InstanceAvailability) => Workflow::Availability,
            Some(ServiceName::UnifiedProcedureStep) => Workflow::Ups,
            Some(ServiceName::Print) => Workflow::Print,
            Some(ServiceName::MediaCreation) => Workflow::MediaCreation,
            None => Workflow::Other,
        }
    }
}

/// What will happen, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It works.
    Works,
    /// It works because one side converts pixel data.
    Transcoding,
    /// It works, but not as the asking side expects.
    Impaired,
    /// The documents do not tell.
    Unknown,
    /// It is refused.
    Refused,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Outcome; 5] = [
        Outcome::Works,
        Outcome::Transcoding,
        Outcome::Impaired,
        Outcome::Unknown,
        Outcome::Refused,
    ];

    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Works => "works",
            Outcome::Transcoding => "transcoding",
            Outcome::Impaired => "impaired",
            Outcome::Unknown => "unknown",
            Outcome::Refused => "refused",
        }
    }
}

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// To know.
    Info,
    /// To look at before going live.
    Warning,
    /// To solve before going live.
    Error,
}

/// Where two systems part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The presentation context: SOP class or transfer syntax.
    Context,
    /// SCP/SCU role selection.
    Role,
    /// Extended negotiation.
    ExtendedNegotiation,
    /// The association: how many, how many contexts.
    Association,
    /// The length of PDUs.
    Pdu,
    /// AE titles.
    AeTitle,
    /// Secure transport.
    Tls,
    /// A key of a query, or its level.
    Key,
    /// Character sets.
    CharacterSet,
    /// A resource of DICOMweb.
    Resource,
    /// A media type.
    MediaType,
    /// A query parameter of DICOMweb.
    Parameter,
    /// An application profile of media.
    MediaProfile,
}

/// Which side converts, and whether it loses something.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Converter {
    /// AE title of the side.
    pub by: String,
    /// Something is lost.
    pub lossy: bool,
}

/// What can be done.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Remedy {
    /// Name of the system where, or `between` for a system between both.
    pub at: String,
    /// In plain words.
    pub text: String,
    /// For the configuration of Sagittal, ready to be taken over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub toml: Option<String>,
}

/// One thing that one system sends to or asks of the other.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Who asks.
    pub direction: Direction,
    /// What for.
    pub workflow: Workflow,
    /// What will happen.
    pub outcome: Outcome,
    /// How much it matters.
    pub severity: Severity,
    /// Where the two part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Who asks, as AE title or URL.
    pub from: String,
    /// Who answers, as AE title or URL.
    pub to: String,
    /// What it is about, for people.
    pub subject: String,
    /// SOP classes.
    #[serde(skip_serializing_if = "SopClasses::is_empty")]
    pub sop_classes: SopClasses,
    /// Transfer syntaxes that are proposed, or held.
    #[serde(skip_serializing_if = "TransferSyntaxes::is_empty")]
    pub proposed: TransferSyntaxes,
    /// Transfer syntaxes in which it goes over the wire; several if it is not known which.
    #[serde(skip_serializing_if = "TransferSyntaxes::is_empty")]
    pub used: TransferSyntaxes,
    /// Who converts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub converter: Option<Converter>,
    /// What happens, in plain words.
    pub detail: String,
    /// The clause of DICOM that speaks of it.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub clause: &'static str,
    /// What can be done.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remedies: Vec<Remedy>,
}

impl Finding {
    /// Does it count against going live?
    pub fn counts(&self) -> bool {
        match self.outcome {
            Outcome::Works => false,
            Outcome::Transcoding => true,
            _ => self.severity > Severity::Info,
        }
    }
}

/// In one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// All that is known works.
    Works,
    /// It works with a conversion, or there is something to look at.
    Look,
    /// Something is refused.
    Refused,
}

impl Verdict {
    /// The worst of some findings.
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Verdict {
        let each = findings.into_iter().filter(|finding| finding.counts());
        let each = each.map(|finding| match finding.severity {
            Severity::Error => Verdict::Refused,
            _ => Verdict::Look,
        });
        each.max().unwrap_or(Verdict::Works)
    }
}

/// How many findings of each outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // as the outcomes
pub struct Counts {
    pub works: usize,
    pub transcoding: usize,
    pub impaired: usize,
    pub unknown: usize,
    pub refused: usize,
}

impl Counts {
    /// Of some findings.
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Counts {
        let mut counts = Counts::default();
        for finding in findings {
            *match finding.outcome {
                Outcome::Works => &mut counts.works,
                Outcome::Transcoding => &mut counts.transcoding,
                Outcome::Impaired => &mut counts.impaired,
                Outcome::Unknown => &mut counts.unknown,
                Outcome::Refused => &mut counts.refused,
            } += 1;
        }
        counts
    }
}

impl Comparison {
    pub(super) fn new(
        a: &Document,
        b: &Document,
        workflows: &[Workflow],
        findings: Vec<Finding>,
    ) -> Comparison {
        Comparison {
            format: FORMAT,
            a: Side::of(a),
            b: Side::of(b),
            workflows: workflows.to_vec(),
            verdict: Verdict::of(&findings),
            counts: Counts::of(&findings),
            findings,
        }
    }

    /// As JSON.
    ///
    /// # Errors
    /// It cannot be written, which does not happen.
    pub fn to_json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}
