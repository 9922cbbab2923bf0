//! Whole validation of what arrives, where a rule asks for it.

use sagittal_core::tags;
use sagittal_tests::objects::{self, Object};
use sagittal_tests::{Server, cli::Ran};

use super::{findings, kinds, storescu};

const RULES: &str = "
[[quality.rule]]
name = \"acceptance-test\"
sources = [\"STRICT\"]
checks = [\"missing\"]
severity = \"error\"
action = \"refuse\"
validate = \"all\"

[[quality.rule]]
name = \"spot-check\"
sources = [\"SPOT\"]
severity = \"error\"
action = \"tag\"
validate = \"sample\"
sample = 2
";

/// A CT without Image Type: type 1, and none of the cheap checks looks at it.
fn without_image_type() -> Object {
    let mut object = objects::ct();
    object.data_set.remove(tags::IMAGE_TYPE);
    object
}

fn is_named(server: &Server, object: &Object) -> bool {
    let found = findings(server, &format!("instance={}", object.sop_instance_uid()));
    let missing = ("missing".to_owned(), "ImageType".to_owned());
    found.iter().any(|one| kinds(one).contains(&missing))
}

fn sent(server: &Server, source: &str, object: &Object) -> Option<Ran> {
    storescu(server, &["-v", "-d", "-aet", source], object)
}

#[test]
fn what_only_the_whole_iod_asks_for_is_refused_where_a_rule_wants_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::builder().config(folder.path(), RULES).start();
    let object = without_image_type();
    let Some(ran) = sent(&server, "STRICT", &object) else {
        return;
    };
    let said = format!("{}{}", ran.stdout, ran.stderr).to_lowercase();
    assert!(said.contains("imagetype missing"), "{said}");
    assert_eq!(server.count(""), 0);
    assert!(is_named(&server, &object));
    // Who is not asked may send it.
    sent(&server, "OTHER", &object).unwrap().expect(0);
    assert_eq!(server.count(""), 1);
}

#[test]
fn of_a_series_the_first_is_validated_and_then_one_of_so_many() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::builder().config(folder.path(), RULES).start();
    let series = "2.25.1";
    let mut named = Vec::new();
    for _ in 0..4 {
        let object = without_image_type().with(tags::SERIES_INSTANCE_UID, series);
        let Some(ran) = sent(&server, "SPOT", &object) else {
            return;
        };
        ran.expect(0);
        named.push(is_named(&server, &object));
    }
    assert_eq!(named, [true, false, true, false]);
    assert_eq!(server.count(""), 4);
}
