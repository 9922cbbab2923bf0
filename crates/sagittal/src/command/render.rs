//! `sagittal render`: files as pictures.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use sagittal_pixel::render::{Annotation, Options, Viewport, Window, parse_quality, parse_window};

use super::Exit;
use crate::files;
use crate::render::{self, Format, Frames, How, Library, Plan, Protocol, Source};

/// Draw DICOM files: PNG, JPEG, GIF; reports as HTML, waveforms as SVG, documents as they are; or in
/// the terminal
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sagittal render --output chest.png chest.dcm
  sagittal render --output pictures/ --format jpeg --viewport 512,512 study/
  sagittal render --output cine.gif ultrasound.dcm
  sagittal render --output sheet.png --contact-sheet 6 --window 40,400 series/
  sagittal render --output shown/ state.dcm chest.dcm
  sagittal render --terminal chest.dcm

Exit codes: 0 all drawn, 1 nothing drawn, 3 something was not drawn.")]
pub struct Arguments {
    /// Files, and folders with all that is in them
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// File, or folder for several; its ending tells the format
    #[arg(short, long, value_name = "PATH", required_unless_present = "terminal")]
    output: Option<PathBuf>,
    /// Format of pictures, if the ending does not tell
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Which frame: a number from 1, all or middle; all for a GIF, else the middle if not given
    #[arg(long, value_name = "N|all|middle", value_parser = Frames::parse)]
    frame: Option<Frames>,
    /// Window center, width and function (linear, linear-exact, sigmoid)
    #[arg(long, value_name = "C,W[,F]", allow_hyphen_values = true, value_parser = window)]
    window: Option<Window>,
    /// Size to fit into, and the region that is shown
    #[arg(long, value_name = "W,H[,X,Y,W,H]", value_parser = viewport)]
    viewport: Option<Viewport>,
    /// Quality of JPEG
    #[arg(long, value_name = "1-100", value_parser = quality)]
    quality: Option<u8>,
    /// Text on the picture: patient, technique
    #[arg(long, value_name = "LIST", default_value = "")]
    annotation: String,
    /// Show images as this presentation state says, if it is for them
    #[arg(long, value_name = "FILE")]
    presentation_state: Option<PathBuf>,
    /// All pictures in one, in so many columns
    #[arg(long, value_name = "COLUMNS", value_parser = clap::value_parser!(u32).range(1..=100), conflicts_with = "terminal")]
    contact_sheet: Option<u32>,
    /// Greys of 16 bits (PNG)
    #[arg(long, conflicts_with = "terminal")]
    deep: bool,
    /// Show the pictures in the terminal
    #[arg(long, conflicts_with = "output")]
    terminal: bool,
    /// How the terminal takes pictures, if it does not say so itself
    #[arg(long, value_enum, requires = "terminal")]
    protocol: Option<Protocol>,
    /// Columns of the terminal to be used
    #[arg(long, value_name = "N", requires = "terminal", value_parser = clap::value_parser!(u32).range(1..=1000))]
    width: Option<u32>,
    /// Files at the same time; all cores if not given
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// No progress bar
    #[arg(short, long)]
    quiet: bool,
    /// Write over files that exist
    #[arg(long)]
    overwrite: bool,
    /// Print the summary as JSON
    #[arg(long, conflicts_with = "terminal")]
    json: bool,
}

fn window(text: &str) -> Result<Window, String> {
    parse_window(text).map_err(|error| error.to_string())
}

fn viewport(text: &str) -> Result<Viewport, String> {
    Viewport::parse(text).map_err(|error| error.to_string())
}

fn quality(text: &str) -> Result<u8, String> {
    parse_quality(text).map_err(|error| error.to_string())
}

/// Runs the subcommand.
pub fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    for path in &arguments.paths {
        if !path.exists() {
            bail!("there is no {}", path.display());
        }
    }
    let presentation_state = match &arguments.presentation_state {
        Some(path) => {
            let opened = Source::open(path);
            Some(opened.with_context(|| path.display().to_string())?.header)
        }
        None => None,
    };
    let ending = arguments.output.as_deref().and_then(Format::of);
    let plan = Plan {
        options: Options {
            window: arguments.window,
            viewport: arguments.viewport,
            quality: arguments.quality,
            annotation: Annotation::parse_list(&arguments.annotation)?,
            presentation_state,
            ..Options::default()
        },
        frames: arguments.frame,
        format: arguments.format.or(ending).unwrap_or(Format::Png),
        deep: arguments.deep,
    };
    if plan.deep && plan.format != Format::Png {
        bail!("--deep needs PNG");
    }
    let Some(output) = &arguments.output else {
        return terminal(plan, &arguments);
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let how = How {
        sheet: arguments.contact_sheet,
        overwrite: arguments.overwrite,
        jobs: arguments.jobs.map_or(cores, usize::from),
        quiet: arguments.quiet || arguments.json,
    };
    let summary = render::run(&plan, &arguments.paths, output, &how)?;
    if arguments.json {
        crate::say!("{}", serde_json::to_string_pretty(&summary)?);
    } else {
        crate::say!(
            "{} drawn, {} files written, {} failed, {} not DICOM in {:.1} s",
            summary.rendered,
            summary.written,
            summary.failed,
            summary.not_dicom,
            summary.seconds
        );
        for failure in &summary.failures {
            crate::say!("  {}: {}", failure.file, failure.reason);
        }
    }
    if summary.rendered + summary.failed == 0 {
        eprintln!("sagittal: no DICOM files found");
        return Ok(Exit::Failed);
    }
    Ok(Exit::of(summary.rendered, summary.failed))
}

fn terminal(mut plan: Plan, arguments: &Arguments) -> anyhow::Result<Exit> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let protocol = arguments
        .protocol
        .unwrap_or_else(|| Protocol::detect(variable));
    let seen = terminal_size::terminal_size().map(|(width, _)| u32::from(width.0));
    let told = variable("COLUMNS").and_then(|columns| columns.parse().ok());
    let columns: u32 = arguments.width.or(seen).or(told).unwrap_or(80);
    let columns = columns.clamp(1, 1000);
    if let Some((width, height)) = render::room(protocol, columns) {
        let region = plan.options.viewport.and_then(|viewport| viewport.region);
        let mut size = Viewport::size(width, height)?;
        size.region = region;
        plan.options.viewport = Some(size);
    }
    let mut paths = Vec::new();
    for given in &arguments.paths {
        for path in files::walk(given) {
            paths.push(path?);
        }
    }
    let library = Library::of(paths.clone());
    let (mut shown, mut failed) = (0, 0);
    for path in paths {
        let pictures = Source::open(&path).and_then(|source| plan.pictures(&source, &library));
        match pictures {
            Ok(pictures) => {
                for (_, picture) in &pictures {
                    crate::show!("{}", render::show(picture, protocol, columns)?);
                }
                shown += 1;
            }
            Err(error) => {
                eprintln!("sagittal: {}: {error:#}", path.display());
                failed += 1;
            }
        }
    }
    Ok(Exit::of(shown, failed))
}
