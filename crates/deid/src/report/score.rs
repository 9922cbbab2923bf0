//! How the program did on a planted corpus: what `cargo xtask deid-bench --json` writes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::document::{Block, Table};

/// Required actions that were taken, of all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Score {
    /// The program that was scored, with its version.
    pub program: String,
    /// The corpus, in words.
    pub corpus: String,
    /// By kind of check: passed, of all.
    pub kinds: BTreeMap<String, (u64, u64)>,
}

impl Score {
    /// As parts of a report.
    pub(super) fn blocks(&self) -> Vec<Block> {
        let (passed, all) = self
            .kinds
            .values()
            .fold((0, 0), |sum, kind| (sum.0 + kind.0, sum.1 + kind.1));
        let mut table = Table::new(
            "Required actions by kind of check",
            &[("Check", 4), ("#Taken", 2), ("#Required", 2)],
        );
        for (kind, (passed, all)) in &self.kinds {
            table.row([kind.clone(), passed.to_string(), all.to_string()]);
        }
        let mut blocks = vec![
            Block::Text(format!(
                "{} was run on {} with an answer key that shares no code with it: {passed} of {all} required actions were taken. The corpus is made up and says nothing of the instances of this run.",
                self.program, self.corpus
            )),
            Block::Table(table),
        ];
        if passed < all {
            blocks.insert(
                1,
                Block::Warning(format!("{} required actions were not taken.", all - passed)),
            );
        }
        blocks
    }
}
