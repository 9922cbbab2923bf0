//! What is the same for every configuration.

use crate::document::{MediaRole, StatusCode};

/// A status code, when it is sent, and by which operation.
pub struct StatusRow {
    operation: &'static str,
    code: &'static str,
    meaning: &'static str,
}

impl From<&StatusRow> for StatusCode {
    fn from(row: &StatusRow) -> StatusCode {
        StatusCode {
            operation: row.operation.to_owned(),
            code: row.code.to_owned(),
            meaning: row.meaning.to_owned(),
        }
    }
}

const fn row(operation: &'static str, code: &'static str, meaning: &'static str) -> StatusRow {
    StatusRow {
        operation,
        code,
        meaning,
    }
}

/// Statuses of responses as SCP, by operation (the code: `sagittal_dimse::status`).
#[rustfmt::skip]
pub const STATUSES: &[StatusRow] = &[
    row("all", "0000", "success"),
    row("all", "0120", "an element of the command set is missing"),
    row("all", "0122", "the SOP class or role does not belong to the presentation context"),
    row("all", "0124", "the caller may not do this"),
    row("all", "0210", "an operation with this Message ID is under way"),
    row("all", "0211", "the operation is not one of the SOP class"),
    row("all", "0212", "an element of the command set cannot be read"),
    row("C-ECHO", "0213", "more operations at once than were agreed on"),
    row("C-STORE", "0000", "durable; also for an instance that was there before with the same bytes, or replaces another by policy"),
    row("C-STORE", "0110", "the storage of the server has failed"),
    row("C-STORE", "0111", "another object with this SOP Instance UID is kept, by policy"),
    row("C-STORE", "A700", "no space, the server is stopping, or more operations at once than were agreed on: send again later"),
    row("C-STORE", "A900", "the data set contradicts the command set"),
    row("C-STORE", "B000", "kept, but hidden behind another object with the same SOP Instance UID"),
    row("C-STORE", "C000", "the data set cannot be understood"),
    row("C-FIND", "FF00", "an answer"),
    row("C-FIND", "FF01", "an answer; some optional keys are not supported"),
    row("C-FIND", "FE00", "canceled"),
    row("C-FIND", "A700", "more answers than allowed, answers not taken for a long time, an identifier that is too long, or more operations at once than were agreed on"),
    row("C-FIND", "A900", "the level is missing or unknown, or a key has an unusable value (Offending Element)"),
    row("C-FIND", "C000", "the identifier cannot be read"),
    row("C-MOVE, C-GET", "FF00", "sub-operations go on"),
    row("C-MOVE, C-GET", "FE00", "canceled"),
    row("C-MOVE, C-GET", "A701", "the instances cannot be determined"),
    row("C-MOVE, C-GET", "A702", "no sub-operation succeeded (Failed SOP Instance UID List), or more operations at once than were agreed on"),
    row("C-MOVE", "A801", "no peer with the AE title of the move destination"),
    row("C-MOVE, C-GET", "A900", "the level or a unique key is missing or unusable (Offending Element)"),
    row("C-MOVE, C-GET", "AA00", "none of the frames is there"),
    row("C-MOVE, C-GET", "AA02", "as the reason of a failed sub-operation: frames cannot be extracted"),
    row("C-MOVE, C-GET", "AA03", "a time range of an instance whose frames have no time"),
    row("C-MOVE, C-GET", "AA04", "frames are not asked for as they should be, or more than 2^20 by a calculated list"),
    row("C-MOVE, C-GET", "B000", "some sub-operations failed or had warnings; Failed SOP Instance UID List"),
    row("C-MOVE, C-GET", "C000", "the identifier cannot be read"),
];

/// Specific Character Sets (PS3.3 §C.12.1.1.2).
pub const CHARACTER_SETS: &[&str] = &[
    "ISO_IR 6",
    "ISO_IR 100",
    "ISO_IR 101",
    "ISO_IR 109",
    "ISO_IR 110",
    "ISO_IR 144",
    "ISO_IR 127",
    "ISO_IR 126",
    "ISO_IR 138",
    "ISO_IR 148",
    "ISO_IR 203",
    "ISO_IR 13",
    "ISO_IR 166",
    "ISO 2022 IR 6",
    "ISO 2022 IR 100",
    "ISO 2022 IR 101",
    "ISO 2022 IR 109",
    "ISO 2022 IR 110",
    "ISO 2022 IR 144",
    "ISO 2022 IR 127",
    "ISO 2022 IR 126",
    "ISO 2022 IR 138",
    "ISO 2022 IR 148",
    "ISO 2022 IR 203",
    "ISO 2022 IR 13",
    "ISO 2022 IR 166",
    "ISO 2022 IR 87",
    "ISO 2022 IR 159",
    "ISO 2022 IR 149",
    "ISO 2022 IR 58",
    "ISO_IR 192",
    "GB18030",
    "GBK",
];

/// Profiles of PS3.15.
pub const SECURITY: &[&str] = &[
    "BCP 195 TLS Secure Transport Connection Profile (PS3.15 §B.9 to §B.12): TLS 1.2 and 1.3 on a port of its own, client certificates optional or required",
    "User Identity Association Profiles (PS3.15 §B.4, §B.5): username, username and passcode",
    "Access rules by AE title, address and subject of the client certificate, per service",
    "Audit trail of associations, stores, queries and retrievals (after PS3.15 §A.5) as JSON lines",
];

/// Application profiles of media (PS3.11).
pub const MEDIA: &[(&str, &[MediaRole], &str)] = &[(
    "STD-GEN-CD",
    &[MediaRole::Creator, MediaRole::Reader],
    "General Purpose profiles: Part 10 files with DICOMDIR are read and written by the command line tools (import, export)",
)];
