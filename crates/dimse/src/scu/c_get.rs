//! C-GET as SCU, and as SCP of its storage sub-operations (PS3.4 §C.4.3, PS3.7 §9.1.3).

use sagittal_archive::query::Level;
use sagittal_core::{DataSet, Uid, sop_class, transfer_syntax};
use sagittal_net::dimse::{CGetRequest, CStoreRequest, Priority};
use sagittal_net::{Proposal, Roles};
use tokio_util::sync::CancellationToken;

use super::error::{Error, Result};
use super::receiver::{Receiver, serve_store};
use super::retrieve::{Progress, Retrieved, identifier, proposal_for, sop_class_of};
use super::session::Session;
use super::target::Target;
use crate::registry::{Model, Operation};

const OPERATION: &str = "C-GET";
/// One of the 128 is for C-GET itself.
const MAX_STORAGE_CONTEXTS: usize = 127;

/// A SOP class that we take, each list of transfer syntaxes in a context of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storable {
    /// The SOP class.
    pub sop_class_uid: Uid,
    /// Transfer syntaxes.
    pub contexts: Vec<Vec<Uid>>,
}

/// Transfer syntaxes in which instances are found, the usual first.
const SYNTAXES: &[&str] = &[
    transfer_syntax::JPEG_LOSSLESS_SV1,
    transfer_syntax::JPEG_BASELINE_8_BIT,
    transfer_syntax::JPEG_2000_LOSSLESS,
    transfer_syntax::JPEG_2000,
    transfer_syntax::RLE_LOSSLESS,
    transfer_syntax::JPEG_LS_LOSSLESS,
    transfer_syntax::JPEG_EXTENDED_12_BIT,
    transfer_syntax::JPEG_LS_NEAR_LOSSLESS,
    transfer_syntax::HTJ2K_LOSSLESS,
    transfer_syntax::HTJ2K_LOSSLESS_RPCL,
    transfer_syntax::HTJ2K,
    transfer_syntax::MPEG4_HP41,
    transfer_syntax::MPEG4_HP41BD,
    transfer_syntax::MPEG2_MPML,
    transfer_syntax::MPEG2_MPHL,
    transfer_syntax::HEVC_MP51,
    transfer_syntax::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    transfer_syntax::EXPLICIT_VR_BIG_ENDIAN,
    transfer_syntax::JPEG_LOSSLESS,
    transfer_syntax::JPEG_XL_LOSSLESS,
    transfer_syntax::JPEG_XL,
    transfer_syntax::JPEG_XL_JPEG_RECOMPRESSION,
];

fn uncompressed() -> Vec<Uid> {
    vec![
        Uid::from_static(transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN),
        Uid::from_static(transfer_syntax::IMPLICIT_VR_LITTLE_ENDIAN),
    ]
}

