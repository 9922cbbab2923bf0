//! Sixel graphics: six rows of pixels in a line of characters, a color at a time.

use std::fmt::Write as _;

use sagittal_pixel::render::Picture;

/// Steps of each color; 6 × 6 × 6 colors, or as many greys as a terminal surely has.
const STEPS: usize = 6;
const GREYS: usize = 64;

/// The text that shows a picture.
pub(super) fn sixel(picture: &Picture) -> String {
    let is_grey = picture.is_grey();
    let colors: Vec<u16> = picture
        .to_rgb()
        .as_chunks::<3>()
        .0
        .iter()
        .map(|&[red, green, blue]| {
            if is_grey {
                u16::from(red) * GREYS as u16 / 256
            } else {
                let step = |level: u8| u16::from(level) * STEPS as u16 / 256;
                (step(red) * STEPS as u16 + step(green)) * STEPS as u16 + step(blue)
            }
        })
        .collect();
    let count = if is_grey { GREYS } else { STEPS.pow(3) };
    let mut text = format!("\x1bP0;1q\"1;1;{};{}", picture.width, picture.height);
    for color in 0..count {
        let part = |step: usize, of: usize| step * 100 / (of - 1);
        let (red, green, blue) = match is_grey {
            true => [part(color, GREYS); 3].into(),
            false => (
                part(color / (STEPS * STEPS), STEPS),
                part(color / STEPS % STEPS, STEPS),
                part(color % STEPS, STEPS),
            ),
        };
        let _ = write!(text, "#{color};2;{red};{green};{blue}");
    }
    let width = picture.width.max(1) as usize;
    for band in colors.chunks(width * 6) {
        line(band, width, count, &mut text);
    }
    text.push_str("\x1b\\\n");
    text
}

/// Six rows: each color that occurs is drawn over the line, then the carriage returns.
fn line(band: &[u16], width: usize, count: usize, text: &mut String) {
    let mut used = vec![false; count];
    for &color in band {
        if let Some(used) = used.get_mut(usize::from(color)) {
            *used = true;
        }
    }
    let rows: Vec<&[u16]> = band.chunks(width).collect();
    let occurring = (0_u16..).zip(&used).filter(|(_, used)| **used);
    for (color, _) in occurring {
        let _ = write!(text, "#{color}");
        let (mut last, mut run) = (b'?', 0);
        for x in 0..width {
            let bits = rows.iter().enumerate().fold(0_u8, |bits, (y, row)| {
                bits | u8::from(row.get(x) == Some(&color)) << y
            });
            let character = b'?' + bits;
            if character != last {
                repeat(last, run, text);
                (last, run) = (character, 0);
            }
            run += 1;
        }
        // What is empty to the end need not be said.
        if last != b'?' {
            repeat(last, run, text);
        }
        text.push('$');
    }
    text.push('-');
}

fn repeat(character: u8, run: usize, text: &mut String) {
    match run {
        0..=3 => text.extend(std::iter::repeat_n(char::from(character), run)),
        _ => {
            let _ = write!(text, "!{run}{}", char::from(character));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use sagittal_pixel::render::Pixels;

    #[test]
    fn each_color_of_six_rows_is_a_line_of_characters() {
        let mut pixels = vec![0_u8; 5 * 7];
        pixels[0] = 255;
        pixels[5] = 255;
        let picture = Picture::new(5, 7, Pixels::Grey8(pixels)).unwrap();
        let text = sixel(&picture);
        assert!(text.starts_with("\x1bP0;1q\"1;1;5;7#0;2;0;0;0"));
        // White: the two upper rows of the first column. Black: the rest of six rows, then one.
        assert!(text.ends_with("#0{!4~$#63B$-#0!5@$-\x1b\\\n"), "{text}");
    }

    #[test]
    fn colors_are_reduced() {
        let picture = Picture::new(1, 1, Pixels::Rgb8(vec![255, 0, 255])).unwrap();
        assert!(sixel(&picture).ends_with("#185@$-\x1b\\\n"));
    }
}
