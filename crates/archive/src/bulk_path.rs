//! How a BulkDataURI names an element: eight hexadecimal digits a tag, a decimal number an item
//! (from 0), separated by slashes, e.g. `7FE00010` or `54000100/0/54001010`.

use sagittal_core::{PathStep, Tag, TagPath};

/// The text for a path.
pub fn format(path: &TagPath) -> String {
    let steps = path.0.iter().map(|step| match step {
        PathStep::Element(tag) => tag.to_hex(),
        PathStep::Item(index) => index.to_string(),
    });
    steps.collect::<Vec<_>>().join("/")
}

/// The path for a text; `None` for anything that [`format()`] does not write.
pub fn parse(text: &str) -> Option<TagPath> {
    let mut steps = Vec::new();
    for (position, part) in text.split('/').enumerate() {
        let step = if position % 2 == 0 {
            let upper = |b: u8| b.is_ascii_digit() || (b'A'..=b'F').contains(&b);
            if part.len() != 8 || !part.bytes().all(upper) {
                return None;
            }
            PathStep::Element(part.parse::<Tag>().ok()?)
        } else {
            let canonical = part.bytes().all(|b| b.is_ascii_digit());
            if !canonical || (part.len() > 1 && part.starts_with('0')) {
                return None;
            }
            PathStep::Item(part.parse().ok()?)
        };
        steps.push(step);
    }
    // A path ends with an element.
    (steps.len() % 2 == 1).then_some(TagPath(steps))
}

/// What follows the base URL in the BulkDataURI of an element.
pub fn uri(study: &str, series: &str, instance: &str, path: &TagPath) -> String {
    let path = format(path);
    format!("/studies/{study}/series/{series}/instances/{instance}/bulkdata/{path}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_path_is_read_back_and_nothing_else() {
        let nested = TagPath::root(Tag(0x5400, 0x0100))
            .item(12)
            .element(Tag(0x5400, 0x1010));
        for path in [TagPath::root(Tag(0x7FE0, 0x0010)), nested] {
            assert_eq!(parse(&format(&path)), Some(path));
        }
        assert_eq!(format(&TagPath::root(Tag(0x7FE0, 0x0010))), "7FE00010");
        for bad in [
            "",
            "7fe00010",
            "7FE0001",
            "54000100/0",
            "54000100/00/54001010",
            "54000100/-1/54001010",
            "7FE00010/",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
