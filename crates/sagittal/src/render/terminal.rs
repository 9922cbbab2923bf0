//! A picture in the terminal.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sagittal_pixel::render::Picture;

/// How a terminal takes pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Protocol {
    /// Kitty's graphics protocol.
    Kitty,
    /// iTerm2's inline images.
    Iterm2,
    /// Sixels, as of foot, mlterm and xterm.
    Sixel,
    /// Half blocks in 24-bit color, which every newer terminal can.
    Blocks,
}

impl Protocol {
    /// By what terminals say of themselves in the environment.
    pub fn detect(variable: impl Fn(&str) -> Option<String>) -> Protocol {
        let program = variable("TERM_PROGRAM").unwrap_or_default();
        let term = variable("TERM").unwrap_or_default();
        if variable("TMUX").is_some() {
            return Protocol::Blocks;
        }
        if variable("KITTY_WINDOW_ID").is_some()
            || term == "xterm-kitty"
            || program.eq_ignore_ascii_case("ghostty")
        {
            return Protocol::Kitty;
        }
        if ["foot", "mlterm", "contour", "yaft"]
            .iter()
            .any(|name| term.starts_with(name))
        {
            return Protocol::Sixel;
        }
        match program.as_str() {
            "iTerm.app" | "WezTerm" => Protocol::Iterm2,
            _ => Protocol::Blocks,
        }
    }
}

/// Columns and rows of picture elements that fit the columns of a terminal; nothing where the
/// terminal itself makes pictures smaller.
pub fn room(protocol: Protocol, columns: u32) -> Option<(u32, u32)> {
    /// What most terminals give a character.
    const CELL: u32 = 8;
    match protocol {
        Protocol::Kitty | Protocol::Iterm2 => None,
        Protocol::Sixel => Some((columns * CELL, columns * CELL)),
        Protocol::Blocks => Some((columns, columns)),
    }
}

/// The text that shows a picture, at most `columns` wide. The picture must fit the [`room`] that
/// there is.
pub fn show(picture: &Picture, protocol: Protocol, columns: u32) -> anyhow::Result<String> {
    Ok(match protocol {
        Protocol::Kitty => kitty(&STANDARD.encode(picture.to_png()?), columns),
        Protocol::Iterm2 => {
            let png = STANDARD.encode(picture.to_png()?);
            format!("\x1b]1337;File=inline=1;width={columns};preserveAspectRatio=1:{png}\x07\n")
        }
        Protocol::Sixel => super::sixel::sixel(picture),
        Protocol::Blocks => blocks(picture),
    })
}

fn kitty(png: &str, columns: u32) -> String {
    const CHUNK: usize = 4096;
    let chunks: Vec<&[u8]> = png.as_bytes().chunks(CHUNK).collect();
    let mut text = String::new();
    for (at, chunk) in chunks.iter().enumerate() {
        let more = u8::from(at + 1 < chunks.len());
        let head = if at == 0 {
            format!("f=100,a=T,c={columns},")
        } else {
            String::new()
        };
        let chunk = String::from_utf8_lossy(chunk);
        text.push_str(&format!("\x1b_G{head}m={more};{chunk}\x1b\\"));
    }
    text.push('\n');
    text
}

/// Two pixels one above the other are an upper half block and its ground.
fn blocks(picture: &Picture) -> String {
    let rgb = picture.to_rgb();
    let rows: Vec<&[u8]> = rgb.chunks(picture.width.max(1) as usize * 3).collect();
    let mut text = String::new();
    for pair in rows.chunks(2) {
        let (Some(upper), lower) = (pair.first(), pair.get(1)) else {
            continue;
        };
        for (at, color) in upper.chunks(3).enumerate() {
            let ground = lower.and_then(|row| row.get(at * 3..at * 3 + 3));
            if let [r, g, b] = color {
                text.push_str(&format!("\x1b[38;2;{r};{g};{b}m"));
            }
            match ground {
                Some([r, g, b]) => text.push_str(&format!("\x1b[48;2;{r};{g};{b}m▀")),
                _ => text.push_str("\x1b[49m▀"),
            }
        }
        text.push_str("\x1b[0m\n");
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use sagittal_pixel::render::Pixels;

    #[test]
    fn two_rows_are_one_line_of_blocks() {
        let picture = Picture::new(1, 3, Pixels::Grey8(vec![1, 2, 3])).unwrap();
        let text = show(&picture, Protocol::Blocks, 1).unwrap();
        let expected =
            "\x1b[38;2;1;1;1m\x1b[48;2;2;2;2m▀\x1b[0m\n\x1b[38;2;3;3;3m\x1b[49m▀\x1b[0m\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn terminals_are_known_by_what_they_set() {
        let with = |name: &'static str, value: &'static str| {
            Protocol::detect(move |asked| (asked == name).then(|| value.to_owned()))
        };
        assert_eq!(with("TERM", "xterm-kitty"), Protocol::Kitty);
        assert_eq!(with("TERM_PROGRAM", "iTerm.app"), Protocol::Iterm2);
        assert_eq!(with("TERM", "foot-extra"), Protocol::Sixel);
        assert_eq!(with("TERM", "xterm"), Protocol::Blocks);
    }

    #[test]
    fn long_pictures_go_to_kitty_in_chunks() {
        let text = kitty(&"A".repeat(5000), 10);
        assert!(text.starts_with("\x1b_Gf=100,a=T,c=10,m=1;"));
        assert_eq!(text.matches("\x1b_G").count(), 2);
    }
}
