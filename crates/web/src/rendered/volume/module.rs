//! The Rendered Volume Response Module (PS3.18 Annex K): the parameters that were used.

use sagittal_core::{DataSet, Tag, Vr, tags};
use sagittal_file::json;
use sagittal_pixel::render::{VoiFunction, Volume};

use super::Resource;
use super::parameters::{Method, Style, VolumeParameters};
use crate::error::Result;

/// As DICOM JSON.
pub(super) fn json(
    resource: Resource,
    parameters: &VolumeParameters,
    volume: &Volume,
) -> Result<Vec<u8>> {
    let mut module = DataSet::utf8();
    let operation = match resource {
        Resource::Mpr => "MPR",
        Resource::ThreeD => "3D_RENDERING",
    };
    module.put_text(tags::REFORMATTING_OPERATION_TYPE, operation);
    module.put_text(tags::RENDERING_METHOD, parameters.method.term());
    let view = parameters.view(volume)?;
    // Outside the volume, wherever it is looked at.
    let distance = volume.extent(view.up()) + 1000.0;
    put_doubles(
        &mut module,
        tags::VIEWPOINT_POSITION,
        &view.position(distance),
    );
    put_doubles(&mut module, tags::VIEWPOINT_LOOKAT_POINT, &view.look_at);
    put_doubles(&mut module, tags::VIEWPOINT_UP_DIRECTION, &view.up());
    if let Some(slab) = parameters.slab {
        put_doubles(&mut module, tags::MPR_SLAB_THICKNESS, &[slab]);
    }
    if parameters.method != Method::Shaded {
        let window = parameters.window.unwrap_or_else(|| volume.window());
        let function = match window.function {
            VoiFunction::Linear => "LINEAR",
            VoiFunction::LinearExact => "LINEAR_EXACT",
            VoiFunction::Sigmoid => "SIGMOID",
        };
        module.put_text(tags::VOI_LUT_FUNCTION, function);
        module.put_text(tags::WINDOW_CENTER, &decimal(window.center));
        module.put_text(tags::WINDOW_WIDTH, &decimal(window.width));
    }
    if let Some(animation) = &parameters.animation {
        if let Style::Swivel(range) = animation.style {
            put_doubles(&mut module, tags::SWIVEL_RANGE, &[range]);
        }
        let step = f64::from(animation.step);
        put_doubles(&mut module, tags::ANIMATION_STEP_SIZE, &[step]);
        put_doubles(
            &mut module,
            tags::RECOMMENDED_ANIMATION_RATE,
            &[animation.rate],
        );
    }
    let mut text = b"[".to_vec();
    json::write(&module, &mut text);
    text.push(b']');
    Ok(text)
}

/// Of attributes of double or single precision.
fn put_doubles(module: &mut DataSet, tag: Tag, values: &[f64]) {
    let vr = sagittal_core::dictionary::vr(tag);
    let bytes: Vec<u8> = match vr {
        // Single precision is enough for a rate.
        Vr::FL => values
            .iter()
            .flat_map(|v| (*v as f32).to_le_bytes())
            .collect(),
        _ => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
    };
    module.put_bytes(tag, vr, bytes);
}

/// A Decimal String has 16 characters at most.
fn decimal(number: f64) -> String {
    let text = number.to_string();
    if text.len() <= 16 {
        text
    } else {
        format!("{number:.9e}")
    }
}