/// One context for what is not compressed, one for each of `first`, and one for all other syntaxes:
/// of a context the peer can accept one syntax only, and what it has may be in several.
fn split(first: &[&'static str]) -> Vec<Vec<Uid>> {
    let rest = SYNTAXES.iter().filter(|syntax| !first.contains(*syntax));
    let rest: Vec<Uid> = rest.map(|syntax| Uid::from_static(syntax)).collect();
    let single = first.iter().map(|syntax| vec![Uid::from_static(syntax)]);
    let last = (!rest.is_empty()).then_some(rest);
    [uncompressed()]
        .into_iter()
        .chain(single)
        .chain(last)
        .collect()
}

/// Contexts for SOP classes that are known to come: every transfer syntax in one of its own, as far
/// as there is room; those beyond it together.
pub fn storable(sop_class_uids: &[Uid]) -> Vec<Storable> {
    let room = MAX_STORAGE_CONTEXTS / sop_class_uids.len().max(1);
    let contexts = match room {
        0 | 1 => vec![uncompressed()],
        room if room > SYNTAXES.len() => split(SYNTAXES),
        room => split(SYNTAXES.get(..room - 2).unwrap_or_default()),
    };
    let storable = |uid: &Uid| Storable {
        sop_class_uid: uid.clone(),
        contexts: contexts.clone(),
    };
    sop_class_uids.iter().map(storable).collect()
}

/// Contexts for the SOP classes that are met most, where nothing is known of what comes. They fill
/// one association.
pub fn common_storage() -> Vec<Storable> {
    let storable = |uid, contexts| Storable {
        sop_class_uid: Uid::from_static(uid),
        contexts,
    };
    let leading = LEADING_IMAGES
        .iter()
        .map(|(uid, first)| storable(uid, split(first)));
    let images = COMMON_IMAGES.iter().map(|uid| storable(uid, split(&[])));
    let others = COMMON_OTHERS
        .iter()
        .map(|uid| storable(uid, vec![uncompressed()]));
    leading.chain(images).chain(others).collect()
}

/// Met most of all, with the syntaxes that archives have them in.
const LEADING_IMAGES: &[(&str, [&str; 3])] = &[
    (sop_class::CT_IMAGE_STORAGE, LOSSLESS),
    (sop_class::MR_IMAGE_STORAGE, LOSSLESS),
    (sop_class::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE, LOSSLESS),
    (
        sop_class::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION,
        LOSSLESS,
    ),
    (
        sop_class::DIGITAL_MAMMOGRAPHY_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION,
        LOSSLESS,
    ),
    (sop_class::X_RAY_ANGIOGRAPHIC_IMAGE_STORAGE, LOSSLESS),
    (sop_class::ULTRASOUND_IMAGE_STORAGE, COLOR),
    (sop_class::ULTRASOUND_MULTI_FRAME_IMAGE_STORAGE, COLOR),
    (sop_class::SECONDARY_CAPTURE_IMAGE_STORAGE, COLOR),
];

const LOSSLESS: [&str; 3] = [
    transfer_syntax::JPEG_LOSSLESS_SV1,
    transfer_syntax::JPEG_2000_LOSSLESS,
    transfer_syntax::JPEG_LS_LOSSLESS,
];

const COLOR: [&str; 3] = [
    transfer_syntax::JPEG_BASELINE_8_BIT,
    transfer_syntax::JPEG_LOSSLESS_SV1,
    transfer_syntax::RLE_LOSSLESS,
];

/// Often compressed.
const COMMON_IMAGES: &[&str] = &[
    sop_class::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PROCESSING,
    sop_class::DIGITAL_MAMMOGRAPHY_X_RAY_IMAGE_STORAGE_FOR_PROCESSING,
    sop_class::BREAST_TOMOSYNTHESIS_IMAGE_STORAGE,
    sop_class::MULTI_FRAME_GRAYSCALE_BYTE_SECONDARY_CAPTURE_IMAGE_STORAGE,
    sop_class::MULTI_FRAME_GRAYSCALE_WORD_SECONDARY_CAPTURE_IMAGE_STORAGE,
    sop_class::MULTI_FRAME_TRUE_COLOR_SECONDARY_CAPTURE_IMAGE_STORAGE,
    sop_class::X_RAY_RADIOFLUOROSCOPIC_IMAGE_STORAGE,
    sop_class::ENHANCED_XA_IMAGE_STORAGE,
    sop_class::NUCLEAR_MEDICINE_IMAGE_STORAGE,
    sop_class::POSITRON_EMISSION_TOMOGRAPHY_IMAGE_STORAGE,
    sop_class::ENHANCED_CT_IMAGE_STORAGE,
    sop_class::ENHANCED_MR_IMAGE_STORAGE,
    sop_class::ENHANCED_PET_IMAGE_STORAGE,
    sop_class::VL_ENDOSCOPIC_IMAGE_STORAGE,
    sop_class::VL_PHOTOGRAPHIC_IMAGE_STORAGE,
    sop_class::VIDEO_ENDOSCOPIC_IMAGE_STORAGE,
    sop_class::VIDEO_PHOTOGRAPHIC_IMAGE_STORAGE,
    sop_class::VL_WHOLE_SLIDE_MICROSCOPY_IMAGE_STORAGE,
    sop_class::OPHTHALMIC_PHOTOGRAPHY_8_BIT_IMAGE_STORAGE,
    sop_class::OPHTHALMIC_TOMOGRAPHY_IMAGE_STORAGE,
    sop_class::INTRAVASCULAR_OPTICAL_COHERENCE_TOMOGRAPHY_IMAGE_STORAGE_FOR_PRESENTATION,
    sop_class::SEGMENTATION_STORAGE,
    sop_class::PARAMETRIC_MAP_STORAGE,
    sop_class::RT_IMAGE_STORAGE,
    sop_class::RT_DOSE_STORAGE,
];

const COMMON_OTHERS: &[&str] = &[
    sop_class::RT_STRUCTURE_SET_STORAGE,
    sop_class::RT_PLAN_STORAGE,
    sop_class::RT_ION_PLAN_STORAGE,
    sop_class::RT_BEAMS_TREATMENT_RECORD_STORAGE,
    sop_class::RT_TREATMENT_SUMMARY_RECORD_STORAGE,
    sop_class::BASIC_TEXT_SR_STORAGE,
    sop_class::ENHANCED_SR_STORAGE,
    sop_class::COMPREHENSIVE_SR_STORAGE,
    sop_class::COMPREHENSIVE_3D_SR_STORAGE,
    sop_class::MAMMOGRAPHY_CAD_SR_STORAGE,
    sop_class::CHEST_CAD_SR_STORAGE,
    sop_class::X_RAY_RADIATION_DOSE_SR_STORAGE,
    sop_class::RADIOPHARMACEUTICAL_RADIATION_DOSE_SR_STORAGE,
    sop_class::PROCEDURE_LOG_STORAGE,
    sop_class::KEY_OBJECT_SELECTION_DOCUMENT_STORAGE,
    sop_class::GRAYSCALE_SOFTCOPY_PRESENTATION_STATE_STORAGE,
    sop_class::COLOR_SOFTCOPY_PRESENTATION_STATE_STORAGE,
    sop_class::BLENDING_SOFTCOPY_PRESENTATION_STATE_STORAGE,
    sop_class::SPATIAL_REGISTRATION_STORAGE,
    sop_class::DEFORMABLE_SPATIAL_REGISTRATION_STORAGE,
    sop_class::SPATIAL_FIDUCIALS_STORAGE,
    sop_class::REAL_WORLD_VALUE_MAPPING_STORAGE,
    sop_class::SURFACE_SEGMENTATION_STORAGE,
    sop_class::RAW_DATA_STORAGE,
    sop_class::MR_SPECTROSCOPY_STORAGE,
    sop_class::ENCAPSULATED_PDF_STORAGE,
    sop_class::ENCAPSULATED_CDA_STORAGE,
    sop_class::ENCAPSULATED_STL_STORAGE,
    sop_class::TWELVE_LEAD_ECG_WAVEFORM_STORAGE,
    sop_class::GENERAL_ECG_WAVEFORM_STORAGE,
    sop_class::HEMODYNAMIC_WAVEFORM_STORAGE,
    sop_class::AMBULATORY_ECG_WAVEFORM_STORAGE,
];

/// Proposes the C-GET of a model, and to be SCP of what comes. What has no room in one association
/// is left out, from the end.
pub fn get_proposal(
    target: &Target,
    model: Model,
    relational: bool,
    storables: &[Storable],
) -> Result<Proposal> {
    let mut proposal = proposal_for(target, Operation::Get, model, &[u8::from(relational)])?;
    let role = Roles {
        scu: false,
        scp: true,
    };
    for storable in storables {
        for syntaxes in &storable.contexts {
            if proposal.contexts.len() > MAX_STORAGE_CONTEXTS {
                return Ok(proposal);
            }
            proposal = proposal
                .context(storable.sop_class_uid.clone(), syntaxes.clone())
                .role(storable.sop_class_uid.clone(), role);
        }
    }
    Ok(proposal)
}

impl Session {
    /// Has the peer send what `keys` select over this association, into `receiver`. A first
    /// cancellation is passed on to the peer, whose final response then still comes.
    pub async fn get(
        &mut self,
        (model, level): (Model, Level),
        keys: &DataSet,
        receiver: &dyn Receiver,
        canceled: &CancellationToken,
        on_progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Retrieved> {
        let sop_class_uid = sop_class_of(Operation::Get, model)?;
        let context = self.context(&sop_class_uid)?;
        let negotiated = self.negotiated();
        if !negotiated.contexts.iter().any(|c| negotiated.may_be_scp(c)) {
            return Err(Error::NotSent {
                reason: "the peer lets us receive nothing (no SCP role was granted)".to_owned(),
            });
        }
        let data = identifier(level, keys, &context)?;
        let request = CGetRequest {
            affected_sop_class_uid: sop_class_uid,
            message_id: self.association.next_message_id(),
            priority: Priority::Medium,
        };
        let message_id = request.message_id;
        self.invoke(context.id, &request.to_command_set(), data)
            .await?;
        let mut is_told = false;
        let mut last = Progress::default();
        loop {
            let message = tokio::select! {
                biased;
                () = canceled.cancelled(), if !is_told => {
                    is_told = true;
                    self.cancel(context.id, message_id).await?;
                    continue;
                }
                message = self.next(OPERATION) => message?,
            };
            let command = &message.command;
            if command.command_field() == Ok(CStoreRequest::COMMAND_FIELD) {
                // What came of it is between the receiver and the peer, who counts it.
                let _ = serve_store(&mut self.association, &message, receiver).await?;
            } else if !command.is_response() {
                self.refuse(&message).await?;
            } else if command.message_id_being_responded_to() == Ok(message_id) {
                if !command.status()?.is_pending() {
                    return self
                        .finish_retrieval(OPERATION, message, &context.transfer_syntax, last)
                        .await;
                }
                last = Progress::of(command);
                on_progress(last);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::scu::Address;

    fn contexts(storables: &[Storable]) -> usize {
        let address: Address = "X@host:104".parse().unwrap();
        let target = Target::new(address.clone(), address.ae_title);
        get_proposal(&target, Model::StudyRoot, false, storables)
            .unwrap()
            .contexts
            .len()
    }

    #[test]
    fn what_is_met_most_fits_in_one_association() {
        let all = common_storage();
        let wanted: usize = all.iter().map(|storable| storable.contexts.len()).sum();
        assert_eq!(contexts(&all), wanted + 1);
        assert!(wanted <= MAX_STORAGE_CONTEXTS);
    }

    #[test]
    fn known_classes_get_every_syntax_in_a_context_of_its_own_while_there_is_room() {
        let ct = Uid::from_static(sop_class::CT_IMAGE_STORAGE);
        assert_eq!(
            storable(&[ct]).first().unwrap().contexts.len(),
            SYNTAXES.len() + 1
        );
        let many: Vec<Uid> = (1..=200)
            .map(|n| Uid::new(&format!("1.2.{n}")).unwrap())
            .collect();
        assert_eq!(contexts(&storable(&many)), 128);
        assert_eq!(contexts(&storable(many.get(..60).unwrap())), 121);
        for count in [1, 5, 6, 20, 60] {
            for storable in storable(many.get(..count).unwrap()) {
                let offered: Vec<&Uid> = storable.contexts.iter().flatten().collect();
                assert_eq!(offered.len(), SYNTAXES.len() + 2, "{count} classes");
            }
        }
    }

    /// What a peer accepts that has instances in these syntaxes, and takes the first of each
    /// context that it can.
    fn accepted(storable: &Storable, has: &[&str]) -> usize {
        let chosen: std::collections::BTreeSet<&Uid> = storable
            .contexts
            .iter()
            .filter_map(|list| list.iter().find(|uid| has.contains(&uid.as_str())))
            .collect();
        chosen.len()
    }

    #[test]
    fn a_peer_can_accept_several_compressed_syntaxes_of_a_class() {
        let all = common_storage();
        let of = |uid| all.iter().find(|s| s.sop_class_uid == uid).unwrap();
        let mixed = [
            transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN,
            transfer_syntax::JPEG_LOSSLESS_SV1,
            transfer_syntax::JPEG_2000_LOSSLESS,
            transfer_syntax::RLE_LOSSLESS,
        ];
        assert_eq!(accepted(of(sop_class::CT_IMAGE_STORAGE), &mixed), 4);
        let mixed = [
            transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN,
            transfer_syntax::JPEG_BASELINE_8_BIT,
            transfer_syntax::RLE_LOSSLESS,
            transfer_syntax::MPEG4_HP41,
        ];
        let cine = of(sop_class::ULTRASOUND_MULTI_FRAME_IMAGE_STORAGE);
        assert_eq!(accepted(cine, &mixed), 4);
        // Every syntax is offered for every class of images.
        for storable in all.iter().filter(|s| s.contexts.len() > 1) {
            let offered: usize = storable.contexts.iter().map(Vec::len).sum();
            assert_eq!(offered, SYNTAXES.len() + 2, "{}", storable.sop_class_uid);
        }
    }
}
