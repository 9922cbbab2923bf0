//! Arguments that all tools have which talk to a DICOM peer.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use sagittal_archive::query::Level;
use sagittal_core::{AeTitle, DataSet, Uid, dictionary, tags};
use sagittal_dimse::registry::Model;
use sagittal_dimse::scu::{Address, Target, User};
use sagittal_net::tls::TlsClient;

/// A peer, and how to talk to it.
#[derive(Debug, clap::Args)]
pub struct Association {
    /// The peer: AE_TITLE@HOST:PORT, or HOST:PORT, which is called ANY-SCP
    peer: Address,
    /// Our AE title
    #[arg(long, value_name = "AE_TITLE", default_value = "SAGITTAL-SCU")]
    calling: AeTitle,
    /// Seconds to wait for an answer
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    timeout: u64,
    /// User for user identity negotiation, as NAME or NAME:PASSCODE; better in SAGITTAL_DICOM_USER
    #[arg(
        long,
        env = "SAGITTAL_DICOM_USER",
        hide_env_values = true,
        value_name = "NAME:PASSCODE"
    )]
    identity: Option<String>,
    /// Speak TLS; trust the authorities in this PEM file
    #[arg(long, value_name = "FILE")]
    tls_ca: Option<PathBuf>,
    /// Show this certificate (PEM) over TLS
    #[arg(long, value_name = "FILE", requires = "tls_ca", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// Its private key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
}

impl Association {
    /// The peer, ready to be connected to.
    pub fn target(&self) -> anyhow::Result<Target> {
        let mut target = Target::new(self.peer.clone(), self.calling.clone());
        target.response_timeout = Duration::from_secs(self.timeout.max(1));
        target.user = self
            .identity
            .as_ref()
            .map(|text| match text.split_once(':') {
                Some((name, passcode)) => User {
                    name: name.to_owned(),
                    passcode: Some(passcode.to_owned()),
                },
                None => User {
                    name: text.clone(),
                    passcode: None,
                },
            });
        let read = |path: &PathBuf| {
            std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
        };
        if let Some(authorities) = &self.tls_ca {
            let roots = read(authorities)?;
            let client = match (&self.tls_certificate, &self.tls_key) {
                (Some(chain), Some(key)) => {
                    let (chain, key) = (read(chain)?, read(key)?);
                    TlsClient::from_pem(&roots, Some((&chain, &key)))
                }
                _ => TlsClient::from_pem(&roots, None),
            };
            target.tls = Some(client.context("cannot use the certificates")?);
        }
        Ok(target)
    }

    /// How the peer is called in messages.
    pub fn name(&self) -> String {
        format!(
            "{}@{}:{}",
            self.peer.ae_title, self.peer.host, self.peer.port
        )
    }
}

/// A query/retrieve information model (PS3.4 §C.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Root {
    /// Patient Root
    Patient,
    /// Study Root
    Study,
    /// Patient/Study Only
    PatientStudyOnly,
}

impl From<Root> for Model {
    fn from(root: Root) -> Model {
        match root {
            Root::Patient => Model::PatientRoot,
            Root::Study => Model::StudyRoot,
            Root::PatientStudyOnly => Model::PatientStudyOnly,
        }
    }
}

/// A query/retrieve level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LevelName {
    /// PATIENT
    Patient,
    /// STUDY
    Study,
    /// SERIES
    Series,
    /// IMAGE
    Image,
}

impl From<LevelName> for Level {
    fn from(level: LevelName) -> Level {
        match level {
            LevelName::Patient => Level::Patient,
            LevelName::Study => Level::Study,
            LevelName::Series => Level::Series,
            LevelName::Image => Level::Instance,
        }
    }
}

