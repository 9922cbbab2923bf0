//! A small blocking DICOM peer, written by hand, that can also send what no good peer would.

use std::io::{Error, ErrorKind, Read as _, Result, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::objects::Object;

const TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes of one fragment; fits into the PDUs that a server with the defaults takes.
const FRAGMENT: usize = 64 * 1024;

/// A-ASSOCIATE-RQ with contexts 1, 3, 5… of abstract syntax and transfer syntax.
pub fn associate_rq(calling: &str, called: &str, contexts: &[(&str, &str)]) -> Vec<u8> {
    let mut body = vec![0, 1, 0, 0];
    body.extend(format!("{called:<16}{calling:<16}").bytes());
    body.extend([0; 32]);
    body.extend(item(0x10, b"1.2.840.10008.3.1.1.1"));
    for (number, (abstract_syntax, transfer_syntax)) in contexts.iter().enumerate() {
        let mut context = vec![u8::try_from(2 * number + 1).unwrap(), 0, 0, 0];
        context.extend(item(0x30, abstract_syntax.as_bytes()));
        context.extend(item(0x40, transfer_syntax.as_bytes()));
        body.extend(item(0x20, &context));
    }
    let mut user = item(0x51, &16384_u32.to_be_bytes());
    user.extend(item(0x52, b"1.2.3.4"));
    body.extend(item(0x50, &user));
    pdu(1, &body)
}

fn item(kind: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind, 0];
    bytes.extend(u16::try_from(content.len()).unwrap().to_be_bytes());
    bytes.extend(content);
    bytes
}

/// A PDU.
pub fn pdu(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind, 0];
    bytes.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
    bytes.extend(body);
    bytes
}

/// A P-DATA-TF of one PDV.
pub fn p_data(context_id: u8, is_command: bool, is_last: bool, fragment: &[u8]) -> Vec<u8> {
    let length = u32::try_from(fragment.len() + 2).unwrap();
    let mut body = length.to_be_bytes().to_vec();
    body.extend([context_id, u8::from(is_command) | u8::from(is_last) << 1]);
    body.extend(fragment);
    pdu(4, &body)
}

/// A command set: group 0000, elements in order, with its group length.
pub fn command(elements: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (element, value) in elements {
        bytes.extend([0, 0]);
        bytes.extend(element.to_le_bytes());
        bytes.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
        bytes.extend(value);
    }
    let mut command = vec![0, 0, 0, 0, 4, 0, 0, 0];
    command.extend(u32::try_from(bytes.len()).unwrap().to_le_bytes());
    command.extend(bytes);
    command
}

fn us(value: u16) -> Vec<u8> {
    value.to_le_bytes().to_vec()
}

fn ui(uid: &str) -> Vec<u8> {
    let mut bytes = uid.as_bytes().to_vec();
    if bytes.len() % 2 == 1 {
        bytes.push(0);
    }
    bytes
}

/// C-ECHO-RQ.
pub fn echo_rq() -> Vec<u8> {
    command(&[
        (0x0002, ui("1.2.840.10008.1.1")),
        (0x0100, us(0x30)),
        (0x0110, us(1)),
        (0x0800, us(0x0101)),
    ])
}

/// C-STORE-RQ.
pub fn store_rq(sop_class_uid: &str, sop_instance_uid: &str) -> Vec<u8> {
    command(&[
        (0x0002, ui(sop_class_uid)),
        (0x0100, us(1)),
        (0x0110, us(1)),
        (0x0700, us(0)),
        (0x0800, us(0)),
        (0x1000, ui(sop_instance_uid)),
    ])
}

/// C-GET-RQ or C-FIND-RQ, by Command Field.
pub fn query_rq(command_field: u16, sop_class_uid: &str) -> Vec<u8> {
    command(&[
        (0x0002, ui(sop_class_uid)),
        (0x0100, us(command_field)),
        (0x0110, us(1)),
        (0x0700, us(0)),
        (0x0800, us(0)),
    ])
}

