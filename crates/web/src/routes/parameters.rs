//! Query parameters of the routes.

use super::route::Parameter;

const fn optional(name: &'static str, kind: &'static str, about: &'static str) -> Parameter {
    Parameter {
        name,
        about,
        required: false,
        repeated: false,
        kind,
    }
}

const fn required(name: &'static str, about: &'static str) -> Parameter {
    Parameter {
        name,
        about,
        required: true,
        repeated: false,
        kind: "string",
    }
}

const ACCEPT: Parameter = optional(
    "accept",
    "string",
    "media ranges, in place of the Accept header",
);

/// Of the quality report.
pub(super) const QUALITY_REPORT: &[Parameter] = &[
    ACCEPT,
    optional(
        "days",
        "integer",
        "the last so many days, today included; 30 if not given",
    ),
];

/// Of instances with findings.
pub(super) const FINDINGS: &[Parameter] = &[
    optional("source", "string", "received from this sender"),
    optional("study", "string", "of this study"),
    optional("instance", "string", "with this SOP Instance UID"),
    optional(
        "standing",
        "string",
        "kept, quarantined, refused or deleted",
    ),
    optional(
        "days",
        "integer",
        "received in the last so many days, today included",
    ),
    optional("offset", "integer", "leave out so many"),
    optional(
        "limit",
        "integer",
        "at most so many, up to 10000; 100 if not given",
    ),
];

/// Of resources that are retrieved.
pub(super) const ACCEPT_ONLY: &[Parameter] = &[ACCEPT];

const VIEWPORT: Parameter = optional(
    "viewport",
    "string",
    "vw,vh or vw,vh,sx,sy,sw,sh: size, and region of the source",
);

/// Of previews of de-identification.
pub(super) const DEID_PREVIEW: &[Parameter] = &[
    required("policy", "name of a configured policy"),
    optional("changed", "boolean", "only what is changed"),
];

/// Of thumbnails.
pub(super) const THUMBNAIL: &[Parameter] = &[ACCEPT, VIEWPORT];

/// Of rendered resources (PS3.18 §8.3.5.1).
pub(super) const RENDERING: &[Parameter] = &[
    ACCEPT,
    VIEWPORT,
    optional("window", "string", "center,width,function"),
    optional("quality", "integer", "1 to 100, of lossy pictures"),
    optional(
        "annotation",
        "string",
        "`patient`, `technique` or both: text burned in",
    ),
    optional(
        "iccprofile",
        "string",
        "no, yes, srgb, adobergb, rommrgb or displayp3",
    ),
];

/// Of rendered volumes (PS3.18 §8.3.5.3).
macro_rules! volume {
    ($($own:expr),* $(,)?) => {
        &[
            ACCEPT,
            VIEWPORT,
            optional("window", "string", "center,width,function"),
            optional("quality", "integer", "1 to 100, of lossy pictures"),
            optional(
                "volumeinputreference",
                "string",
                "UIDs of instances, or numbers of frames: one says which of several volumes, \
                 several what it is made of",
            ),
            Parameter {
                name: "{attribute}",
                about: "keyword, ggggeeee or dotted path = value that the images have",
                required: false,
                repeated: true,
                kind: "string",
            },
            optional(
                "renderingmethod",
                "string",
                "maximum_ip, minimum_ip, average_ip; of 3D also volume_rendered",
            ),
            optional(
                "orientation",
                "string",
                "seen from: a, p, r, l, h or f; not with viewpoint…",
            ),
            optional("viewpointposition", "string", "x,y,z in millimetres of the patient"),
            optional(
                "viewpointlookat",
                "string",
                "x,y,z: the middle of the picture",
            ),
            optional("viewpointup", "string", "x,y,z: what is up in the picture"),
            optional("swivelrange", "number", "degrees: a GIF that turns to and fro"),
            optional(
                "animationstepsize",
                "integer",
                "degrees or millimetres from picture to picture",
            ),
            optional("animationrate", "number", "pictures a second"),
            optional(
                "renderedvolumetricmetadata",
                "string",
                "`yes`: the parameters that are used, in place of the picture",
            ),
            $($own),*
        ]
    };
}

/// Of planes through volumes.
pub(super) const MPR: &[Parameter] = volume![
    optional("mprslab", "number", "thickness in millimetres"),
    Parameter {
        name: "volumetriccurvepoint",
        about: "x,y,z: points of a line; a GIF of cuts across it",
        required: false,
        repeated: true,
        kind: "string",
    },
];

/// Of volumes seen from outside.
pub(super) const THREE_D: &[Parameter] = volume![];

/// Of searches (PS3.18 §8.3.4).
pub(super) const SEARCH: &[Parameter] = &[
    Parameter {
        name: "{attribute}",
        about: "keyword, ggggeeee or dotted path = value to match",
        required: false,
        repeated: true,
        kind: "string",
    },
    Parameter {
        name: "includefield",
        about: "attributes to return besides the required ones, or `all`",
        required: false,
        repeated: true,
        kind: "string",
    },
    optional(
        "fuzzymatching",
        "boolean",
        "person names match by sound and in parts",
    ),
    optional("limit", "integer", "at most so many answers"),
    optional("offset", "integer", "leave out the first so many answers"),
    optional(
        "emptyvaluematching",
        "boolean",
        "`\"\"` matches attributes without a value",
    ),
    optional(
        "multiplevaluematching",
        "boolean",
        "several values match any of them",
    ),
    ACCEPT,
];

/// Of WADO-URI (PS3.18 §9.4, §9.5).
pub(super) const WADO_URI: &[Parameter] = &[
    required("requestType", "`WADO`"),
    required("studyUID", "Study Instance UID"),
    required("seriesUID", "Series Instance UID"),
    required("objectUID", "SOP Instance UID"),
    optional("contentType", "string", "media ranges"),
    optional("transferSyntax", "string", "UID of a transfer syntax"),
    optional(
        "frameNumber",
        "integer",
        "of a picture: which frame, from 1",
    ),
    optional("columns", "integer", "most columns of a picture"),
    optional("rows", "integer", "most rows of a picture"),
    optional(
        "region",
        "string",
        "xmin,ymin,xmax,ymax: the part that is shown, 0 to 1",
    ),
    optional("windowCenter", "number", "with windowWidth"),
    optional("windowWidth", "number", "with windowCenter"),
    optional("imageQuality", "integer", "1 to 100, of lossy pictures"),
    optional("annotation", "string", "`patient`, `technique` or both"),
    optional(
        "presentationUID",
        "string",
        "SOP Instance UID of a presentation state",
    ),
    optional(
        "presentationSeriesUID",
        "string",
        "Series Instance UID of the presentation state",
    ),
];
