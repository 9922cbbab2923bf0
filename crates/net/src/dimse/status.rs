//! Status codes (PS3.7 Annex C).

use std::fmt;

/// Status (0000,0900) of a response.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Status(pub u16);

/// What kind of status it is (PS3.7 §C.1 to §C.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatusClass {
    /// Done.
    Success,
    /// More responses follow.
    Pending,
    /// Ended because it was canceled.
    Cancel,
    /// Done, with remarks.
    Warning,
    /// Not done.
    Failure,
}

macro_rules! statuses {
    ($($name:ident = $code:literal, $text:literal;)*) => {
        impl Status {
            $(#[doc = $text] pub const $name: Status = Status($code);)*

            /// The name of a code that PS3.7 Annex C or the classes of PS3.4 define.
            pub fn name(self) -> &'static str {
                match self.0 {
                    $($code => $text,)*
                    0xA700..=0xA7FF => "refused: out of resources",
                    0xA900..=0xA9FF => "error: data set does not match SOP class",
                    0xC000..=0xCFFF => "error: cannot understand or unable to process",
                    _ => match self.class() {
                        StatusClass::Warning => "warning",
                        _ => "failure",
                    },
                }
            }
        }
    };
}

statuses! {
    SUCCESS = 0x0000, "success";
    CANCEL = 0xFE00, "canceled";
    PENDING = 0xFF00, "pending";
    PENDING_WITH_WARNING = 0xFF01, "pending: optional keys not supported";
    ATTRIBUTE_LIST_ERROR = 0x0107, "warning: attribute list error";
    ATTRIBUTE_VALUE_OUT_OF_RANGE = 0x0116, "warning: attribute value out of range";
    REQUESTED_OPTIONAL_ATTRIBUTES_NOT_SUPPORTED = 0x0001, "warning: requested optional attributes are not supported";
    NO_SUCH_ATTRIBUTE = 0x0105, "no such attribute";
    INVALID_ATTRIBUTE_VALUE = 0x0106, "invalid attribute value";
    PROCESSING_FAILURE = 0x0110, "processing failure";
    DUPLICATE_SOP_INSTANCE = 0x0111, "duplicate SOP instance";
    NO_SUCH_SOP_INSTANCE = 0x0112, "no such SOP instance";
    NO_SUCH_EVENT_TYPE = 0x0113, "no such event type";
    NO_SUCH_ARGUMENT = 0x0114, "no such argument";
    INVALID_ARGUMENT_VALUE = 0x0115, "invalid argument value";
    INVALID_SOP_INSTANCE = 0x0117, "invalid SOP instance";
    NO_SUCH_SOP_CLASS = 0x0118, "no such SOP class";
    CLASS_INSTANCE_CONFLICT = 0x0119, "class-instance conflict";
    MISSING_ATTRIBUTE = 0x0120, "missing attribute";
    MISSING_ATTRIBUTE_VALUE = 0x0121, "missing attribute value";
    SOP_CLASS_NOT_SUPPORTED = 0x0122, "refused: SOP class not supported";
    NO_SUCH_ACTION_TYPE = 0x0123, "no such action type";
    NOT_AUTHORIZED = 0x0124, "refused: not authorized";
    DUPLICATE_INVOCATION = 0x0210, "duplicate invocation";
    UNRECOGNIZED_OPERATION = 0x0211, "unrecognized operation";
    MISTYPED_ARGUMENT = 0x0212, "mistyped argument";
    RESOURCE_LIMITATION = 0x0213, "resource limitation";
    OUT_OF_RESOURCES = 0xA700, "refused: out of resources";
    UNABLE_TO_CALCULATE_NUMBER_OF_MATCHES = 0xA701, "refused: out of resources, unable to calculate number of matches";
    UNABLE_TO_PERFORM_SUBOPERATIONS = 0xA702, "refused: out of resources, unable to perform sub-operations";
    MOVE_DESTINATION_UNKNOWN = 0xA801, "refused: move destination unknown";
    DATA_SET_DOES_NOT_MATCH_SOP_CLASS = 0xA900, "error: data set does not match SOP class";
    SUBOPERATIONS_COMPLETE_WITH_FAILURES = 0xB000, "warning: coercion of data elements, or sub-operations with failures";
    ELEMENTS_DISCARDED = 0xB006, "warning: elements discarded";
    DATA_SET_DOES_NOT_MATCH_SOP_CLASS_WARNING = 0xB007, "warning: data set does not match SOP class";
    CANNOT_UNDERSTAND = 0xC000, "error: cannot understand";
}

impl Status {
    /// C-STORE: values were changed on the way in (PS3.4 §B.2.3); the code of
    /// [`Status::SUBOPERATIONS_COMPLETE_WITH_FAILURES`].
    pub const COERCION_OF_DATA_ELEMENTS: Status = Status(0xB000);

    /// The kind. Codes that no table defines are failures: nothing was promised.
    pub const fn class(self) -> StatusClass {
        match self.0 {
            0x0000 => StatusClass::Success,
            0xFF00 | 0xFF01 => StatusClass::Pending,
            0xFE00 => StatusClass::Cancel,
            0x0001 | 0x0107 | 0x0116 | 0xB000..=0xBFFF => StatusClass::Warning,
            _ => StatusClass::Failure,
        }
    }

    /// FF00H or FF01H: more responses follow.
    pub const fn is_pending(self) -> bool {
        matches!(self.class(), StatusClass::Pending)
    }

    /// Was it done: success or warning?
    pub const fn is_done(self) -> bool {
        matches!(self.class(), StatusClass::Success | StatusClass::Warning)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X} ({})", self.0, self.name())
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may panic
mod tests {
    use super::*;

    #[test]
    fn every_code_has_the_class_of_annex_c() {
        for (code, class) in [
            (0x0000, StatusClass::Success),
            (0xFF00, StatusClass::Pending),
            (0xFF01, StatusClass::Pending),
            (0xFE00, StatusClass::Cancel),
            (0x0107, StatusClass::Warning),
            (0x0116, StatusClass::Warning),
            (0xB305, StatusClass::Warning),
            (0x0110, StatusClass::Failure),
            (0xA7FE, StatusClass::Failure),
            (0xC310, StatusClass::Failure),
            (0x1234, StatusClass::Failure),
        ] {
            assert_eq!(Status(code).class(), class, "{code:04X}");
        }
        assert_eq!(
            Status(0xA701).to_string(),
            "A701 (refused: out of resources, unable to calculate number of matches)"
        );
    }
}
