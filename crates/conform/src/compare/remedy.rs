//! What can be done, in plain words, and as settings of ours where there are any.

use sagittal_core::{Uid, sop_class};
use sagittal_dimse::lossy::CODINGS;
use sagittal_dimse::registry::{self, Operation};

use super::context::{Piece, Why, name, names};
use super::report::{Finding, Remedy};
use super::way::{Way, could_be_converted};
use crate::document::{ApplicationEntity, Document, Role, ServiceName, SopClasses};

/// Is it a server of this program?
pub(super) fn is_ours(document: &Document) -> bool {
    document.system.product.as_deref() == Some("Sagittal")
}

fn at(document: &Document, text: impl Into<String>) -> Remedy {
    Remedy {
        at: document.system.name.clone(),
        text: text.into(),
        toml: None,
    }
}

fn setting(document: &Document, text: impl Into<String>, toml: String) -> Remedy {
    Remedy {
        toml: Some(toml),
        ..at(document, text)
    }
}

fn list<'a>(uids: impl IntoIterator<Item = &'a Uid>) -> String {
    let uids: Vec<String> = uids.into_iter().map(|uid| format!("\"{uid}\"")).collect();
    format!("[{}]", uids.join(", "))
}

/// The beginning of a `[[peer]]` for an entity of a system.
fn peer(document: &Document, entity: &ApplicationEntity) -> String {
    let of = |text: &str| -> String {
        let kept = text.to_lowercase();
        kept.chars()
            .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
            .take(32)
            .collect()
    };
    let name = match of(&document.system.name) {
        name if name.is_empty() => of(&entity.ae_title),
        name => name,
    };
    let address = entity.addresses.first();
    let host = address
        .map(|address| address.host.as_str())
        .filter(|host| !host.is_empty());
    format!(
        "[[peer]]\nname = \"{name}\"\nae_title = \"{}\"\nhost = \"{}\"\nport = {}\n",
        entity.ae_title,
        host.unwrap_or("10.0.0.5"),
        address.map_or(104, |address| address.port)
    )
}

/// Of a presentation context.
pub(super) fn of_context(
    way: &Way<'_>,
    scu: &ApplicationEntity,
    scp: Option<&ApplicationEntity>,
    piece: &Piece,
    finding: &mut Finding,
) {
    let Some(scp) = scp else {
        finding
            .remedies
            .push(at(way.to, "ask for its conformance statement, or probe it"));
        return;
    };
    let remedies = &mut finding.remedies;
    let (from, to) = (way.from, way.to);
    match &piece.why {
        Why::SopClass(_) => sop_classes(way, finding),
        Why::Syntaxes(accepted) => {
            let classes = &finding.sop_classes;
            if is_ours(to) {
                remedies.extend(take_more(way, scp, piece, classes.iter().next()));
            } else {
                let names = names(&piece.proposed, 4);
                remedies.push(at(to, format!("have it accept {names}, if it can")));
            }
            remedies.push(at(
                from,
                format!("have it propose {} as well", names(accepted, 4)),
            ));
            between(way, piece, remedies);
        }
        Why::NotConvertible(accepted) if is_ours(from) => {
            let coding = CODINGS
                .iter()
                .find(|(_, uid)| accepted.iter().any(|one| one.as_str() == *uid));
            if let Some((coding, _)) = coding {
                let toml = format!("{}lossy = [\"{coding}\"]\n", peer(to, scp));
                let text =
                    "allow compression with loss for this peer; what it gets are other instances";
                remedies.push(setting(from, text, toml));
            }
            remedies.push(at(
                to,
                format!("have it accept {}, if it can", names(&piece.proposed, 4)),
            ));
        }
        Why::NotConvertible(_) => {
            remedies.push(at(
                to,
                format!("have it accept {}, if it can", names(&piece.proposed, 4)),
            ));
        }
        Why::Role(_) | Why::RoleUnknown if is_ours(to) => {
            remedies.push(setting(
                to,
                "offer C-GET",
                "[services]\nget = true\n".to_owned(),
            ));
        }
        Why::Role(_) | Why::RoleUnknown => {
            remedies.push(at(
                from,
                "retrieve with C-MOVE instead of C-GET, or over DICOMweb",
            ));
        }
        Why::NotTold => {
            remedies.push(at(to, "ask for its conformance statement, or probe it"));
        }
        Why::Accepted { .. } | Why::Converted => {}
    }
    if let (Why::Converted, Some(converter)) = (&piece.why, &piece.converter)
        && converter.lossy
    {
        finding.remedies.push(at(
            from,
            format!("see to it that {} may lose something", scu.ae_title),
        ));
    }
}

