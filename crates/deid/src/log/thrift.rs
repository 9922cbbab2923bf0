//! As much of Thrift's compact protocol as the footer of a Parquet file needs.

/// A structure being written.
pub struct Struct<'o> {
    out: &'o mut Vec<u8>,
    last: i16,
}

const I32: u8 = 5;
const I64: u8 = 6;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

impl<'o> Struct<'o> {
    /// Writes a structure's fields, in ascending order, and its end.
    pub fn write(out: &'o mut Vec<u8>, fields: impl FnOnce(&mut Struct<'_>)) {
        let mut structure = Struct { out, last: 0 };
        fields(&mut structure);
        structure.out.push(0);
    }

    /// A 32-bit number or enumerated value.
    pub fn i32(&mut self, field: i16, value: i32) {
        self.head(field, I32);
        varint(zigzag(i64::from(value)), self.out);
    }

    /// A 64-bit number.
    pub fn i64(&mut self, field: i16, value: u64) {
        self.head(field, I64);
        varint(zigzag(i64::try_from(value).unwrap_or(i64::MAX)), self.out);
    }

    /// A string.
    pub fn text(&mut self, field: i16, text: &str) {
        self.head(field, BINARY);
        string(text, self.out);
    }

    /// A structure.
    pub fn structure(&mut self, field: i16, fields: impl FnOnce(&mut Struct<'_>)) {
        self.head(field, STRUCT);
        Struct::write(self.out, fields);
    }

    /// A list of 32-bit numbers.
    pub fn numbers(&mut self, field: i16, values: &[i32]) {
        self.list(field, I32, values.len());
        for value in values {
            varint(zigzag(i64::from(*value)), self.out);
        }
    }

    /// A list of strings.
    pub fn texts(&mut self, field: i16, values: &[&str]) {
        self.list(field, BINARY, values.len());
        for value in values {
            string(value, self.out);
        }
    }

    /// A list of structures.
    pub fn structures<T>(
        &mut self,
        field: i16,
        values: &[T],
        mut fields: impl FnMut(&mut Struct<'_>, &T),
    ) {
        self.list(field, STRUCT, values.len());
        for value in values {
            Struct::write(self.out, |structure| fields(structure, value));
        }
    }

    fn list(&mut self, field: i16, of: u8, length: usize) {
        self.head(field, LIST);
        match u8::try_from(length) {
            Ok(short @ 0..15) => self.out.push(short << 4 | of),
            _ => {
                self.out.push(0xF0 | of);
                varint(length as u64, self.out);
            }
        }
    }

    fn head(&mut self, field: i16, of: u8) {
        // Fields come in steps of less than 16 in all structures of Parquet.
        let delta = u8::try_from(field - self.last).unwrap_or(0);
        self.last = field;
        self.out.push(delta << 4 | of);
    }
}

fn string(text: &str, out: &mut Vec<u8>) {
    varint(text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}

fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63).cast_unsigned()
}

/// Appends a number in groups of seven bits.
pub fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7F) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
