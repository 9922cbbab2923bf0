//! What an instance is, for who wants to look at it.

use sagittal_archive::retrieve::InstanceRef;

use crate::dicomweb::media_type::{is_video, of_transfer_syntax};

/// What can be shown of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Frames to be drawn.
    Image,
    /// A video, given as it is, in this media type.
    Video(&'static str),
    /// An encapsulated document, given as it is, in this media type.
    Document(&'static str),
    /// An encapsulated surface, given as it is, in this media type, or as a picture.
    Mesh(&'static str),
    /// A surface made of attributes.
    Surface,
    /// A presentation state: the image that it is for, shown as it says.
    PresentationState,
    /// A structured report or key object selection, as text.
    Report,
    /// Curves.
    Waveform,
    /// Nothing that could be shown.
    Other,
}

const STORAGE: &str = "1.2.840.10008.5.1.4.1.1.";

impl Kind {
    /// By SOP class and pixel data.
    pub fn of(instance: &InstanceRef) -> Kind {
        let class = instance.sop_class_uid.as_str();
        if instance.number_of_frames > 0 {
            let stored = instance.transfer_syntax_uid.as_str();
            return match is_video(stored) {
                true => Kind::Video(of_transfer_syntax(stored)),
                false => Kind::Image,
            };
        }
        let Some(rest) = class.strip_prefix(STORAGE) else {
            return Kind::Other;
        };
        match rest {
            "104.1" => Kind::Document("application/pdf"),
            "104.2" => Kind::Document("text/xml"),
            "104.3" => Kind::Mesh("model/stl"),
            "104.4" => Kind::Mesh("model/obj"),
            "104.5" => Kind::Document("model/mtl"),
            "66.5" | "68.1" => Kind::Surface,
            "11.1" | "11.2" | "11.3" | "11.4" | "11.5" | "11.6" | "11.8" | "11.9" | "11.10"
            | "11.11" | "11.12" => Kind::PresentationState,
            _ if rest.starts_with("88.") => Kind::Report,
            _ if rest.starts_with("9.") => Kind::Waveform,
            _ => Kind::Other,
        }
    }

    /// Are the bytes of this media type in the instance?
    pub fn is_given_as(self, media_type: &str) -> bool {
        match self {
            Kind::Document(_) => true,
            Kind::Video(own) | Kind::Mesh(own) => own == media_type,
            _ => false,
        }
    }

    /// The media types that it can be given in, the best first.
    pub fn media_types(self) -> &'static [&'static str] {
        match self {
            Kind::Image | Kind::PresentationState | Kind::Surface => {
                &["image/jpeg", "image/png", "image/gif"]
            }
            // As pictures only an icon that says what it is: there is no decoder for videos.
            Kind::Video("video/mpeg") => &["video/mpeg", "image/jpeg", "image/png"],
            Kind::Video("video/mp4") => &["video/mp4", "image/jpeg", "image/png"],
            Kind::Video(_) => &["video/H265", "image/jpeg", "image/png"],
            Kind::Document("application/pdf") => &["application/pdf"],
            Kind::Document("text/xml") => &["text/xml"],
            Kind::Mesh("model/stl") => &["image/jpeg", "image/png", "image/gif", "model/stl"],
            Kind::Mesh(_) => &["image/jpeg", "image/png", "image/gif", "model/obj"],
            Kind::Document(_) => &["model/mtl"],
            Kind::Report => &["text/html"],
            Kind::Waveform => &["image/svg+xml"],
            Kind::Other => &[],
        }
    }
}
