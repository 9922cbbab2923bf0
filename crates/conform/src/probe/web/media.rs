//! Is what came what was asked for?

use super::Answer;
use crate::document::{Support, WebMediaType};

/// Judges an answer to a request for a media type.
pub(super) fn judge(asked: &str, answer: &Answer) -> WebMediaType {
    let is_given =
        answer.is_success() && (answer.status == 204 || matches(asked, &answer.content_type));
    let support = match answer.status {
        204 => Support::Unknown,
        _ => is_given.into(),
    };
    WebMediaType {
        media_type: asked.to_owned(),
        support,
        transfer_syntaxes: Default::default(),
        remark: (!is_given).then(|| {
            format!("answered with {} {}", answer.status, answer.content_type)
                .trim()
                .to_owned()
        }),
    }
}

/// The type, and for multipart the type of the parts.
fn matches(asked: &str, got: &str) -> bool {
    let (asked_type, asked_part) = parts(asked);
    let (got_type, got_part) = parts(got);
    // JSON of either name is the same.
    let same = |a: &str, b: &str| {
        a == b
            || (a == "application/json" && b == "application/dicom+json")
            || (b == "application/json" && a == "application/dicom+json")
    };
    same(&asked_type, &got_type)
        && match (asked_part, got_part) {
            (Some(asked), Some(got)) => asked == got,
            _ => true,
        }
}

fn parts(media_type: &str) -> (String, Option<String>) {
    let mut pieces = media_type.split(';').map(str::trim);
    let first = pieces.next().unwrap_or("").to_lowercase();
    let part = pieces
        .filter_map(|piece| piece.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("type"))
        .map(|(_, value)| value.trim().trim_matches('"').to_lowercase());
    (first, part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_of_the_parts_counts() {
        let asked = "multipart/related; type=\"image/jpeg\"";
        assert!(matches(
            asked,
            "multipart/related; boundary=x; type=image/jpeg"
        ));
        assert!(!matches(
            asked,
            "multipart/related; type=\"application/octet-stream\"; boundary=x"
        ));
        assert!(!matches(asked, "image/jpeg"));
        assert!(matches(
            "application/json",
            "application/dicom+json; charset=utf-8"
        ));
    }
}