/// Transfer syntaxes that a server of ours could accept as well.
fn take_more(
    way: &Way<'_>,
    scp: &ApplicationEntity,
    piece: &Piece,
    class: Option<&Uid>,
) -> Option<Remedy> {
    let class = class.filter(|class| sop_class::storage(class.as_str()).is_some())?;
    let mut all = scp.transfer_syntaxes(class, Role::Scp);
    all.extend(piece.proposed.iter().cloned());
    let toml = format!("[dimse]\ntransfer_syntaxes = {}\n", list(&all));
    Some(setting(
        way.to,
        format!("accept {} as well", names(&piece.proposed, 4)),
        toml,
    ))
}

/// A system of ours between two that do not understand each other.
fn between(way: &Way<'_>, piece: &Piece, remedies: &mut Vec<Remedy>) {
    if is_ours(way.from) || is_ours(way.to) {
        return;
    }
    if let Some((to, lossy)) = could_be_converted(piece) {
        let loss = if lossy {
            "with loss (`lossy` of its [[peer]])"
        } else {
            "without loss"
        };
        remedies.push(Remedy {
            at: "between".to_owned(),
            text: format!(
                "let a Sagittal receive it and send it on: it converts to {} {loss}",
                name(&to)
            ),
            toml: None,
        });
    }
}

/// SOP classes that the other side does not take at all.
fn sop_classes(way: &Way<'_>, finding: &mut Finding) {
    let (from, to) = (way.from, way.to);
    let classes: Vec<Uid> = finding.sop_classes.iter().cloned().collect();
    let remedies = &mut finding.remedies;
    if !is_ours(to) {
        let is_storage = classes
            .iter()
            .all(|uid| ServiceName::of(uid) == Some(ServiceName::Storage));
        remedies.push(at(to, "have it accept the SOP class, if it can"));
        if is_storage && !is_ours(from) {
            remedies.push(at(
                from,
                "have it write a SOP class that the other side takes, if it can",
            ));
        }
        return;
    }
    let of_service = classes
        .iter()
        .find_map(|uid| registry::service_of(uid.as_str()));
    if let Some(service) = of_service {
        let word = match service.operation {
            Operation::Find => "find",
            Operation::Move => "move",
            Operation::Get => "get",
            Operation::Store | Operation::Echo => return,
        };
        let text = format!("offer {}", service.operation.name());
        remedies.push(setting(to, text, format!("[services]\n{word} = true\n")));
        return;
    }
    let all_retired = SopClasses::named("all retired storage").unwrap_or_default();
    let is_current = |uid: &Uid| sop_class::storage(uid.as_str()).is_some();
    let is_private = |uid: &&Uid| sagittal_core::dictionary::uid_name(uid.as_str()).is_none();
    let before = remedies.len();
    if classes.iter().any(is_current) {
        let toml = "[services]\nstore = true\n".to_owned();
        remedies.push(setting(to, "offer C-STORE", toml));
    }
    if classes.iter().any(|uid| all_retired.contains(uid)) {
        let toml = "[dimse]\nretired_sop_classes = true\n".to_owned();
        let text = "accept retired storage SOP classes";
        remedies.push(setting(to, text, toml));
    }
    if classes.iter().any(|uid| is_private(&uid)) {
        let private = list(classes.iter().filter(is_private));
        let toml = format!("[dimse]\nsop_classes = {private}\n");
        remedies.push(setting(to, "accept these SOP classes as storage", toml));
    }
    if remedies.len() == before {
        remedies.push(at(
            to,
            "it does not have this service; use another system for it",
        ));
    }
}

/// The accepting side must know the caller.
pub(super) fn register(
    way: &Way<'_>,
    scu: &ApplicationEntity,
    scp: &ApplicationEntity,
) -> Vec<Remedy> {
    let text = format!(
        "enter {} as a known caller of {}",
        scu.ae_title, scp.ae_title
    );
    vec![match is_ours(way.to) {
        true => setting(way.to, text, peer(way.from, scu)),
        false => at(way.to, text),
    }]
}

