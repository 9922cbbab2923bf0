//! Blocks onto pages.

use super::file::{File, string};
use super::font::{Font, win_ansi, wrapped};
use crate::report::document::{Block, Document, Table};

/// A4 and its margins, points.
const WIDTH: f32 = 595.0;
const HEIGHT: f32 = 842.0;
const MARGIN: f32 = 45.0;
const INNER: f32 = WIDTH - 2.0 * MARGIN;
/// Where the last line may stand.
const BOTTOM: f32 = 60.0;
const TEXT: f32 = 9.5;
const CELL: f32 = 7.5;
/// Space on the left and right of a cell's text.
const PAD: f32 = 3.0;

/// Writes a report as PDF.
pub fn pdf(document: &Document) -> Vec<u8> {
    let mut layout = Layout {
        pages: vec![Page::default()],
        y: HEIGHT - MARGIN,
        images: Vec::new(),
        outline: Vec::new(),
    };
    layout.lines(&document.title, Font::Bold, 17.0, MARGIN, INNER);
    layout.lines(&document.subtitle, Font::Regular, TEXT, MARGIN, INNER);
    for block in &document.blocks {
        layout.block(block);
    }
    layout.finish(document)
}

#[derive(Default)]
struct Page {
    content: Vec<u8>,
    images: Vec<usize>,
}

struct Image {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
}

struct Layout {
    pages: Vec<Page>,
    /// Where the last line stands on the last page.
    y: f32,
    images: Vec<Image>,
    /// Headings: title, page, height.
    outline: Vec<(String, usize, f32)>,
}

impl Layout {
    fn draw(&mut self, operators: &str) {
        if let Some(page) = self.pages.last_mut() {
            page.content.extend_from_slice(operators.as_bytes());
        }
    }

    fn text(&mut self, text: &[u8], font: Font, size: f32, x: f32, y: f32) {
        if text.is_empty() {
            return;
        }
        self.draw(&format!(
            "BT /{} {size} Tf {x:.2} {y:.2} Td ",
            font.resource()
        ));
        if let Some(page) = self.pages.last_mut() {
            page.content.extend_from_slice(&string(text));
        }
        self.draw(" Tj ET\n");
    }

    /// Goes to a new page unless there is so much room.
    fn need(&mut self, height: f32) -> bool {
        let is_full = self.y - height < BOTTOM;
        if is_full {
            self.pages.push(Page::default());
            self.y = HEIGHT - MARGIN;
        }
        is_full
    }

    fn lines(&mut self, text: &str, font: Font, size: f32, x: f32, width: f32) {
        for line in wrapped(text, font, size, width) {
            self.need(size * 1.35);
            self.y -= size * 1.35;
            self.text(&line, font, size, x, self.y);
        }
    }

    fn block(&mut self, block: &Block) {
        self.y -= 6.0;
        match block {
            Block::Heading(text) => {
                self.need(80.0);
                self.y -= 10.0;
                self.outline
                    .push((text.clone(), self.pages.len() - 1, self.y));
                self.lines(text, Font::Bold, 12.5, MARGIN, INNER);
                let y = self.y - 4.0;
                self.draw(&format!(
                    "0.6 G 0.8 w {MARGIN} {y:.2} m {:.2} {y:.2} l S\n",
                    WIDTH - MARGIN
                ));
                self.y -= 5.0;
            }
            Block::Text(text) => self.lines(text, Font::Regular, TEXT, MARGIN, INNER),
            Block::Warning(text) => {
                self.draw("0.65 0.1 0.08 rg\n");
                let before = self.pages.len();
                self.lines(text, Font::Bold, TEXT, MARGIN, INNER);
                debug_assert!(self.pages.len() <= before + 1);
                self.draw("0 g\n");
            }
            Block::Facts(facts) => {
                for (name, value) in facts {
                    let names = wrapped(name, Font::Regular, TEXT, 145.0);
                    let values = wrapped(value, Font::Regular, TEXT, INNER - 155.0);
                    for at in 0..names.len().max(values.len()) {
                        self.need(TEXT * 1.35);
                        self.y -= TEXT * 1.35;
                        let y = self.y;
                        self.draw("0.35 g\n");
                        self.text(
                            names.get(at).map_or(&[], Vec::as_slice),
                            Font::Regular,
                            TEXT,
                            MARGIN,
                            y,
                        );
                        self.draw("0 g\n");
                        self.text(
                            values.get(at).map_or(&[], Vec::as_slice),
                            Font::Regular,
                            TEXT,
                            MARGIN + 155.0,
                            y,
                        );
                    }
                }
            }
            Block::Table(table) => self.table(table),
            Block::Picture(png, caption) => self.picture(png, caption),
        }
    }