/// The data set of a Part 10 file.
pub fn data_set_of(part10: &[u8]) -> &[u8] {
    let length: [u8; 4] = part10[140..144].try_into().unwrap();
    &part10[144 + usize::try_from(u32::from_le_bytes(length)).unwrap()..]
}

/// An association.
pub struct Peer {
    /// The connection.
    pub stream: TcpStream,
}

impl Peer {
    /// Connects and negotiates; an error if the association is not accepted.
    pub fn associate(
        address: SocketAddr,
        calling: &str,
        contexts: &[(&str, &str)],
    ) -> Result<Peer> {
        let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        stream.set_nodelay(true)?;
        stream.write_all(&associate_rq(calling, "SAGITTAL", contexts))?;
        let mut peer = Peer { stream };
        match peer.read_pdu()?.0 {
            2 => Ok(peer),
            kind => Err(Error::other(format!("answered with PDU type {kind}"))),
        }
    }

    /// Associates to store objects like this one (context 1) and to verify (context 3).
    pub fn for_object(address: SocketAddr, calling: &str, object: &Object) -> Result<Peer> {
        let sop_class_uid = object.sop_class_uid();
        let contexts = [
            (sop_class_uid.as_str(), object.transfer_syntax_uid.as_str()),
            ("1.2.840.10008.1.1", "1.2.840.10008.1.2"),
        ];
        Peer::associate(address, calling, &contexts)
    }

    /// Reads a PDU: type and body.
    pub fn read_pdu(&mut self) -> Result<(u8, Vec<u8>)> {
        let mut header = [0; 6];
        self.stream.read_exact(&mut header)?;
        let length: [u8; 4] = header[2..].try_into().unwrap();
        let mut body = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
        self.stream.read_exact(&mut body)?;
        Ok((header[0], body))
    }

    /// Sends a message.
    pub fn send(&mut self, context_id: u8, command: &[u8], data: Option<&[u8]>) -> Result<()> {
        self.stream
            .write_all(&p_data(context_id, true, true, command))?;
        let Some(data) = data else { return Ok(()) };
        let count = data.len().div_ceil(FRAGMENT).max(1);
        for (number, fragment) in data.chunks(FRAGMENT).enumerate() {
            let pdu = p_data(context_id, false, number + 1 == count, fragment);
            self.stream.write_all(&pdu)?;
        }
        Ok(())
    }

    /// The Status (0000,0900) of the next response.
    pub fn status(&mut self) -> Result<u16> {
        let mut command = Vec::new();
        loop {
            let (kind, body) = self.read_pdu()?;
            if kind != 4 {
                return Err(Error::new(
                    ErrorKind::ConnectionAborted,
                    format!("PDU type {kind}"),
                ));
            }
            command.extend(&body[6..]);
            if body[5] & 3 == 3 {
                break;
            }
        }
        let at = command
            .windows(8)
            .position(|element| element == [0, 0, 0, 9, 2, 0, 0, 0])
            .ok_or_else(|| Error::other("a response without status"))?;
        Ok(u16::from_le_bytes([command[at + 8], command[at + 9]]))
    }

    /// Stores an object in context 1; its status.
    pub fn store(&mut self, object: &Object) -> Result<u16> {
        let part10 = object.part10();
        let (class, instance) = (object.sop_class_uid(), object.sop_instance_uid());
        self.store_bytes(class.as_str(), instance.as_str(), data_set_of(&part10))
    }

    /// Stores a data set in context 1; its status.
    pub fn store_bytes(&mut self, class: &str, instance: &str, data: &[u8]) -> Result<u16> {
        self.send(1, &store_rq(class, instance), Some(data))?;
        self.status()
    }
}

/// C-ECHO on an association of its own.
pub fn echo(address: SocketAddr) -> Result<u16> {
    let contexts = [("1.2.840.10008.1.1", "1.2.840.10008.1.2")];
    let mut peer = Peer::associate(address, "ECHO", &contexts)?;
    peer.send(1, &echo_rq(), None)?;
    peer.status()
}
