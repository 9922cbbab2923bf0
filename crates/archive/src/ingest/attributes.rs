//! The attributes of an instance that have columns in the index, gathered during one walk.

use sagittal_core::{CharacterSet, Tag, Vr, tags};
use sagittal_file::walk::Event;
use sagittal_iod::quality::Checker;
use sagittal_pixel::frames::{Location, frame_bits};
use sagittal_store::index::{InstanceAttributes, SeriesAttributes, StudyAttributes};

/// Longest value kept of one attribute, in bytes; more is in the header.
const LONGEST: usize = 4096;

/// Items of Request Attributes Sequence that are looked at.
const MOST_ITEMS: u32 = 64;

/// What has been gathered.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) study: StudyAttributes,
    pub(super) series: SeriesAttributes,
    pub(super) instance: InstanceAttributes,
    pub(super) pixel_data: Option<(Tag, Location)>,
    /// Extended Offset Table (7FE0,0001) and its lengths (7FE0,0002).
    pub(super) extended_offsets: Vec<u8>,
    pub(super) extended_lengths: Vec<u8>,
    samples_per_pixel: u32,
    photometric: String,
    character_set: CharacterSet,
    big_endian: bool,
    in_request_attributes: bool,
    request_items: u32,
    /// Pixel data are OW.
    is_words: bool,
    /// Looks at the quality of what goes by.
    pub(super) checker: Option<Checker>,
}

impl Gathered {
    pub(super) fn new(big_endian: bool, checker: Option<Checker>) -> Gathered {
        Gathered {
            big_endian,
            checker,
            samples_per_pixel: 1,
            ..Gathered::default()
        }
    }

    /// Sees one event of the walk, in `depth` sequences.
    pub(super) fn observe(&mut self, event: &Event<'_>, depth: usize) {
        match *event {
            Event::Element {
                tag,
                vr,
                offset,
                length,
                ..
            } if depth == 0 && is_pixel_data(tag) => {
                let location = Location::Native { offset, length };
                let (taken, _) = *self.pixel_data.get_or_insert((tag, location));
                self.is_words |= taken == tag && vr == Vr::OW;
            }
            Event::Element { tag, vr, value, .. } if depth == 0 => {
                self.root(tag, vr, value);
                if let Some(checker) = &mut self.checker {
                    checker.element(tag, vr, value, &self.character_set);
                }
            }
            Event::Element { tag, vr, value, .. } if depth == 1 && self.in_request_attributes => {
                self.request(tag, vr, value);
            }
            // What has just begun counts as a level.
            Event::FragmentsStart { tag, offset, .. } if depth == 1 && is_pixel_data(tag) => {
                self.pixel_data
                    .get_or_insert((tag, Location::Encapsulated { offset }));
            }
            Event::SequenceStart { tag, .. } if depth == 1 => {
                self.in_request_attributes = tag == tags::REQUEST_ATTRIBUTES_SEQUENCE;
                self.request_items = 0;
            }
            Event::ItemStart { .. } if depth == 1 && self.in_request_attributes => {
                self.request_items += 1
            }
            Event::SequenceEnd { tag } if tag == tags::REQUEST_ATTRIBUTES_SEQUENCE => {
                self.in_request_attributes = false;
            }
            _ => {}
        }
    }

    fn text(&self, vr: Vr, value: &[u8]) -> String {
        let value = value.get(..LONGEST).unwrap_or(value);
        let text = self.character_set.decode(value, vr);
        text.trim_matches([' ', '\0']).to_owned()
    }

    fn number(&self, vr: Vr, value: &[u8]) -> Option<u32> {
        match (vr, value) {
            (Vr::IS | Vr::DS, _) => {
                let text = std::str::from_utf8(value).ok()?;
                text.split('\\')
                    .next()?
                    .trim_matches([' ', '\0'])
                    .parse()
                    .ok()
            }
            (_, &[a, b, ..]) if value.len() < 4 => {
                let number = if self.big_endian { [b, a] } else { [a, b] };
                Some(u32::from(u16::from_le_bytes(number)))
            }
            (_, &[a, b, c, d, ..]) => {
                let number = if self.big_endian {
                    [d, c, b, a]
                } else {
                    [a, b, c, d]
                };
                Some(u32::from_le_bytes(number))
            }
            _ => None,
        }
    }

    fn root(&mut self, tag: Tag, vr: Vr, value: &[u8]) {
        if let Some(slot) = text_slot(tag) {
            let text = self.text(vr, value);
            let field = slot(self);
            // Of duplicates the first counts.
            if field.is_empty() {
                *field = text;
            }
            return;
        }
        match tag {
            tags::SPECIFIC_CHARACTER_SET => self.character_set = CharacterSet::from_element(value),
            tags::NUMBER_OF_FRAMES => self.instance.number_of_frames = self.number(vr, value),
            tags::ROWS => self.instance.rows = self.number(vr, value),
            tags::COLUMNS => self.instance.columns = self.number(vr, value),
            tags::BITS_ALLOCATED => self.instance.bits_allocated = self.number(vr, value),
            tags::SAMPLES_PER_PIXEL => self.samples_per_pixel = self.number(vr, value).unwrap_or(1),
            tags::PHOTOMETRIC_INTERPRETATION => self.photometric = self.text(vr, value),
            tags::EXTENDED_OFFSET_TABLE => self.extended_offsets = value.to_vec(),
            tags::EXTENDED_OFFSET_TABLE_LENGTHS => self.extended_lengths = value.to_vec(),
            _ => {}
        }
    }

