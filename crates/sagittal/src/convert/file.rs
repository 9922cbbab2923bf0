//! One file.

use std::fs::File;
use std::io::{BufWriter, Read as _, Write as _};
use std::path::Path;

use anyhow::Context as _;
use sagittal_core::{CharacterSet, Limits, Tag, Uid, tags};
use sagittal_file::encoding::Encoding;
use sagittal_file::{extract, part10, read};
use sagittal_pixel::transcode::{Change, Options, Stored, change, compare, lossy_uid, transcode};

use crate::files;

/// Enough for preamble, meta and the UIDs of a data set.
const PREFIX: u64 = 256 << 10;
const SOURCE_AE_TITLE: Tag = Tag(0x0002, 0x0016);

/// What to do with each file.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The transfer syntax wanted.
    pub to: &'static str,
    /// For encoders, and bounds.
    pub options: Options,
    /// Decode both files afterwards and compare.
    pub verify: bool,
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Converted {
    /// What changed.
    pub change: Change,
    /// Bytes before.
    pub bytes_in: u64,
    /// Bytes after.
    pub bytes_out: u64,
    /// The largest difference of two samples that verifying found, if it was done.
    pub largest_difference: Option<u64>,
}

impl Plan {
    /// Converts a file. The target appears when it is complete, and verified if that is wanted.
    ///
    /// # Errors
    /// [`sagittal_file::Error::NotDicom`] for other files; what decoding and encoding find; a
    /// lossless conversion that did not keep every sample.
    pub fn convert(&self, path: &Path, target: &Path) -> anyhow::Result<Converted> {
        let shown = || path.display().to_string();
        let file = File::open(path).with_context(shown)?;
        let bytes_in = file.metadata().with_context(shown)?.len();
        let source = Origin::read(&file, bytes_in).with_context(shown)?;
        let from = source.transfer_syntax_uid.as_str();
        let Some(change) = change(from, self.to) else {
            return Err(anyhow::anyhow!("{from} cannot be decoded")).with_context(shown);
        };
        let folder = target.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        let mut out = files::temporary()
            .tempfile_in(folder)
            .with_context(|| format!("cannot write into {}", folder.display()))?;
        let sop_instance_uid = match change {
            Change::Lossy => lossy_uid(
                source.sop_instance_uid.as_str(),
                self.to,
                &self.options.encode,
            ),
            _ => source.sop_instance_uid.clone(),
        };
        let header = part10::write_header(&part10::Meta {
            sop_class_uid: source.sop_class_uid.clone(),
            sop_instance_uid: sop_instance_uid.clone(),
            transfer_syntax_uid: Uid::from_static(self.to),
            source_ae_title: source.source_ae_title.clone(),
        });
        let mut writer = BufWriter::with_capacity(1 << 20, out.as_file_mut());
        writer.write_all(&header).with_context(shown)?;
        let outcome = transcode(
            &file,
            source.data_set_offset,
            from,
            self.to,
            &self.options,
            &mut writer,
        )
        .with_context(shown)?;
        writer.flush().with_context(shown)?;
        drop(writer);
        let written = outcome.new_sop_instance_uid.as_ref();
        if *written.unwrap_or(&source.sop_instance_uid) != sop_instance_uid {
            return Err(anyhow::anyhow!(
                "nothing was lost by it; choose a lossless syntax"
            ))
            .with_context(shown);
        }
        let bytes_out = out.as_file().metadata().with_context(shown)?.len();
        let largest_difference = match change {
            Change::Lossless | Change::Lossy if self.verify => {
                let before = Stored {
                    source: &file,
                    data_set_offset: source.data_set_offset,
                    transfer_syntax: from,
                };
                let after = Stored {
                    source: out.as_file(),
                    data_set_offset: header.len() as u64,
                    transfer_syntax: self.to,
                };
                let difference = compare(before, after, self.options.limits)
                    .context("cannot verify")
                    .with_context(shown)?;
                if change == Change::Lossless && !difference.is_none() {
                    return Err(anyhow::anyhow!(
                        "samples differ by up to {} after decoding again; nothing is written",
                        difference.largest
                    ))
                    .with_context(shown);
                }
                Some(difference.largest)
            }
            _ => None,
        };
        out.persist(target)
            .with_context(|| format!("cannot write {}", target.display()))?;
        Ok(Converted {
            change,
            bytes_in,
            bytes_out,
            largest_difference,
        })
    }
}

/// What must be known of a file.
struct Origin {
    transfer_syntax_uid: Uid,
    data_set_offset: u64,
    sop_class_uid: Uid,
    sop_instance_uid: Uid,
    source_ae_title: Option<String>,
}

impl Origin {
    fn read(file: &File, length: u64) -> anyhow::Result<Origin> {
        let mut prefix = Vec::new();
        file.take(PREFIX).read_to_end(&mut prefix)?;
        let opening = part10::open(&prefix)?;
        let encoding = Encoding::of(opening.transfer_syntax_uid.as_str());
        let offset = usize::try_from(opening.data_set_offset)?;
        let rest = prefix.get(offset..).unwrap_or(&[]);
        let inflated;
        let (data_set, total) = if encoding.deflated {
            inflated = read::inflate_prefix(rest, 64 << 10);
            (&inflated[..], inflated.len() as u64)
        } else {
            (rest, length.saturating_sub(opening.data_set_offset))
        };
        let wanted = [tags::SOP_CLASS_UID, tags::SOP_INSTANCE_UID];
        let values = extract::root_values(data_set, total, encoding, Limits::default(), &wanted)?;
        let uid = |at: usize, name: &str| -> anyhow::Result<Uid> {
            let value: Option<&extract::RawValue<'_>> = values.get(at).and_then(Option::as_ref);
            let text = value.and_then(|value| value.text(&CharacterSet::default()));
            let text = text.with_context(|| format!("it has no {name}"))?;
            Ok(Uid::tolerant(text.trim_matches(['\0', ' ']))?)
        };
        Ok(Origin {
            sop_class_uid: uid(0, "SOP Class UID")?,
            sop_instance_uid: uid(1, "SOP Instance UID")?,
            source_ae_title: opening.meta.first_text(SOURCE_AE_TITLE),
            data_set_offset: opening.data_set_offset,
            transfer_syntax_uid: opening.transfer_syntax_uid,
        })
    }
}