    fn table(&mut self, table: &Table) {
        let weights: f32 = table
            .columns
            .iter()
            .map(|column| f32::from(column.weight))
            .sum();
        let widths: Vec<f32> = table
            .columns
            .iter()
            .map(|column| INNER * f32::from(column.weight) / weights.max(1.0))
            .collect();
        self.need(70.0);
        self.lines(&table.caption, Font::Bold, TEXT, MARGIN, INNER);
        self.y -= 4.0;
        let names: Vec<String> = table
            .columns
            .iter()
            .map(|column| column.name.to_owned())
            .collect();
        self.row(table, &names, &widths, Font::Bold);
        for row in &table.rows {
            let lines = cell_lines(row, &widths, Font::Regular);
            let most = lines.iter().map(Vec::len).max().unwrap_or(1);
            // A row that is higher than a page is cut into pieces.
            if self.need((most.min(60) as f32) * CELL * 1.3 + 5.0) {
                self.row(table, &names, &widths, Font::Bold);
            }
            self.row(table, row, &widths, Font::Regular);
        }
        if table.rows.is_empty() {
            self.lines("none", Font::Regular, CELL, MARGIN + PAD, INNER);
        }
    }

    fn row(&mut self, table: &Table, cells: &[String], widths: &[f32], font: Font) {
        let lines = cell_lines(cells, widths, font);
        let count = lines.iter().map(Vec::len).max().unwrap_or(1).min(60);
        let height = count as f32 * CELL * 1.3 + 5.0;
        let top = self.y;
        let bottom = top - height;
        if font == Font::Bold {
            self.draw(&format!(
                "0.93 g {MARGIN} {bottom:.2} {INNER} {height:.2} re f 0 g\n"
            ));
        }
        self.draw(&format!(
            "0.75 G 0.4 w {MARGIN} {bottom:.2} m {:.2} {bottom:.2} l S\n",
            WIDTH - MARGIN
        ));
        let mut x = MARGIN;
        for ((cell, width), column) in lines.iter().zip(widths).zip(&table.columns) {
            let mut y = top - 2.0;
            for line in cell.iter().take(count) {
                y -= CELL * 1.3;
                let shift = match column.is_number {
                    true => width - 2.0 * PAD - font.width(line) * CELL,
                    false => 0.0,
                };
                self.text(line, font, CELL, x + PAD + shift.max(0.0), y);
            }
            x += width;
        }
        self.y = bottom;
    }

    fn picture(&mut self, png: &[u8], caption: &str) {
        let Some(image) = decode(png) else {
            return self.lines(
                &format!("{caption} (picture cannot be read)"),
                Font::Regular,
                TEXT,
                MARGIN,
                INNER,
            );
        };
        let (width, height) = (image.width as f32, image.height as f32);
        let scale = (INNER / width).min(320.0 / height).min(1.0);
        let (width, height) = (width * scale, height * scale);
        self.need(height + 30.0);
        self.y -= height;
        let number = self.images.len();
        self.images.push(image);
        let y = self.y;
        self.draw(&format!(
            "q {width:.2} 0 0 {height:.2} {MARGIN} {y:.2} cm /I{number} Do Q\n"
        ));
        if let Some(page) = self.pages.last_mut() {
            page.images.push(number);
        }
        self.lines(caption, Font::Regular, CELL + 0.5, MARGIN, INNER);
    }

    fn finish(self, document: &Document) -> Vec<u8> {
        let mut file = File::new();
        let [root, info, tree, outlines] = [(); 4].map(|()| file.reserve());
        let fonts = [
            ("Helvetica", file.reserve()),
            ("Helvetica-Bold", file.reserve()),
        ];
        for (name, number) in fonts {
            let font =
                format!("<</Type/Font/Subtype/Type1/BaseFont/{name}/Encoding/WinAnsiEncoding>>");
            file.object(number, font.as_bytes());
        }
        let images: Vec<usize> = self.images.iter().map(|_| file.reserve()).collect();
        for (image, number) in self.images.iter().zip(&images) {
            let entries = format!(
                "/Type/XObject/Subtype/Image/Width {}/Height {}/ColorSpace/DeviceRGB/BitsPerComponent 8",
                image.width, image.height
            );
            file.stream(*number, &entries, &image.rgb);
        }
        let total = self.pages.len();
        let mut kids = Vec::new();
        for (at, page) in self.pages.into_iter().enumerate() {
            let content = file.reserve();
            let number = file.reserve();
            let mut bytes = page.content;
            bytes.extend_from_slice(&footer(document, at + 1, total));
            file.stream(content, "", &bytes);
            let used = page.images.iter().filter_map(|image| {
                images
                    .get(*image)
                    .map(|number| format!("/I{image} {number} 0 R"))
            });
            let used: String = used.collect();
            let [(_, regular), (_, bold)] = fonts;
            let object = format!(
                "<</Type/Page/Parent {tree} 0 R/MediaBox[0 0 {WIDTH} {HEIGHT}]/Contents {content} 0 R\
                 /Resources<</Font<</F1 {regular} 0 R/F2 {bold} 0 R>>/XObject<<{used}>>>>>>"
            );
            file.object(number, object.as_bytes());
            kids.push(number);
        }
        let list: String = kids.iter().map(|kid| format!("{kid} 0 R ")).collect();
        file.object(
            tree,
            format!("<</Type/Pages/Count {total}/Kids[{list}]>>").as_bytes(),
        );
        outline(&mut file, outlines, &self.outline, &kids);
        let catalog = format!(
            "<</Type/Catalog/Pages {tree} 0 R/Outlines {outlines} 0 R/PageMode/UseOutlines/Lang(en)>>"
        );
        file.object(root, catalog.as_bytes());
        let mut about = b"<</Producer(sagittal)/Title".to_vec();
        about.extend_from_slice(&string(&win_ansi(&document.title)));
        about.extend_from_slice(b">>");
        file.object(info, &about);
        file.finish(root, info)
    }
}

