//! The standard fonts Helvetica and Helvetica-Bold (ISO 32000-1 §9.6.2.2): every reader has them.

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Font {
    /// Helvetica.
    Regular,
    /// Helvetica-Bold.
    Bold,
}

/// Advance widths of 20H to 7EH, thousandths of the size.
const REGULAR: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];
const BOLD: [u16; 95] = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611, 975, 722, 722, 722, 722, 667,
    611, 778, 722, 278, 556, 722, 611, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 333, 278, 333, 584, 556, 333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556,
    278, 889, 611, 611, 611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584,
];

impl Font {
    /// The name of its resource.
    pub fn resource(self) -> &'static str {
        match self {
            Font::Regular => "F1",
            Font::Bold => "F2",
        }
    }

    /// How wide text is (in `WinAnsiEncoding`) at a size of one point.
    pub fn width(self, text: &[u8]) -> f32 {
        let table = match self {
            Font::Regular => &REGULAR,
            Font::Bold => &BOLD,
        };
        let width = |byte: &u8| {
            let at = usize::from(byte.wrapping_sub(b' '));
            // Accented letters are as wide as most letters.
            f32::from(table.get(at).copied().unwrap_or(556))
        };
        text.iter().map(width).sum::<f32>() / 1000.0
    }
}

/// Text in `WinAnsiEncoding`; `?` for what it lacks.
pub fn win_ansi(text: &str) -> Vec<u8> {
    let code = |c: char| match c {
        ' '..='~' | '\u{A0}'..='\u{FF}' => u8::try_from(u32::from(c)).unwrap_or(b'?'),
        '€' => 0x80,
        '…' => 0x85,
        '‘' => 0x91,
        '’' => 0x92,
        '“' => 0x93,
        '”' => 0x94,
        '•' => 0x95,
        '–' => 0x96,
        '—' => 0x97,
        '\n' | '\t' => b' ',
        _ => b'?',
    };
    text.chars().map(code).collect()
}

/// Lines no wider than `width` points at `size`; words that are too long are cut.
pub fn wrapped(text: &str, font: Font, size: f32, width: f32) -> Vec<Vec<u8>> {
    let encoded = win_ansi(text);
    let fits = |line: &[u8]| font.width(line) * size <= width;
    let mut lines: Vec<Vec<u8>> = Vec::new();
    let mut line: Vec<u8> = Vec::new();
    for word in encoded
        .split(|byte| *byte == b' ')
        .filter(|word| !word.is_empty())
    {
        let mut longer = line.clone();
        if !longer.is_empty() {
            longer.push(b' ');
        }
        longer.extend_from_slice(word);
        if fits(&longer) {
            line = longer;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for byte in word {
            line.push(*byte);
            if line.len() > 1 && !fits(&line) {
                line.pop();
                lines.push(std::mem::replace(&mut line, vec![*byte]));
            }
        }
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_no_wider_than_allowed_and_lose_nothing() {
        let text =
            "One two three 1.2.826.0.1.3680043.2.1143.2501375348940060976759636938688336206 four";
        for width in [5.0, 40.0, 90.0, 1000.0] {
            let lines = wrapped(text, Font::Regular, 10.0, width);
            let narrow = lines.iter().filter(|line| line.len() > 1);
            assert!(
                narrow
                    .clone()
                    .all(|line| Font::Regular.width(line) * 10.0 <= width)
            );
            let joined: Vec<u8> = lines.concat().into_iter().filter(|b| *b != b' ').collect();
            assert_eq!(joined, text.replace(' ', "").into_bytes());
        }
        assert_eq!(win_ansi("“é” 山"), b"\x93\xe9\x94 ?");
        assert_eq!(wrapped("", Font::Bold, 9.0, 100.0).len(), 1);
    }
}
