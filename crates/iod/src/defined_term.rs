//! Which terms the standard defines for an attribute, in whatever module (PS3.3 Annex C).

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use sagittal_core::Tag;

use crate::rules::{RULES, Rule, ValueSet};

/// Is the value one of the enumerated values or defined terms that some module gives the
/// attribute?
pub fn is_defined_term(tag: Tag, value: &str) -> bool {
    let value = value.trim_matches([' ', '\0']);
    TERMS.get(&tag).is_some_and(|terms| terms.contains(value))
}

static TERMS: LazyLock<HashMap<Tag, HashSet<&'static str>>> = LazyLock::new(|| {
    let mut terms = HashMap::new();
    for module in &RULES.modules {
        gather(&module.rules, &mut terms);
    }
    terms
});

fn gather(rules: &[Rule], terms: &mut HashMap<Tag, HashSet<&'static str>>) {
    for rule in rules {
        let set = rule
            .values
            .and_then(|values| RULES.value_sets.get(values.set));
        if let Some(ValueSet::Text(values)) = set {
            terms.entry(rule.tag).or_default().extend(values);
        }
        gather(&rule.items, terms);
    }
}

#[cfg(test)]
mod tests {
    use sagittal_core::tags;

    use super::*;

    #[test]
    fn terms_are_those_of_the_attribute() {
        assert!(is_defined_term(
            tags::PHOTOMETRIC_INTERPRETATION,
            "MONOCHROME2 "
        ));
        assert!(is_defined_term(tags::LATERALITY, "R"));
        assert!(is_defined_term(tags::VALUE_TYPE, "CONTAINER"));
        assert!(!is_defined_term(tags::LATERALITY, "MONOCHROME2"));
        assert!(!is_defined_term(tags::PHOTOMETRIC_INTERPRETATION, "SMITH"));
        assert!(!is_defined_term(tags::PATIENT_ID, ""));
    }
}
