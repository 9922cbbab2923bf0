//! WADO-RS (PS3.18 §10.4): resources of one instance that is there.

use sagittal_core::{Uid, transfer_syntax};

use super::search::Sample;
use super::{Asker, media};
use crate::document::{Support, WebMediaType, WebResource};

const MULTIPART_DICOM: &str = "multipart/related; type=\"application/dicom\"";
const OCTETS: &str = "multipart/related; type=\"application/octet-stream\"";

/// Transfer syntaxes that are asked for by name.
const SYNTAXES: &[&str] = &[
    transfer_syntax::IMPLICIT_VR_LITTLE_ENDIAN,
    transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN,
    transfer_syntax::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    transfer_syntax::JPEG_BASELINE_8_BIT,
    transfer_syntax::JPEG_LOSSLESS_SV1,
    transfer_syntax::JPEG_LS_LOSSLESS,
    transfer_syntax::JPEG_LS_NEAR_LOSSLESS,
    transfer_syntax::JPEG_2000_LOSSLESS,
    transfer_syntax::JPEG_2000,
    transfer_syntax::HTJ2K_LOSSLESS,
    transfer_syntax::RLE_LOSSLESS,
];

/// A resource: transaction, path below the instance's study, and media types.
type Row = (&'static str, &'static str, &'static [&'static str]);

#[rustfmt::skip]
const RESOURCES: &[Row] = &[
    ("Retrieve Instance", "/studies/{study}/series/{series}/instances/{instance}",
        &[MULTIPART_DICOM, "application/dicom", "application/zip", "multipart/related; type=\"application/dicom+xml\""]),
    ("Retrieve Metadata of a Study", "/studies/{study}/metadata", &["application/dicom+json"]),
    ("Retrieve Metadata of a Series", "/studies/{study}/series/{series}/metadata", &["application/dicom+json"]),
    ("Retrieve Metadata of an Instance", "/studies/{study}/series/{series}/instances/{instance}/metadata",
        &["application/dicom+json", "application/json", "multipart/related; type=\"application/dicom+xml\""]),
    ("Retrieve Frames", "/studies/{study}/series/{series}/instances/{instance}/frames/1",
        &[OCTETS, "application/octet-stream", "multipart/related; type=\"image/jpeg\"",
          "multipart/related; type=\"image/jls\"", "multipart/related; type=\"image/jp2\"",
          "multipart/related; type=\"image/jphc\"", "multipart/related; type=\"image/dicom-rle\""]),
    ("Retrieve Rendered Instance", "/studies/{study}/series/{series}/instances/{instance}/rendered",
        &["image/jpeg", "image/png", "image/gif"]),
    ("Retrieve Rendered Frames", "/studies/{study}/series/{series}/instances/{instance}/frames/1/rendered",
        &["image/jpeg", "image/png"]),
    ("Retrieve Rendered Series", "/studies/{study}/series/{series}/rendered", &["image/jpeg"]),
    ("Retrieve Thumbnail of an Instance", "/studies/{study}/series/{series}/instances/{instance}/thumbnail",
        &["image/jpeg", "image/png"]),
    ("Retrieve Thumbnail of a Series", "/studies/{study}/series/{series}/thumbnail", &["image/jpeg"]),
    ("Retrieve Thumbnail of a Study", "/studies/{study}/thumbnail", &["image/jpeg"]),
    ("Retrieve Bulk Data of an Instance", "/studies/{study}/series/{series}/instances/{instance}/bulkdata", &[OCTETS]),
    ("Retrieve Pixel Data of an Instance", "/studies/{study}/series/{series}/instances/{instance}/pixeldata", &[OCTETS]),
];

pub(super) async fn ask(asker: &mut Asker<'_>, sample: &Sample) -> Vec<WebResource> {
    let mut found = Vec::new();
    for (transaction, template, media_types) in RESOURCES {
        let path = fill(template, sample);
        let mut resource = WebResource {
            transaction: (*transaction).to_owned(),
            method: "GET".to_owned(),
            path: (*template).to_owned(),
            ..WebResource::default()
        };
        for media_type in *media_types {
            match asker.get(&path, media_type).await {
                Ok(answer) => resource.media_types.push(media::judge(media_type, &answer)),
                Err(why) => resource.remark = Some(why),
            }
        }
        let judged = |support| resource.media_types.iter().any(|m| m.support == support);
        resource.support = if judged(Support::Yes) {
            Support::Yes
        } else if resource.media_types.is_empty() {
            Support::Unknown
        } else {
            Support::No
        };
        if *transaction == "Retrieve Instance" && resource.support.is_yes() {
            syntaxes(asker, &path, &mut resource).await;
        }
        found.push(resource);
    }
    found.push(missing(asker, sample).await);
    found
}

fn fill(template: &str, sample: &Sample) -> String {
    template
        .replace("{study}", &sample.study)
        .replace("{series}", &sample.series)
        .replace("{instance}", &sample.instance)
}

/// Which transfer syntaxes are given on demand: what comes must say that it is in it.
async fn syntaxes(asker: &mut Asker<'_>, path: &str, resource: &mut WebResource) {
    let mut given = Vec::new();
    for uid in SYNTAXES {
        let accept = format!("{MULTIPART_DICOM}; transfer-syntax={uid}");
        let Ok(answer) = asker.get(path, &accept).await else {
            return;
        };
        if answer.is_success() && meta_transfer_syntax(&answer.body).as_deref() == Some(*uid) {
            given.push(Uid::from_static(uid));
        }
    }
    let any = WebMediaType {
        media_type: format!("{MULTIPART_DICOM}; transfer-syntax=…"),
        support: (!given.is_empty()).into(),
        transfer_syntaxes: given.into_iter().collect(),
        remark: Some("of one instance, by the transfer syntaxes that were asked for".to_owned()),
    };
    resource.media_types.push(any);
}

/// Transfer Syntax UID of the first Part 10 file in a body (PS3.10 §7.1).
fn meta_transfer_syntax(body: &[u8]) -> Option<String> {
    let start = body.windows(4).position(|bytes| bytes == b"DICM")?;
    let meta = body.get(start..)?;
    let meta = meta.get(..meta.len().min(2048))?;
    let element = [2, 0, 0x10, 0, b'U', b'I'];
    let at = meta
        .windows(element.len())
        .position(|bytes| bytes == element)?;
    let &[low, high] = meta.get(at + 6..at + 8)? else {
        return None;
    };
    let value = meta.get(at + 8..at + 8 + usize::from(u16::from_le_bytes([low, high])))?;
    let text = std::str::from_utf8(value).ok()?;
    Some(text.trim_end_matches(['\0', ' ']).to_owned())
}

/// What is said of a study that is not there.
async fn missing(asker: &mut Asker<'_>, _: &Sample) -> WebResource {
    let mut resource = WebResource {
        transaction: "Retrieve of what is not there".to_owned(),
        method: "GET".to_owned(),
        path: "/studies/{study}".to_owned(),
        ..WebResource::default()
    };
    match asker.get("/studies/2.25.17", MULTIPART_DICOM).await {
        Ok(answer) => {
            resource.support = matches!(answer.status, 404 | 410).into();
            resource.remark = Some(format!("answered with {}", answer.status));
        }
        Err(why) => {
            resource.support = Support::Unknown;
            resource.remark = Some(why);
        }
    }
    resource
}
