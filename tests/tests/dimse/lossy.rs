//! Peers that take nothing but lossy JPEG: they get it if the configuration says so, and never else.

use std::path::Path;

use sagittal_core::{Vr, tags};
use sagittal_file::part10;
use sagittal_tests::objects::{self, Object};
use sagittal_tests::{Server, cli, data, peer};

use super::tools::{Storescp, dcmtk};

const JPEG: &str = "1.2.840.10008.1.2.4.50";

/// A receiver that takes these classes in these transfer syntaxes and nothing else.
pub fn receiver(folder: &Path, syntaxes: &[&str], objects: &[&Object]) -> Option<Storescp> {
    let path = folder.join("storescp.cfg");
    let mut text = "[[TransferSyntaxes]]\n[These]\n".to_owned();
    for (number, syntax) in (1..).zip(syntaxes) {
        text += &format!("TransferSyntax{number} = {syntax}\n");
    }
    text += "[[PresentationContexts]]\n[All]\n";
    for (number, object) in (1..).zip(objects) {
        let class = object.sop_class_uid();
        text += &format!("PresentationContext{number} = {class}\\These\n");
    }
    text += "[[Profiles]]\n[Default]\nPresentationContexts = All\n";
    std::fs::write(&path, text).unwrap();
    Storescp::start(folder, &["-xf", &path.display().to_string(), "Default"])
}

/// A smooth picture in color.
fn us() -> Object {
    let mut object = objects::us(1);
    let pixels: Vec<u8> = (0..16 * 18_u32)
        .flat_map(|n| {
            let (x, y) = (n % 18, n / 18);
            [x * 10, y * 12, 90].map(|value| value as u8)
        })
        .collect();
    object.data_set.put_bytes(tags::PIXEL_DATA, Vr::OB, pixels);
    object
}

/// An enhanced MR of 8 bits, with Frame Types in both kinds of functional groups.
fn enhanced(beside: &Object) -> Object {
    let mut object = objects::ct_of(32, 32).in_study_of(beside);
    let data_set = &mut object.data_set;
    data_set.put_text(tags::SOP_CLASS_UID, "1.2.840.10008.5.1.4.1.1.4.1");
    data_set.put_text(tags::MODALITY, "MR");
    data_set.put_text(tags::NUMBER_OF_FRAMES, "1");
    data_set.put_u16(tags::BITS_ALLOCATED, &[8]);
    data_set.put_u16(tags::BITS_STORED, &[8]);
    data_set.put_u16(tags::HIGH_BIT, &[7]);
    let pixels: Vec<u8> = (0..32 * 32_u32)
        .map(|n| (n % 32 * 4 + n / 32 * 3) as u8)
        .collect();
    data_set.put_bytes(tags::PIXEL_DATA, Vr::OB, pixels);
    let group = |kind: &str| {
        let mut inner = sagittal_core::DataSet::new();
        inner.put_text(tags::FRAME_TYPE, kind);
        let mut item = sagittal_core::DataSet::new();
        item.put_items(tags::MR_IMAGE_FRAME_TYPE_SEQUENCE, vec![inner]);
        vec![item]
    };
    let original = "ORIGINAL\\PRIMARY\\M\\NONE";
    data_set.put_items(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, group(original));
    data_set.put_items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, group(original));
    object
}

fn moved(lossy: &str) -> Option<(Vec<std::path::PathBuf>, i32, tempfile::TempDir, [Object; 3])> {
    let folder = tempfile::tempdir().unwrap();
    let us = us();
    let (enhanced, ct) = (enhanced(&us), objects::ct().in_study_of(&us));
    let receiver = receiver(folder.path(), &[JPEG], &[&us, &enhanced, &ct])?;
    let config = format!(
        "[[peer]]\nname = \"dest\"\nae_title = \"DEST\"\nhost = \"127.0.0.1\"\nport = {}\n{lossy}\n",
        receiver.port
    );
    let server = Server::builder().config(folder.path(), &config).start();
    server
        .stow(&[us.part10(), enhanced.part10(), ct.part10()])
        .expect(200);
    let study = format!("StudyInstanceUID={}", us.study_instance_uid());
    let keys = [
        "-v",
        "-S",
        "-aem",
        "DEST",
        "-k",
        "QueryRetrieveLevel=STUDY",
        "-k",
        &study,
    ];
    let ran = dcmtk("movescu", &server, &keys, &[])?;
    let got = data::files(&receiver.folder);
    // What is stored has not changed.
    assert_eq!(server.count(&study), 3);
    server.assert_well();
    drop(receiver);
    Some((got, ran.code.unwrap(), folder, [us, enhanced, ct]))
}

#[test]
fn without_a_word_in_the_configuration_nothing_is_lost() {
    let Some((got, ..)) = moved("") else {
        return;
    };
    assert!(got.is_empty(), "{got:?}");
}

