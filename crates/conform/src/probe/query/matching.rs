//! How a key matches.

use sagittal_archive::query::Level;
use sagittal_core::{Tag, Vr, dictionary};

use super::Sample;
use super::ask::Asker;
use super::keys::unique_key;
use crate::document::Matching;

/// The ways in which a key matches, and in which it does not.
pub(super) async fn ask(
    asker: &mut Asker<'_>,
    level: Level,
    tag: Tag,
    sample: &Sample,
    value: &str,
) -> Result<(Vec<Matching>, Vec<Matching>), String> {
    let vr = dictionary::vr(tag);
    let mut question = Question {
        asker,
        level,
        tag,
        sample,
        vr,
        matching: Vec::new(),
        not_matching: Vec::new(),
    };
    question.all(value).await?;
    Ok((question.matching, question.not_matching))
}

struct Question<'q, 'a> {
    asker: &'q mut Asker<'a>,
    level: Level,
    tag: Tag,
    sample: &'q Sample,
    vr: Vr,
    matching: Vec<Matching>,
    not_matching: Vec<Matching>,
}

impl Question<'_, '_> {
    /// Does a value find anything? A refusal finds nothing.
    async fn finds(&mut self, value: &str) -> Result<bool, String> {
        let mut keys = self.sample.above.clone();
        keys.retain(|(tag, _)| *tag != self.tag);
        keys.push((self.tag, value.to_owned()));
        // Where the level is not pinned down, the study is: a name may be as common as can be.
        match self.asker.count(self.level, &keys).await {
            Ok(count) => Ok(count > 0),
            Err(why) if why.contains("status") || why.contains("refused") => Ok(false),
            Err(why) => Err(why),
        }
    }

    fn note(&mut self, how: Matching, works: bool) {
        if works {
            self.matching.push(how);
        } else {
            self.not_matching.push(how);
        }
    }

    async fn all(&mut self, value: &str) -> Result<(), String> {
        let Some(nobody) = nobody_has(self.vr) else {
            return Ok(());
        };
        let ignored = self.finds(nobody).await?;
        if ignored {
            self.note(Matching::Single, false);
            return Ok(());
        }
        let single = self.finds(value).await?;
        self.note(Matching::Single, single);
        match self.vr {
            Vr::UI => {
                let list = self.finds(&format!("{value}\\2.25.1")).await?;
                self.note(Matching::UidList, list);
            }
            Vr::DA | Vr::TM | Vr::DT => {
                let range = self.finds(&format!("{value}-{value}")).await?;
                self.note(Matching::Range, range);
            }
            Vr::PN | Vr::LO | Vr::SH | Vr::CS | Vr::AE | Vr::LT | Vr::ST | Vr::UC => {
                self.text(value).await?;
            }
            _ => {}
        }
        Ok(())
    }

    async fn text(&mut self, value: &str) -> Result<(), String> {
        if let Some(pattern) = wild(value) {
            let works = self.finds(&pattern).await?;
            self.note(Matching::WildCard, works);
        }
        let is_name_or_text = matches!(self.vr, Vr::PN | Vr::LO | Vr::SH);
        let swapped = swap_case(value);
        if is_name_or_text && swapped != value && self.tag != unique_key(self.level) {
            let works = self.finds(&swapped).await?;
            self.note(Matching::CaseInsensitive, works);
        }
        if !value.is_ascii() {
            // Asked for in UTF-8, as all of the above.
            let works = self.matching.contains(&Matching::Single);
            self.note(Matching::Unicode, works);
        }
        Ok(())
    }
}

/// A value of a VR that no object has; `None` for VRs that are not matched by value.
fn nobody_has(vr: Vr) -> Option<&'static str> {
    Some(match vr {
        Vr::PN => "Zzqx^Nobody^Probe",
        Vr::LO | Vr::LT | Vr::ST | Vr::UC => "ZZQX NOBODY HAS THIS",
        Vr::SH | Vr::AE | Vr::CS => "ZZQX_NOBODY",
        Vr::UI => "2.25.340282366920938463463374607431768211455",
        Vr::DA => "18010203",
        Vr::TM => "000000.000017",
        Vr::DT => "18010203040506",
        Vr::IS => "-2147483647",
        Vr::DS => "-8.7654321E20",
        Vr::AS => "999Y",
        _ => return None,
    })
}

/// The first half of a value, and anything.
fn wild(value: &str) -> Option<String> {
    let count = value.chars().count();
    let half: String = value.chars().take(count.div_ceil(2)).collect();
    let half = half.trim_end_matches(['^', '=', ' ', '*', '?']);
    (count > 1 && !half.is_empty()).then(|| format!("{half}*"))
}

/// Letters of the Latin alphabet in the other case.
fn swap_case(value: &str) -> String {
    let swap = |c: char| {
        if c.is_ascii_lowercase() {
            c.to_ascii_uppercase()
        } else {
            c.to_ascii_lowercase()
        }
    };
    value.chars().map(swap).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_made_of_the_first_half() {
        assert_eq!(wild("Doe^John"), Some("Doe*".to_owned()));
        assert_eq!(wild("A"), None);
        assert_eq!(wild("心エコー検査"), Some("心エコ*".to_owned()));
        assert_eq!(swap_case("Doe^J"), "dOE^j");
    }
}
