//! PDUs out of a stream of bytes, as they arrive (PS3.8 §9.3.1).
//!
//! Association PDUs are gathered up to a limit and decoded. Of a P-DATA-TF only the headers are
//! gathered: fragments are handed out as slices of the receive buffer, however the network cut
//! them, so that memory does not depend on what a length field claims.

use bytes::{Buf, Bytes, BytesMut};

use super::{Pdu, PduError, PduErrorKind, decode, pdu_type};

/// How long PDUs may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PduLimits {
    /// A-ASSOCIATE-RQ and -AC.
    pub association: u32,
    /// P-DATA-TF; some peers count the header in, or forget to subtract it.
    pub data: u32,
}

impl PduLimits {
    /// Limits for an advertised Maximum Length Received (0: any length), with tolerance for peers
    /// that count differently.
    pub fn for_max_pdu(maximum_length: u32) -> PduLimits {
        let data = match maximum_length {
            0 => u32::MAX,
            length => length.saturating_add(1024),
        };
        PduLimits {
            association: 1 << 20,
            data,
        }
    }
}

/// A piece of a presentation data value (PS3.8 §9.3.5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pdv {
    /// Presentation context.
    pub context_id: u8,
    /// Of a command set, not of a data set.
    pub is_command: bool,
    /// The last piece of the last fragment of the command set or data set.
    pub is_last: bool,
    /// The bytes; may be empty.
    pub data: Bytes,
}

/// What has arrived.
#[derive(Clone, Debug, PartialEq)]
pub enum Incoming {
    /// A whole PDU other than P-DATA-TF.
    Pdu(Pdu),
    /// A piece of a P-DATA-TF.
    Pdv(Pdv),
}

#[derive(Clone, Copy, Debug)]
enum Position {
    /// Before a PDU header.
    Header,
    /// In an association PDU.
    Body { kind: u8, length: usize },
    /// In a P-DATA-TF, before a PDV header.
    PData { left: u32 },
    /// In a fragment.
    Fragment {
        left_in_pdu: u32,
        left: u32,
        context_id: u8,
        control: u8,
    },
}

/// The decoder: feed a buffer, take what has arrived.
#[derive(Debug)]
pub struct PduStream {
    position: Position,
    limits: PduLimits,
    offset: u64,
    pdus: u64,
}

impl PduStream {
    /// Before the first byte of a connection.
    pub fn new(limits: PduLimits) -> PduStream {
        PduStream {
            position: Position::Header,
            limits,
            offset: 0,
            pdus: 0,
        }
    }

    /// Bytes taken so far.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// PDU headers read so far.
    pub fn pdus(&self) -> u64 {
        self.pdus
    }

    /// Is the next byte the first of a PDU?
    pub fn is_between_pdus(&self) -> bool {
        matches!(self.position, Position::Header)
    }

    /// Takes the next whole PDU or piece of a PDV off the front of `buffer`; `None` if more bytes
    /// are needed. After an error the stream is of no further use.
    pub fn next(&mut self, buffer: &mut BytesMut) -> Result<Option<Incoming>, PduError> {
        loop {
            match self.position {
                Position::Header => {
                    let Some(&[kind, _, l0, l1, l2, l3]) = buffer.first_chunk() else {
                        // Garbage is known by its first byte; do not wait for six.
                        return match buffer.first() {
                            Some(&kind) => self.check_type(kind).map(|()| None),
                            None => Ok(None),
                        };
                    };
                    self.check_type(kind)?;
                    self.begin(kind, u32::from_be_bytes([l0, l1, l2, l3]))?;
                    self.take(buffer, 6);
                    self.pdus += 1;
                }
                Position::Body { kind, length } => {
                    if buffer.len() < length {
                        return Ok(None);
                    }
                    let pdu = decode::decode(
                        kind,
                        buffer.get(..length).unwrap_or_default(),
                        self.offset,
                    )?;
                    self.take(buffer, length);
                    self.position = Position::Header;
                    return Ok(Some(Incoming::Pdu(pdu)));
                }
                Position::PData { left: 0 } => self.position = Position::Header,
                Position::PData { left } => {
                    let Some(&[l0, l1, l2, l3, context_id, control]) = buffer.first_chunk() else {
                        // A rest too short for a PDV header can never become one.
                        return if left < 6 {
                            Err(self.bad_pdv(0, left))
                        } else {
                            Ok(None)
                        };
                    };
                    let length = u32::from_be_bytes([l0, l1, l2, l3]);
                    if left < 6 || length < 2 || length > left - 4 {
                        return Err(self.bad_pdv(length, left));
                    }
                    self.take(buffer, 6);
                    self.position = Position::Fragment {
                        left_in_pdu: left - 4 - length,
                        left: length - 2,
                        context_id,
                        control,
                    };
                    if length == 2 {
                        return Ok(Some(self.piece(buffer, 0)));
                    }
                }
                Position::Fragment { left, .. } => {
                    let count = buffer.len().min(left as usize);
                    if count == 0 {
                        return Ok(None);
                    }
                    return Ok(Some(self.piece(buffer, count)));
                }
            }
        }
    }

    fn check_type(&self, kind: u8) -> Result<(), PduError> {
        match kind {
            pdu_type::ASSOCIATE_RQ..=pdu_type::ABORT => Ok(()),
            other => Err(self.error(PduErrorKind::UnrecognizedPdu(other))),
        }
    }

    fn begin(&mut self, kind: u8, length: u32) -> Result<(), PduError> {
        let limit = match kind {
            pdu_type::P_DATA_TF => self.limits.data,
            pdu_type::ASSOCIATE_RQ | pdu_type::ASSOCIATE_AC => self.limits.association,
            // Four bytes each; room for a peer that pads.
            _ => 1024,
        };
        if length > limit {
            return Err(self.error(PduErrorKind::TooLong {
                pdu_type: kind,
                length,
                limit,
            }));
        }
        self.position = match kind {
            pdu_type::P_DATA_TF => Position::PData { left: length },
            _ => Position::Body {
                kind,
                length: length as usize,
            },
        };
        Ok(())
    }

    fn piece(&mut self, buffer: &mut BytesMut, count: usize) -> Incoming {
        let Position::Fragment {
            left_in_pdu,
            left,
            context_id,
            control,
        } = self.position
        else {
            unreachable!("piece is called inside a fragment only");
        };
        self.offset += count as u64;
        let data = buffer.split_to(count).freeze();
        let left = left.saturating_sub(u32::try_from(count).unwrap_or(u32::MAX));
        self.position = if left == 0 {
            Position::PData { left: left_in_pdu }
        } else {
            Position::Fragment {
                left_in_pdu,
                left,
                context_id,
                control,
            }
        };
        if matches!(self.position, Position::PData { left: 0 }) {
            self.position = Position::Header;
        }
        Incoming::Pdv(Pdv {
            context_id,
            is_command: control & 1 != 0,
            is_last: control & 2 != 0 && left == 0,
            data,
        })
    }

    fn take(&mut self, buffer: &mut BytesMut, count: usize) {
        buffer.advance(count);
        self.offset += count as u64;
    }

    fn bad_pdv(&self, length: u32, available: u32) -> PduError {
        self.error(PduErrorKind::InvalidPdvLength { length, available })
    }

    /// An error at the present byte.
    pub fn error(&self, kind: PduErrorKind) -> PduError {
        PduError {
            kind,
            offset: self.offset,
        }
    }
}