#[test]
fn a_peer_that_may_gets_jpeg_as_another_instance_that_says_so() {
    let Some((got, _, _folder, [us, enhanced, _])) =
        moved("lossy = [\"jpeg\"]\nlossy_quality = 95")
    else {
        return;
    };
    // 12 bits do not fit into baseline JPEG: the CT fails alone.
    assert_eq!(got.len(), 2, "{got:?}");
    for path in &got {
        let bytes = std::fs::read(path).unwrap();
        let file = part10::read(&bytes.into(), Default::default()).unwrap();
        assert_eq!(
            file.opening
                .meta
                .first_text(tags::TRANSFER_SYNTAX_UID)
                .unwrap(),
            JPEG
        );
        let data_set = &file.data_set;
        let class = data_set.uid(tags::SOP_CLASS_UID).unwrap().unwrap();
        let original = if class == us.sop_class_uid() {
            &us
        } else {
            &enhanced
        };
        let uid = data_set.uid(tags::SOP_INSTANCE_UID).unwrap().unwrap();
        assert_ne!(uid, original.sop_instance_uid());
        let media = file
            .opening
            .meta
            .first_text(tags::MEDIA_STORAGE_SOP_INSTANCE_UID);
        assert_eq!(media.unwrap(), uid.as_str());
        let text = |tag| data_set.first_text(tag).unwrap_or_default();
        assert_eq!(text(tags::LOSSY_IMAGE_COMPRESSION), "01");
        assert_eq!(text(tags::LOSSY_IMAGE_COMPRESSION_METHOD), "ISO_10918_1");
        assert!(
            text(tags::LOSSY_IMAGE_COMPRESSION_RATIO)
                .parse::<f64>()
                .unwrap()
                > 0.1
        );
        assert_eq!(text(tags::IMAGE_TYPE), "DERIVED");
        let source = &data_set.items(tags::SOURCE_IMAGE_SEQUENCE)[0];
        let source = source.first_text(tags::REFERENCED_SOP_INSTANCE_UID);
        assert_eq!(source.unwrap(), original.sop_instance_uid().as_str());
        for groups in [
            tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
            tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
        ] {
            for item in data_set.items(groups) {
                let inner = &item.items(tags::MR_IMAGE_FRAME_TYPE_SEQUENCE)[0];
                assert_eq!(inner.first_text(tags::FRAME_TYPE).unwrap(), "DERIVED");
            }
        }
        // Another's decoder sees about the same picture.
        let plain = path.with_extension("plain");
        let decoder = peer::dcmtk("dcmdjpeg").unwrap();
        cli::run(std::process::Command::new(decoder).args([path, &plain])).expect(0);
        let file = part10::read(&std::fs::read(&plain).unwrap().into(), Default::default());
        let decoded = file
            .unwrap()
            .data_set
            .bytes(tags::PIXEL_DATA)
            .unwrap()
            .clone();
        let own = original.data_set.bytes(tags::PIXEL_DATA).unwrap();
        let sum: u64 = own
            .iter()
            .zip(&decoded)
            .map(|(a, b)| u64::from(a.abs_diff(*b)))
            .sum();
        assert!((sum as f64) / (own.len() as f64) < 8.0, "{class}: {sum}");
    }
}

#[test]
fn the_next_coding_serves_where_the_first_cannot_hold_the_image() {
    let folder = tempfile::tempdir().unwrap();
    let ct = objects::ct();
    let near = "1.2.840.10008.1.2.4.81";
    let Some(receiver) = receiver(folder.path(), &[JPEG, near], &[&ct]) else {
        return;
    };
    let config = format!(
        "[[peer]]\nname = \"dest\"\nae_title = \"DEST\"\nhost = \"127.0.0.1\"\nport = {}\nlossy = [\"jpeg\", \"jpeg-ls-lossy\"]\nlossy_near = 3\n",
        receiver.port
    );
    let server = Server::builder().config(folder.path(), &config).start();
    server.stow(&[ct.part10()]).expect(200);
    let study = format!("StudyInstanceUID={}", ct.study_instance_uid());
    let keys = [
        "-S",
        "-aem",
        "DEST",
        "-k",
        "QueryRetrieveLevel=STUDY",
        "-k",
        &study,
    ];
    dcmtk("movescu", &server, &keys, &[]).unwrap();
    let got = data::files(&receiver.folder);
    let bytes = std::fs::read(&got[0]).unwrap();
    let file = part10::read(&bytes.into(), Default::default()).unwrap();
    let syntax = file
        .opening
        .meta
        .first_text(tags::TRANSFER_SYNTAX_UID)
        .unwrap();
    assert_eq!(syntax, near);
}
