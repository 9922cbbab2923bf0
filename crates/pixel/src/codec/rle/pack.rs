//! The run-length coding of one segment: PackBits (PS3.5 §G.3).

/// The longest run of equal bytes, and of different ones.
const MAX_RUN: usize = 128;
/// Short runs are copied in steps of a fixed size, which a register holds.
const STEP: usize = 16;

/// Fills `plane`, and tells how many bytes of it are filled. `length` bytes of the segment are its
/// own; a run of different bytes that begins there may go on behind them.
pub(super) fn unpack(bytes: &[u8], length: usize, plane: &mut [u8]) -> usize {
    let (mut from, mut to) = (0, 0);
    while from < length && to < plane.len() {
        let Some(control) = bytes.get(from) else {
            break;
        };
        let control = usize::from(*control);
        from += 1;
        if control < MAX_RUN {
            let count = control + 1;
            to += literal(bytes.get(from..).unwrap_or(&[]), plane, to, count);
            from += count;
        } else if control > MAX_RUN {
            let count = 257 - control;
            let Some(value) = bytes.get(from) else {
                break;
            };
            to += repeat(*value, plane, to, count);
            from += 1;
        }
        // 128 stands for nothing.
    }
    to
}

#[inline]
fn literal(source: &[u8], plane: &mut [u8], to: usize, count: usize) -> usize {
    if count <= STEP
        && let Some(source) = source.first_chunk::<STEP>()
        && let Some(target) = plane.get_mut(to..to + STEP)
    {
        // What is copied too much is overwritten by the next run.
        target.copy_from_slice(source);
        return count;
    }
    let count = count.min(source.len()).min(plane.len() - to);
    if let (Some(target), Some(source)) = (plane.get_mut(to..to + count), source.get(..count)) {
        target.copy_from_slice(source);
    }
    count
}

#[inline]
fn repeat(value: u8, plane: &mut [u8], to: usize, count: usize) -> usize {
    if count <= STEP
        && let Some(target) = plane.get_mut(to..to + STEP)
    {
        target.copy_from_slice(&[value; STEP]);
        return count;
    }
    let count = count.min(plane.len() - to);
    if let Some(target) = plane.get_mut(to..to + count) {
        target.fill(value);
    }
    count
}

/// Appends the code of a row.
pub(super) fn pack(row: &[u8], out: &mut Vec<u8>) {
    let mut literal = 0;
    let mut at = 0;
    while at < row.len() {
        let run = run_length(row.get(at..).unwrap_or(&[]));
        // Two equal bytes between different ones cost as much as they save.
        if run >= 3 || (run == 2 && literal == at) {
            put_literals(row.get(literal..at).unwrap_or(&[]), out);
            let [control, ..] = (257 - run).to_le_bytes();
            out.extend_from_slice(&[control, row.get(at).copied().unwrap_or(0)]);
            at += run;
            literal = at;
        } else {
            at += run;
        }
    }
    put_literals(row.get(literal..).unwrap_or(&[]), out);
}

/// How often the first byte stands at the beginning, at most as often as a run may be long.
#[inline]
fn run_length(bytes: &[u8]) -> usize {
    let bytes = bytes.get(..MAX_RUN).unwrap_or(bytes);
    let Some(first) = bytes.first() else {
        return 0;
    };
    bytes
        .iter()
        .position(|byte| byte != first)
        .unwrap_or(bytes.len())
}

fn put_literals(bytes: &[u8], out: &mut Vec<u8>) {
    for part in bytes.chunks(MAX_RUN) {
        let [control, ..] = (part.len() - 1).to_le_bytes();
        out.push(control);
        out.extend_from_slice(part);
    }
}
