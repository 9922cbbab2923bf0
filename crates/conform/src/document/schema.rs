//! The JSON Schema of the document (draft 2020-12).

use serde_json::Value;

use super::Document;

/// The schema, as published in `docs/reference/conformance.schema.json`.
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(Document).to_value();
    if let Some(object) = schema.as_object_mut() {
        object.insert(
            "title".to_owned(),
            Value::from("DICOM conformance document, format 1"),
        );
    }
    schema
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_published_schema_is_the_one_of_the_types() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../docs/reference/conformance.schema.json"
        );
        let published = std::fs::read_to_string(path).unwrap();
        let ours = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
        if std::env::var_os("SAGITTAL_WRITE_SCHEMA").is_some() {
            std::fs::write(path, &ours).unwrap();
        }
        assert!(
            published == ours,
            "out of date: sagittal conformance schema > docs/reference/conformance.schema.json"
        );
    }
}
