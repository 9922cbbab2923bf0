//! Byte planes: the highest byte of the first sample is the first plane (PS3.5 §G.2).

/// Planes of `length` bytes to little endian samples of `width` bytes, side by side.
pub(super) fn join(planes: &[u8], length: usize, count: usize, width: usize) -> Vec<u8> {
    let mut out = vec![0; planes.len()];
    let mut plane = planes.chunks_exact(length.max(1));
    match (count, width) {
        (2, 2) => {
            if let (Some(high), Some(low)) = (plane.next(), plane.next()) {
                let bytes = high.iter().zip(low);
                for (to, (high, low)) in out.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
                    *to = [*low, *high];
                }
            }
        }
        (3, 1) => {
            if let (Some(red), Some(green), Some(blue)) = (plane.next(), plane.next(), plane.next())
            {
                let bytes = red.iter().zip(green).zip(blue);
                for (to, ((red, green), blue)) in out.as_chunks_mut::<3>().0.iter_mut().zip(bytes) {
                    *to = [*red, *green, *blue];
                }
            }
        }
        _ => {
            for (number, plane) in plane.enumerate() {
                let at = place(number, width);
                for (to, from) in out.iter_mut().skip(at).step_by(count.max(1)).zip(plane) {
                    *to = *from;
                }
            }
        }
    }
    out
}

/// The bytes of one plane of a row.
pub(super) fn take(row: &[u8], plane: usize, count: usize, width: usize, out: &mut Vec<u8>) {
    let at = place(plane, width);
    out.clear();
    let pixels = row.chunks_exact(count.max(1));
    out.extend(pixels.map(|pixel| pixel.get(at).copied().unwrap_or(0)));
}

/// Where a plane's byte lies in a pixel.
fn place(plane: usize, width: usize) -> usize {
    let width = width.max(1);
    plane / width * width + (width - 1 - plane % width)
}
