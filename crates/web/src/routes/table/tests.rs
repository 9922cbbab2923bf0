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