pub(super) fn other_title(way: &Way<'_>) -> Vec<Remedy> {
    let text = "give one of them another AE title";
    let ours = [way.from, way.to]
        .into_iter()
        .find(|document| is_ours(document));
    vec![match ours {
        Some(ours) => setting(ours, text, "[dimse]\nae_title = \"SAGITTAL2\"\n".to_owned()),
        None => at(way.from, text),
    }]
}

pub(super) fn associations(
    way: &Way<'_>,
    scp: &ApplicationEntity,
    opened: u32,
    most: u32,
) -> Vec<Remedy> {
    let mut remedies = Vec::new();
    let fewer = format!("have it open {most} at most, and try again when it is rejected");
    remedies.push(match is_ours(way.from) {
        true => setting(
            way.from,
            fewer,
            format!("{}max_associations = {most}\n", peer(way.to, scp)),
        ),
        false => at(way.from, fewer),
    });
    if is_ours(way.to) && opened > 0 {
        let toml =
            format!("[dimse]\nmax_associations = {opened}\nmax_associations_per_peer = {opened}\n");
        remedies.push(setting(way.to, format!("take {opened}"), toml));
    }
    remedies
}

pub(super) fn fewer_contexts(way: &Way<'_>, most: u32) -> Vec<Remedy> {
    vec![at(
        way.from,
        format!("have it propose {most} contexts at most, or only the SOP classes that it needs"),
    )]
}

pub(super) fn longer_pdu(way: &Way<'_>) -> Vec<Remedy> {
    let text = "take longer PDUs";
    vec![match is_ours(way.to) {
        true => setting(way.to, text, "[dimse]\nmax_pdu = \"128 KiB\"\n".to_owned()),
        false => at(way.to, text),
    }]
}

pub(super) fn without(way: &Way<'_>, what: &str) -> Vec<Remedy> {
    vec![at(way.from, format!("have it do without {what}"))]
}

/// `use_of` is `store` or `query`.
pub(super) fn character_set(way: &Way<'_>, scp: &ApplicationEntity, use_of: &str) -> Vec<Remedy> {
    let rows = scp.character_sets.iter();
    let rows =
        rows.filter(|row| row.used_in.is_empty() || row.used_in.iter().any(|word| word == use_of));
    let terms: Vec<&str> = rows
        .filter(|row| row.support.is_yes())
        .flat_map(|row| &row.terms)
        .map(String::as_str)
        .take(6)
        .collect();
    let to = if terms.is_empty() {
        "ISO_IR 192 or ISO_IR 100, if the other side reads them".to_owned()
    } else {
        format!("one of {}", terms.join(", "))
    };
    vec![at(way.from, format!("have it write {to}"))]
}

pub(super) fn plain_port(
    way: &Way<'_>,
    scu: &ApplicationEntity,
    scp: &ApplicationEntity,
) -> Vec<Remedy> {
    let mut remedies = vec![match is_ours(way.from) {
        true => setting(
            way.from,
            "speak TLS to this peer",
            format!("{}tls = true\n", peer(way.to, scp)),
        ),
        false => at(
            way.from,
            format!("find out whether {} can speak TLS", scu.ae_title),
        ),
    }];
    remedies.push(at(
        way.to,
        "or listen without TLS as well, in a network that allows it",
    ));
    remedies
}

pub(super) fn tls_versions(way: &Way<'_>) -> Vec<Remedy> {
    vec![at(
        way.from,
        "update it; TLS 1.2 with ECDHE and AES-GCM suites is what PS3.15 §B.12 asks for",
    )]
}

pub(super) fn client_certificate(way: &Way<'_>) -> Vec<Remedy> {
    let text = "trust the authority of the other side's certificate";
    vec![match is_ours(way.to) {
        true => setting(
            way.to,
            text,
            "[dimse.tls]\nclient_ca = \"/etc/sagittal/clients.pem\"\n".to_owned(),
        ),
        false => at(way.to, text),
    }]
}

pub(super) fn key(way: &Way<'_>, is_return: bool) -> Vec<Remedy> {
    vec![at(
        way.from,
        match is_return {
            true => {
                "have it do without the value, or take it from another level or from the instances"
            }
            false => "have it ask by other keys and filter the answers itself",
        },
    )]
}

pub(super) fn web(way: &Way<'_>, is_nothing: bool) -> Vec<Remedy> {
    if is_ours(way.to) && is_nothing {
        return vec![setting(
            way.to,
            "offer DICOMweb",
            "[http]\nenabled = true\n".to_owned(),
        )];
    }
    vec![at(way.from, "have it use another transaction, or DIMSE")]
}
