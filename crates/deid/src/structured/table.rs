//! Table E.3.4-1, and what a concept name is.

use sagittal_core::{DataSet, tags};

use crate::generated::clean_structured_content::ROWS;
use crate::text::Kind;
use crate::{Action, Options, ProfileOption};

/// One row.
#[derive(Debug)]
pub(crate) struct Row {
    /// Code value of the concept name.
    pub code: &'static str,
    /// Coding scheme designator.
    pub scheme: &'static str,
    /// Value type of the content item.
    pub value_type: &'static str,
    /// Without options.
    pub basic: Action,
    /// With options, the one that counts first first.
    pub options: &'static [(ProfileOption, Action)],
}

impl Row {
    /// What options make of it, and the one that did.
    pub fn action(&self, options: &Options) -> (Action, Option<ProfileOption>) {
        let on = self.options.iter().find(|(option, _)| options.has(*option));
        match on {
            Some((option, action)) => (*action, Some(*option)),
            None => (self.basic, None),
        }
    }
}

/// A concept name: code value and coding scheme designator.
pub(crate) fn concept(item: &DataSet) -> Option<(String, String)> {
    let code = item.items(tags::CONCEPT_NAME_CODE_SEQUENCE).first()?;
    let value = [
        tags::CODE_VALUE,
        tags::LONG_CODE_VALUE,
        tags::URN_CODE_VALUE,
    ]
    .iter()
    .find_map(|tag| code.first_text(*tag))?;
    let scheme = code.first_text(tags::CODING_SCHEME_DESIGNATOR)?;
    Some((value, scheme))
}

/// The row of a concept with a value of a type.
pub(crate) fn row(code: &str, scheme: &str, value_type: &str) -> Option<&'static Row> {
    let key = (code, scheme, value_type);
    let at = ROWS
        .binary_search_by(|row| (row.code, row.scheme, row.value_type).cmp(&key))
        .ok()?;
    ROWS.get(at)
}

/// What the text of a content item identifies, if its concept says so.
pub(crate) fn concept_kind(item: &DataSet) -> Option<Kind> {
    let (code, scheme) = concept(item)?;
    let row = row(&code, &scheme, "TEXT")?;
    let option = |wanted| row.options.iter().any(|(option, _)| *option == wanted);
    if option(ProfileOption::CleanDescriptors) {
        return None;
    }
    if option(ProfileOption::DeviceIdentity) {
        return Some(Kind::Device);
    }
    if option(ProfileOption::InstitutionIdentity) {
        return Some(Kind::Institution);
    }
    // Labels of findings and fiducials identify nobody by themselves.
    match code.as_str() {
        "121022" | "121021" | "121020" | "121030" | "113871" | "128775" | "128774" | "110190"
        | "125010" | "113872" | "111706" | "111724" | "121041" | "111705" | "111700" => {
            Some(Kind::Identifier)
        }
        "121435" => Some(Kind::StaffName),
        "121121" => Some(Kind::Institution),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Primitive;

    #[test]
    fn the_table_is_in_order_and_options_change_actions() {
        assert!(ROWS.is_sorted_by_key(|row| (row.code, row.scheme, row.value_type)));
        let mut options = Options::default();
        let finding = row("121071", "DCM", "TEXT").expect("a row");
        assert_eq!(finding.action(&options).0, Action::RemoveOrDummy);
        options.clean_descriptors = true;
        assert_eq!(finding.action(&options).0, Action::One(Primitive::Clean));
        assert!(row("121071", "DCM", "NUM").is_none());
    }
}
