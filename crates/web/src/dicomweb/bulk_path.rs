//! Paths of bulk data values in URLs: tags and item numbers, separated by slashes
//! (`00420011`, `00400555/0/0040A123`).

use sagittal_core::{PathStep, Tag, TagPath};

use crate::error::{Error, Result};

/// Steps of a path.
const STEPS: usize = 129;

/// Reads the path of a BulkDataURI.
pub fn parse(text: &str) -> Result<TagPath> {
    let malformed = || {
        Error::bad(
            "the bulk data path is not made of tags and item numbers, such as 00400555/0/0040A123",
        )
    };
    let mut steps = Vec::new();
    for (position, piece) in text.split('/').enumerate() {
        let step = if position % 2 == 0 {
            let hexadecimal = piece.len() == 8 && piece.bytes().all(|b| b.is_ascii_hexdigit());
            let number = u32::from_str_radix(piece, 16).map_err(|_| malformed())?;
            if !hexadecimal {
                return Err(malformed());
            }
            PathStep::Element(Tag::from_u32(number))
        } else {
            if !piece.bytes().all(|b| b.is_ascii_digit()) {
                return Err(malformed());
            }
            PathStep::Item(piece.parse().map_err(|_| malformed())?)
        };
        steps.push(step);
        if steps.len() > STEPS {
            return Err(malformed());
        }
    }
    // An item alone is no value.
    if steps.len() % 2 == 0 {
        return Err(malformed());
    }
    Ok(TagPath(steps))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn paths_are_read() {
        assert_eq!(
            parse("7FE00010").unwrap(),
            TagPath::root(Tag(0x7FE0, 0x0010))
        );
        let nested = TagPath::root(Tag(0x0040, 0x0555))
            .item(3)
            .element(Tag(0x0040, 0xA123));
        assert_eq!(parse("00400555/3/0040a123").unwrap(), nested);
    }

    #[test]
    fn what_is_no_path_is_refused() {
        let long = "00400555/0/".repeat(200) + "00400555";
        for bad in [
            "",
            "/",
            "x",
            "7FE0001",
            "+FE00010",
            "7FE00010/",
            "7FE00010/0",
            "7FE00010/x/7FE00010",
            "7FE00010/-1/7FE00010",
            "00400555/99999999999/0040A123",
            &long,
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