/// What is to be retrieved. The lowest level that is named is the level.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
pub struct Wanted {
    /// Patient ID (makes the model Patient Root, if nothing lower is named)
    #[arg(long, value_name = "ID")]
    patient: Option<String>,
    /// Study; may be given several times
    #[arg(long, value_name = "UID", value_parser = uid)]
    study: Vec<Uid>,
    /// Series; may be given several times
    #[arg(long, value_name = "UID", value_parser = uid)]
    series: Vec<Uid>,
    /// Instance; may be given several times
    #[arg(long, value_name = "UID", value_parser = uid)]
    instance: Vec<Uid>,
}

fn uid(text: &str) -> Result<Uid, String> {
    Uid::tolerant(text).map_err(|error| error.to_string())
}

impl Wanted {
    /// Model, level and keys. Without all the levels above, retrieval is relational.
    pub fn keys(&self) -> (Model, Level, DataSet, bool) {
        let mut keys = DataSet::utf8();
        let mut level = Level::Patient;
        let mut model = Model::StudyRoot;
        if let Some(patient) = &self.patient {
            keys.put_text(tags::PATIENT_ID, patient);
            model = Model::PatientRoot;
        }
        let levels = [
            (tags::STUDY_INSTANCE_UID, &self.study, Level::Study),
            (tags::SERIES_INSTANCE_UID, &self.series, Level::Series),
            (tags::SOP_INSTANCE_UID, &self.instance, Level::Instance),
        ];
        for (tag, uids, lower) in levels {
            if !uids.is_empty() {
                let uids: Vec<&str> = uids.iter().map(Uid::as_str).collect();
                keys.put_text(tag, &uids.join("\\"));
                level = lower;
            }
        }
        let relational = match level {
            Level::Series => self.study.is_empty(),
            Level::Instance => self.study.is_empty() || self.series.is_empty(),
            _ => false,
        };
        (model, level, keys, relational)
    }
}

/// Puts a key written `Keyword`, `Keyword=value`, `ggggeeee=value` or `Sequence.Keyword=value`.
pub fn put_key(keys: &mut DataSet, text: &str) -> Result<(), String> {
    let (path, value) = text.split_once('=').unwrap_or((text, ""));
    let mut tags = Vec::new();
    for name in path.split('.') {
        let tag = dictionary::parse(name.trim())
            .ok_or_else(|| format!("{name:?} is no keyword and no tag such as 00100020"))?;
        tags.push(tag);
    }
    put_path(keys, &tags, value);
    Ok(())
}

fn put_path(keys: &mut DataSet, path: &[sagittal_core::Tag], value: &str) {
    let Some((tag, rest)) = path.split_first() else {
        return;
    };
    if rest.is_empty() {
        if value.is_empty() {
            keys.put_empty(*tag);
        } else {
            keys.put_text(*tag, value);
        }
        return;
    }
    let mut item = keys
        .items(*tag)
        .first()
        .cloned()
        .unwrap_or_else(|| DataSet::with_character_set(keys.character_set().clone()));
    put_path(&mut item, rest, value);
    keys.put_items(*tag, vec![item]);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn keys_are_read_with_their_values_and_sequences() {
        let mut keys = DataSet::utf8();
        put_key(&mut keys, "PatientName=Müller*").unwrap();
        put_key(&mut keys, "00100020").unwrap();
        put_key(
            &mut keys,
            "RequestAttributesSequence.RequestedProcedureID=7",
        )
        .unwrap();
        put_key(
            &mut keys,
            "RequestAttributesSequence.ScheduledProcedureStepID",
        )
        .unwrap();
        assert_eq!(keys.text(tags::PATIENT_NAME).unwrap(), "Müller*");
        assert!(keys.get(tags::PATIENT_ID).unwrap().value.is_empty());
        let item = &keys.items(tags::REQUEST_ATTRIBUTES_SEQUENCE)[0];
        assert_eq!(item.text(tags::REQUESTED_PROCEDURE_ID).unwrap(), "7");
        assert_eq!(item.len(), 2);
        assert!(put_key(&mut keys, "NoSuchKeyword=1").is_err());
    }
}
