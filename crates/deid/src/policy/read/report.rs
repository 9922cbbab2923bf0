//! The table `[report]`.

use super::*;
use crate::report::Quasi;

impl Reader<'_> {
    pub(super) fn report(&mut self, root: &DeTable<'_>) {
        let Some((table, _)) = self.table(root, "report") else {
            return;
        };
        self.known(table, "report", &["quasi_identifiers", "k"]);
        if let Some(value) = table.get("quasi_identifiers") {
            let path = "report.quasi_identifiers";
            let mut chosen: Vec<Quasi> = Vec::new();
            for (text, span) in self.texts(value, path) {
                let Some(tag) = self.attribute(&text, span.clone(), path) else {
                    continue;
                };
                match Quasi::of_attribute(tag) {
                    None => {
                        let message = format!("{text} has no short text to count by");
                        self.problem(span, path, message, None);
                    }
                    Some(quasi) if chosen.contains(&quasi) => {
                        let message = format!("{text} is there already");
                        self.problem(span, path, message, None);
                    }
                    Some(quasi) => chosen.push(quasi),
                }
            }
            self.policy.report.quasi_identifiers = chosen;
        }
        if let Some(value) = table.get("k") {
            let k = integer(value).and_then(|k| u32::try_from(k).ok());
            match k.filter(|k| (2..=1000).contains(k)) {
                Some(k) => self.policy.report.k = k,
                None => {
                    let remedy = Some("k = 5".to_owned());
                    let message = "not a number of patients from 2 to 1000";
                    self.problem(value.span(), "report.k", message, remedy);
                }
            }
        }
    }
}
