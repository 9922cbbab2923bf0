//! Policies that the server knows by name, and the views that are made by them.

use std::fmt;
use std::sync::Arc;

use sagittal_deid::deface::Faces;
use sagittal_deid::pixels::PixelCleaner;
use sagittal_deid::reidentify::Certificate;
use sagittal_deid::residual::Cache;
use sagittal_deid::{Check, Project};

use super::faces;
use super::known::Patients;
use crate::cache::ByteCache;

/// A policy with its key, by name.
pub struct Named {
    /// Its name in the configuration.
    pub name: String,
    /// Policy, key, pseudonyms, and what lists know.
    pub project: Arc<Project>,
    /// Searched for in every output besides what the input says of itself.
    pub terms: Vec<String>,
    /// Those who may re-identify.
    pub recipients: Vec<Certificate>,
    cache: Cache,
    pub(super) patients: Patients,
    pub(super) cleaner: PixelCleaner,
    pub(super) faces: ByteCache<faces::Key, Arc<Faces>>,
    digest: [u8; 32],
}

impl Named {
    /// A policy; `cleaner` cleans its pixels. `lists` is what else its outputs depend on: the content of lists and catalogues.
    pub fn new(
        name: impl Into<String>,
        mut project: Project,
        cleaner: PixelCleaner,
        terms: Vec<String>,
        recipients: Vec<Certificate>,
        lists: &[u8],
    ) -> Named {
        project.pixels = Some(Arc::new(cleaner.clone()));
        let (rules, searched) = (project.policy.rule_set_digest(), terms.join("\n"));
        let parts: [&[u8]; 3] = [rules.as_bytes(), lists, searched.as_bytes()];
        Named {
            // Keyed: nobody else can tell which key it is.
            digest: project.key.derive("named policy", &parts),
            name: name.into(),
            project: Arc::new(project),
            terms,
            recipients,
            cache: Cache::new(),
            patients: Patients::default(),
            cleaner,
            faces: ByteCache::new(faces::REMEMBERED),
        }
    }

    /// Changes whenever outputs would: policy, key, lists.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Are studies, series and instances known by the pseudonyms of their UIDs, or by their UIDs? A
    /// view must know them by one of these.
    pub fn has_uids_of_its_own(&self) -> bool {
        !super::probe::probe(self).is_consistent
    }

    /// What the residual check takes.
    pub fn check(&self) -> Check<'_> {
        Check {
            terms: &self.terms,
            recipients: &self.recipients,
            cache: &self.cache,
        }
    }
}

/// Never the key.
impl fmt::Debug for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.project.key.fingerprint();
        write!(f, "Named({}, key {key})", self.name)
    }
}

/// A de-identified view of the archive.
#[derive(Clone, Debug)]
pub struct View {
    /// Its name: part of its URL.
    pub name: String,
    /// The AE title that associations call it by, if it has one.
    pub ae_title: Option<String>,
    /// How it is de-identified.
    pub policy: Arc<Named>,
}

/// All that the configuration names.
#[derive(Clone, Debug, Default)]
pub struct Policies {
    /// Policies.
    pub named: Vec<Arc<Named>>,
    /// Views.
    pub views: Vec<View>,
}

impl Policies {
    /// The policy of this name.
    pub fn get(&self, name: &str) -> Option<&Arc<Named>> {
        self.named.iter().find(|named| named.name == name)
    }

    /// The view of this name.
    pub fn view(&self, name: &str) -> Option<&View> {
        self.views.iter().find(|view| view.name == name)
    }

    /// The view that is called by this AE title.
    pub fn view_called(&self, ae_title: &str) -> Option<&View> {
        let called = |view: &&View| view.ae_title.as_deref() == Some(ae_title);
        self.views.iter().find(called)
    }
}
