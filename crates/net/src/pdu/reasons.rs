//! Results, sources and reasons of A-ASSOCIATE-RJ and A-ABORT (PS3.8 §9.3.4, §9.3.8).

use std::fmt;

/// The three bytes of an A-ASSOCIATE-RJ (PS3.8 Table 9-21).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rejection {
    /// 1 rejected-permanent, 2 rejected-transient.
    pub result: u8,
    /// 1 service-user, 2 service-provider (ACSE), 3 service-provider (presentation).
    pub source: u8,
    /// Reason/Diag., of which the meaning depends on the source.
    pub reason: u8,
}

macro_rules! rejections {
    ($($name:ident = $result:literal $source:literal $reason:literal $text:literal;)*) => {
        impl Rejection {
            $(#[doc = $text] pub const $name: Rejection =
                Rejection { result: $result, source: $source, reason: $reason };)*

            fn text(self) -> &'static str {
                match (self.source, self.reason) {
                    $(($source, $reason) => $text,)*
                    _ => "unknown reason",
                }
            }
        }
    };
}

rejections! {
    NO_REASON = 1 1 1 "no reason given";
    APPLICATION_CONTEXT_NOT_SUPPORTED = 1 1 2 "application context name not supported";
    CALLING_AE_TITLE_NOT_RECOGNIZED = 1 1 3 "calling AE title not recognized";
    CALLED_AE_TITLE_NOT_RECOGNIZED = 1 1 7 "called AE title not recognized";
    PROVIDER_NO_REASON = 1 2 1 "no reason given by the provider";
    PROTOCOL_VERSION_NOT_SUPPORTED = 1 2 2 "protocol version not supported";
    TEMPORARY_CONGESTION = 2 3 1 "temporary congestion";
    LOCAL_LIMIT_EXCEEDED = 2 3 2 "local limit exceeded";
}

impl Rejection {
    /// May the requestor succeed later?
    pub fn is_transient(self) -> bool {
        self.result == 2
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_transient() {
            "transient"
        } else {
            "permanent"
        };
        let Rejection {
            result,
            source,
            reason,
        } = self;
        write!(
            f,
            "{kind}, {} (result {result}, source {source}, reason {reason})",
            self.text()
        )
    }
}

/// Source of an A-ABORT (PS3.8 Table 9-26).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AbortSource {
    /// 0, DICOM UL service-user: the application.
    ServiceUser,
    /// 2, DICOM UL service-provider: the protocol machine.
    ServiceProvider,
    /// 1 and the rest are reserved.
    Reserved(u8),
}

impl AbortSource {
    /// From the byte.
    pub fn from_byte(byte: u8) -> AbortSource {
        match byte {
            0 => AbortSource::ServiceUser,
            2 => AbortSource::ServiceProvider,
            other => AbortSource::Reserved(other),
        }
    }

    /// The byte.
    pub fn to_byte(self) -> u8 {
        match self {
            AbortSource::ServiceUser => 0,
            AbortSource::ServiceProvider => 2,
            AbortSource::Reserved(other) => other,
        }
    }
}

impl fmt::Display for AbortSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AbortSource::ServiceUser => f.write_str("service user"),
            AbortSource::ServiceProvider => f.write_str("service provider"),
            AbortSource::Reserved(byte) => write!(f, "reserved source {byte}"),
        }
    }
}

/// Reason/Diag. of an A-ABORT of the service-provider (PS3.8 Table 9-26).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ProviderAbortReason {
    /// 0.
    NotSpecified = 0,
    /// 1.
    UnrecognizedPdu = 1,
    /// 2.
    UnexpectedPdu = 2,
    /// 4.
    UnrecognizedPduParameter = 4,
    /// 5.
    UnexpectedPduParameter = 5,
    /// 6.
    InvalidPduParameterValue = 6,
}
