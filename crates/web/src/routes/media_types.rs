//! Media types of the routes.

pub(super) const INSTANCE_TYPES: &[&str] = &[
    "multipart/related; type=\"application/dicom\"",
    "multipart/related; type=\"application/octet-stream\"",
    "application/zip",
    "application/dicom",
];
pub(super) const PIXEL_TYPES: &[&str] = &[
    "multipart/related; type=\"application/octet-stream\"",
    "multipart/related; type=\"image/jpeg\"",
    "multipart/related; type=\"image/jls\"",
    "multipart/related; type=\"image/jp2\"",
    "multipart/related; type=\"image/jpx\"",
    "multipart/related; type=\"image/jphc\"",
    "multipart/related; type=\"image/jxl\"",
    "multipart/related; type=\"image/dicom-rle\"",
    "multipart/related; type=\"video/mpeg\"",
    "multipart/related; type=\"video/mp4\"",
    "multipart/related; type=\"video/H265\"",
    "application/octet-stream",
];
pub(super) const WADO_URI_TYPES: &[&str] = &[
    "application/dicom",
    "image/jpeg",
    "image/png",
    "image/gif",
    "text/html",
    "image/svg+xml",
    "application/pdf",
    "text/xml",
    "video/mpeg",
    "video/mp4",
];
pub(super) const SMALL_TYPES: &[&str] = &["image/jpeg", "image/png", "image/gif"];
pub(super) const MODEL_TYPES: &[&str] = &[
    "application/dicom+json",
    "multipart/related; type=\"application/dicom+xml\"",
    "application/json",
];
pub(super) const STORE_TYPES: &[&str] = &[
    "multipart/related; type=\"application/dicom\"",
    "multipart/related; type=\"application/dicom+json\"",
    "multipart/related; type=\"application/dicom+xml\"",
    "application/dicom",
    "application/dicom+json",
    "application/dicom+xml",
];
pub(super) const STORE_ANSWERS: &[&str] = &[
    "application/dicom+json",
    "application/dicom+xml",
    "application/json",
];