    /// Bits of one native frame.
    pub(super) fn frame_bits(&self) -> u64 {
        let bits_allocated = match self.pixel_data {
            Some((tags::FLOAT_PIXEL_DATA, _)) => 32,
            Some((tags::DOUBLE_FLOAT_PIXEL_DATA, _)) => 64,
            _ => self.instance.bits_allocated.unwrap_or(0),
        };
        let short = |number: u32| u16::try_from(number).unwrap_or(0);
        frame_bits(
            short(self.instance.rows.unwrap_or(0)),
            short(self.instance.columns.unwrap_or(0)),
            short(self.samples_per_pixel),
            short(bits_allocated),
            &self.photometric,
        )
    }

    /// Are bytes swapped in words, see `Description::is_word_swapped`?
    pub(super) fn is_word_swapped(&self) -> bool {
        let is_number = matches!(self.instance.bits_allocated, Some(16 | 32 | 64));
        self.big_endian && self.is_words && !is_number
    }

    fn request(&mut self, tag: Tag, vr: Vr, value: &[u8]) {
        let text = self.text(vr, value);
        let joined = match tag {
            tags::SCHEDULED_PROCEDURE_STEP_ID => &mut self.series.scheduled_procedure_step_id,
            tags::REQUESTED_PROCEDURE_ID => &mut self.series.requested_procedure_id,
            _ => return,
        };
        // One value an item, so that values of one item stay side by side.
        let items = joined.split('\\').count();
        let duplicate = items >= self.request_items as usize && !joined.ends_with('\\');
        if duplicate && !joined.is_empty() {
            return;
        }
        for _ in items..self.request_items.min(MOST_ITEMS) as usize {
            joined.push('\\');
        }
        if self.request_items <= MOST_ITEMS {
            joined.push_str(&text);
        }
    }
}

/// Pixel Data, Float Pixel Data, Double Float Pixel Data.
fn is_pixel_data(tag: Tag) -> bool {
    matches!(
        tag,
        tags::PIXEL_DATA | tags::FLOAT_PIXEL_DATA | tags::DOUBLE_FLOAT_PIXEL_DATA
    )
}

type Slot = fn(&mut Gathered) -> &mut String;

/// Which field an element of the root goes to.
fn text_slot(tag: Tag) -> Option<Slot> {
    Some(match tag {
        tags::PATIENT_ID => |g| &mut g.study.patient_id,
        tags::ISSUER_OF_PATIENT_ID => |g| &mut g.study.issuer_of_patient_id,
        tags::PATIENT_NAME => |g| &mut g.study.patient_name,
        tags::PATIENT_BIRTH_DATE => |g| &mut g.study.patient_birth_date,
        tags::PATIENT_SEX => |g| &mut g.study.patient_sex,
        tags::STUDY_INSTANCE_UID => |g| &mut g.study.study_instance_uid,
        tags::STUDY_DATE => |g| &mut g.study.study_date,
        tags::STUDY_TIME => |g| &mut g.study.study_time,
        tags::ACCESSION_NUMBER => |g| &mut g.study.accession_number,
        tags::STUDY_ID => |g| &mut g.study.study_id,
        tags::STUDY_DESCRIPTION => |g| &mut g.study.study_description,
        tags::REFERRING_PHYSICIAN_NAME => |g| &mut g.study.referring_physician_name,
        tags::TIMEZONE_OFFSET_FROM_UTC => |g| &mut g.study.timezone_offset_from_utc,
        tags::SERIES_INSTANCE_UID => |g| &mut g.series.series_instance_uid,
        tags::MODALITY => |g| &mut g.series.modality,
        tags::SERIES_NUMBER => |g| &mut g.series.series_number,
        tags::SERIES_DESCRIPTION => |g| &mut g.series.series_description,
        tags::SERIES_DATE => |g| &mut g.series.series_date,
        tags::SERIES_TIME => |g| &mut g.series.series_time,
        tags::BODY_PART_EXAMINED => |g| &mut g.series.body_part_examined,
        tags::LATERALITY => |g| &mut g.series.laterality,
        tags::PERFORMED_PROCEDURE_STEP_START_DATE => {
            |g| &mut g.series.performed_procedure_step_start_date
        }
        tags::PERFORMED_PROCEDURE_STEP_START_TIME => {
            |g| &mut g.series.performed_procedure_step_start_time
        }
        tags::STATION_NAME => |g| &mut g.series.station_name,
        tags::INSTITUTION_NAME => |g| &mut g.series.institution_name,
        tags::MANUFACTURER => |g| &mut g.series.manufacturer,
        tags::MANUFACTURER_MODEL_NAME => |g| &mut g.series.manufacturer_model_name,
        tags::SOP_CLASS_UID => |g| &mut g.instance.sop_class_uid,
        tags::SOP_INSTANCE_UID => |g| &mut g.instance.sop_instance_uid,
        tags::INSTANCE_NUMBER => |g| &mut g.instance.instance_number,
        tags::CONTENT_DATE => |g| &mut g.instance.content_date,
        tags::CONTENT_TIME => |g| &mut g.instance.content_time,
        _ => return None,
    })
}