fn cell_lines(cells: &[String], widths: &[f32], font: Font) -> Vec<Vec<Vec<u8>>> {
    let cells = cells.iter().zip(widths);
    cells
        .map(|(cell, width)| wrapped(cell, font, CELL, width - 2.0 * PAD))
        .collect()
}

fn footer(document: &Document, page: usize, total: usize) -> Vec<u8> {
    let number = format!("Page {page} of {total}").into_bytes();
    let x = WIDTH - MARGIN - Font::Regular.width(&number) * CELL;
    let title = format!("{}: {}", document.title, document.subtitle);
    let title = wrapped(&title, Font::Regular, CELL, INNER - 80.0);
    let mut out = format!("0.4 g BT /F1 {CELL} Tf {MARGIN} 32 Td ").into_bytes();
    out.extend_from_slice(&string(title.first().map_or(&[], Vec::as_slice)));
    out.extend_from_slice(format!(" Tj ET BT /F1 {CELL} Tf {x:.2} 32 Td ").as_bytes());
    out.extend_from_slice(&string(&number));
    out.extend_from_slice(b" Tj ET 0 g\n");
    out
}

fn outline(file: &mut File, root: usize, headings: &[(String, usize, f32)], pages: &[usize]) {
    let numbers: Vec<usize> = headings.iter().map(|_| file.reserve()).collect();
    for (at, ((title, page, y), number)) in headings.iter().zip(&numbers).enumerate() {
        let page = pages.get(*page).copied().unwrap_or_default();
        let mut object = b"<</Title".to_vec();
        object.extend_from_slice(&string(&win_ansi(title)));
        let top = y + 20.0;
        object.extend_from_slice(
            format!("/Parent {root} 0 R/Dest[{page} 0 R/XYZ 0 {top:.0} null]").as_bytes(),
        );
        if let Some(next) = numbers.get(at + 1) {
            object.extend_from_slice(format!("/Next {next} 0 R").as_bytes());
        }
        if let Some(previous) = at.checked_sub(1).and_then(|at| numbers.get(at)) {
            object.extend_from_slice(format!("/Prev {previous} 0 R").as_bytes());
        }
        object.extend_from_slice(b">>");
        file.object(*number, &object);
    }
    let ends = match (numbers.first(), numbers.last()) {
        (Some(first), Some(last)) => format!("/First {first} 0 R/Last {last} 0 R"),
        _ => String::new(),
    };
    file.object(
        root,
        format!("<</Type/Outlines/Count {}{ends}>>", numbers.len()).as_bytes(),
    );
}

/// A PNG as eight bits of red, green and blue; transparency is ignored.
fn decode(bytes: &[u8]) -> Option<Image> {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
    let mut reader = decoder.read_info().ok()?;
    let size = reader
        .output_buffer_size()
        .filter(|size| *size <= 256 << 20)?;
    let mut buffer = vec![0; size];
    let info = reader.next_frame(&mut buffer).ok()?;
    let pixels = buffer.get(..info.buffer_size())?;
    let rgb: Vec<u8> = match info.color_type {
        png::ColorType::Rgb => pixels.to_vec(),
        png::ColorType::Rgba => pixels
            .as_chunks::<4>()
            .0
            .iter()
            .flat_map(|[r, g, b, _]| [*r, *g, *b])
            .collect(),
        png::ColorType::Grayscale => pixels.iter().flat_map(|gray| [*gray; 3]).collect(),
        png::ColorType::GrayscaleAlpha => pixels
            .as_chunks::<2>()
            .0
            .iter()
            .flat_map(|[gray, _]| [*gray; 3])
            .collect(),
        png::ColorType::Indexed => return None,
    };
    Some(Image {
        width: info.width,
        height: info.height,
        rgb,
    })
}
