use super::*;
use std::collections::BTreeSet;

#[test]
fn names_and_paths_are_unique() {
    let names: BTreeSet<&str> = ROUTES.iter().map(|route| route.name).collect();
    assert_eq!(names.len(), ROUTES.len());
    let paths: BTreeSet<(String, Method)> = ROUTES
        .iter()
        .map(|route| (format!("{:?}{}", route.base, route.path), route.method))
        .collect();
    assert_eq!(paths.len(), ROUTES.len());
}

#[test]
fn only_pages_without_studies_are_open_to_everybody() {
    let open: Vec<&str> = ROUTES
        .iter()
        .filter(|route| route.permission.is_none())
        .map(|route| route.name)
        .collect();
    assert_eq!(open, ["statusPage", "health"]);
}

#[test]
fn a_view_has_what_the_standard_defines_and_nothing_that_shows_originals_otherwise() {
    let in_views = ROUTES.iter().filter(|route| route.is_in_views());
    for route in in_views {
        let is_known = ["search", "retrieve", "store", "delete"]
            .iter()
            .any(|kind| route.name.starts_with(kind));
        let others = ["capabilities", "wadoUri"];
        assert!(is_known || others.contains(&route.name), "{}", route.name);
    }
    let out = ["studyFindings", "previewDeidentification", "events"];
    for route in ROUTES.iter().filter(|route| out.contains(&route.name)) {
        assert!(!route.is_in_views(), "{}", route.name);
    }
}
