//! Data quality of what arrives, against the built binary.
#![allow(clippy::unwrap_used)]

mod policy;
mod quarantine;
mod real_files;
mod report;
#[path = "../dimse/tools.rs"]
#[allow(dead_code)] // Shared with the tests of DIMSE.
mod tools;
mod validate;

use sagittal_core::tags;
use sagittal_tests::objects::{self, Object};
use sagittal_tests::{Server, cli::Ran};
use serde_json::Value;

/// A CT whose patient has a name of 64 letters.
fn cut() -> Object {
    objects::ct().with(tags::PATIENT_NAME, &"n".repeat(64))
}

/// Sends one object with DCMTK's storescu; `None` if there is none.
fn storescu(server: &Server, arguments: &[&str], object: &Object) -> Option<Ran> {
    let folder = object.sop_instance_uid().to_string();
    let files = tools::write(server, &folder, std::slice::from_ref(object));
    let mut all = vec!["+sd"];
    all.extend(arguments);
    tools::dcmtk("storescu", server, &all, &[&files])
}

/// What `/quality/findings` says, with a query.
fn findings(server: &Server, query: &str) -> Vec<Value> {
    let path = format!("/quality/findings?{query}");
    let json = server.get(&path).expect(200).json();
    json.as_array().unwrap().clone()
}

/// Kind and path of what was found in an instance.
fn kinds(instance: &Value) -> Vec<(String, String)> {
    let text = |found: &Value, key: &str| found[key].as_str().unwrap().to_owned();
    let all = instance["findings"].as_array().unwrap().iter();
    all.map(|found| (text(found, "kind"), text(found, "path")))
        .collect()
}
