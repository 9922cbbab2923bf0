//! Pixel data within sequences, such as icons: compressed ones become native (PS3.5 §A.4 allows
//! both in an encapsulated syntax, and only native ones in others).

use sagittal_core::{DataSet, Element, Value, Vr, tags};

use super::Options;
use super::attributes;
use crate::{Result, codec};

/// Root elements with such pixel data, made native.
pub(super) fn native(data_set: &DataSet, from: &str, options: &Options) -> Result<Vec<Element>> {
    let mut changed = Vec::new();
    for element in data_set.elements() {
        if let Value::Sequence(items) = &element.value
            && items.iter().any(has_fragments)
        {
            let items = items
                .iter()
                .map(|item| in_item(item, from, options))
                .collect::<Result<_>>()?;
            changed.push(Element {
                value: Value::Sequence(items),
                ..element.clone()
            });
        }
    }
    Ok(changed)
}

fn has_fragments(item: &DataSet) -> bool {
    item.elements().iter().any(|element| match &element.value {
        Value::Fragments(_) => true,
        Value::Sequence(items) => items.iter().any(has_fragments),
        _ => false,
    })
}

fn in_item(item: &DataSet, from: &str, options: &Options) -> Result<DataSet> {
    let mut out = item.clone();
    for element in native(item, from, options)? {
        out.put(element);
    }
    let Some(Value::Fragments(pixels)) = item.get(tags::PIXEL_DATA).map(|element| &element.value)
    else {
        return Ok(out);
    };
    let image = attributes::image(item, tags::PIXEL_DATA)?;
    let limit = options.limits.frame_bytes;
    let frame = codec::decode(from, &image, &pixels.fragments.concat(), limit)?;
    let explicit = sagittal_core::transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN;
    let encoded = codec::encode(explicit, &frame, &options.encode)?;
    let bits = encoded.image.bits_allocated;
    out.put_text(
        tags::PHOTOMETRIC_INTERPRETATION,
        encoded.image.photometric.as_str(),
    );
    if encoded.image.samples_per_pixel > 1 {
        out.put_u16(
            tags::PLANAR_CONFIGURATION,
            &[encoded.image.is_by_plane.into()],
        );
    }
    let vr = if bits > 8 { Vr::OW } else { Vr::OB };
    out.put_bytes(tags::PIXEL_DATA, vr, encoded.bytes);
    Ok(out)
}
