//! storescp and dcmqrscp with restricted syntaxes and classes.

use std::process::Command;

use sagittal_tests::objects::{ct, mr};
use sagittal_tests::peer::dcmtk;
use sagittal_tests::sagittal;
use tempfile::TempDir;

use super::observed::{Observed, Pairs, Program, assert_same, free_port, product, texts};

const IMPLICIT: &str = "1.2.840.10008.1.2";
const EXPLICIT: &str = "1.2.840.10008.1.2.1";
const BIG: &str = "1.2.840.10008.1.2.2";
const JPEG: &str = "1.2.840.10008.1.2.4.50";
const LOSSLESS: &str = "1.2.840.10008.1.2.4.70";
const J2K: &str = "1.2.840.10008.1.2.4.90";
const RLE: &str = "1.2.840.10008.1.2.5";
const VERIFICATION: &str = "1.2.840.10008.1.1";
const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const MR: &str = "1.2.840.10008.5.1.4.1.1.4";
const US: &str = "1.2.840.10008.5.1.4.1.1.6.1";

/// storescp with options, and its port.
fn storescp(folder: &TempDir, options: &[&str]) -> Option<(Program, String)> {
    let program = dcmtk("storescp")?;
    let port = free_port();
    let mut command = Command::new(program);
    command
        .args([
            "-od",
            &folder.path().display().to_string(),
            "-aet",
            "STORESCP",
        ])
        .args(options)
        .arg(port.to_string());
    let running = Program::start(&mut command, port, &folder.path().join("log"));
    Some((running, format!("STORESCP@127.0.0.1:{port}")))
}

const PROFILE: &str = r"
[[TransferSyntaxes]]
[Plain]
TransferSyntax1 = LittleEndianImplicit
TransferSyntax2 = LittleEndianExplicit
[Images]
TransferSyntax1 = JPEG2000LosslessOnly
TransferSyntax2 = RLELossless
TransferSyntax3 = JPEGBaseline
TransferSyntax4 = LittleEndianExplicit
[One]
TransferSyntax1 = BigEndianExplicit
[[PresentationContexts]]
[Contexts]
PresentationContext1 = VerificationSOPClass\Plain
PresentationContext2 = CTImageStorage\Images
PresentationContext3 = MRImageStorage\Images
PresentationContext4 = UltrasoundImageStorage\One
[[Profiles]]
[Narrow]
PresentationContexts = Contexts
";

#[test]
fn a_profile_of_storescp_is_found_exactly_with_its_order() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("profile.cfg");
    std::fs::write(&file, PROFILE).unwrap();
    let options = ["-xf", &file.display().to_string(), "Narrow"];
    let Some((_running, address)) = storescp(&folder, &options) else {
        return;
    };
    let observed = Observed::of(&address, &["--hold", "0"]);
    let mut truth = product(&[VERIFICATION], &[IMPLICIT, EXPLICIT]);
    truth.extend(product(&[CT, MR], &[J2K, RLE, JPEG, EXPLICIT]));
    truth.extend(product(&[US], &[BIG]));
    assert_same(&observed.pairs("yes"), &truth);
    assert!(observed.pairs("no").len() > 15_000 && observed.pairs("unknown").is_empty());
    let order = texts(&observed.group(CT)["preference"]["order"]);
    assert_eq!(order, [J2K, RLE, JPEG, EXPLICIT]);
    assert_eq!(
        texts(&observed.group(VERIFICATION)["preference"]["order"]),
        [IMPLICIT, EXPLICIT]
    );
    assert!(observed.group(US)["preference"].is_null());
}

#[test]
fn options_of_storescp_are_found() {
    let options: [(&[&str], &[&str], &[&str]); 4] = [
        (&["+xi"], &[IMPLICIT], &[]),
        (
            &["+xe"],
            &[EXPLICIT, BIG, IMPLICIT],
            &[EXPLICIT, BIG, IMPLICIT],
        ),
        (
            &["+xs"],
            &[LOSSLESS, EXPLICIT, BIG, IMPLICIT],
            &[LOSSLESS, EXPLICIT, BIG, IMPLICIT],
        ),
        (
            &["+xr", "-pdu", "32768"],
            &[RLE, EXPLICIT, BIG, IMPLICIT],
            &[RLE, EXPLICIT, BIG, IMPLICIT],
        ),
    ];
    for (arguments, syntaxes, order) in options {
        let folder = TempDir::new().unwrap();
        let Some((_running, address)) = storescp(&folder, arguments) else {
            return;
        };
        let observed = Observed::of(&address, &["--hold", "0"]);
        let found = observed.pairs("yes");
        let of_ct: Pairs = found
            .iter()
            .filter(|(class, _)| class == CT)
            .cloned()
            .collect();
        assert_same(&of_ct, &product(&[CT], syntaxes));
        assert_eq!(
            texts(&observed.group(CT)["preference"]["order"]),
            order,
            "{arguments:?}"
        );
        let most = observed.association("max_pdu_received").as_u64();
        assert_eq!(
            most,
            Some(if arguments.contains(&"-pdu") {
                32768
            } else {
                16384
            })
        );
    }
}

#[test]
fn storescp_takes_one_association_after_the_other() {
    let folder = TempDir::new().unwrap();
    let Some((_running, address)) = storescp(&folder, &[]) else {
        return;
    };
    let observed = Observed::of(
        &address,
        &[
            "--hold",
            "2",
            "--sop-class",
            "all print",
            "--sop-class",
            "CT Image Storage",
        ],
    );
    assert_eq!(observed.association("max_associations")["value"], 1);
    assert_same(
        &observed.pairs("yes"),
        &product(&[CT], &[IMPLICIT, EXPLICIT, BIG]),
    );
}

#[test]
fn dcmqrscp_is_found_with_its_titles_and_keys() {
    let Some(program) = dcmtk("dcmqrscp") else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let port = free_port();
    let (store, config) = (
        folder.path().join("store"),
        folder.path().join("dcmqrscp.cfg"),
    );
    std::fs::create_dir(&store).unwrap();
    let text = format!(
        "NetworkTCPPort = {port}\nMaxPDUSize = 28672\nMaxAssociations = 3\nHostTable BEGIN\n\
         HostTable END\nVendorTable BEGIN\nVendorTable END\nAETable BEGIN\n\
         ARCHIVE {} RW (200, 1024mb) ANY\nAETable END\n",
        store.display()
    );
    std::fs::write(&config, text).unwrap();
    let mut command = Command::new(program);
    command.args([
        "-c",
        &config.display().to_string(),
        port.to_string().as_str(),
    ]);
    let _running = Program::start(&mut command, port, &folder.path().join("log"));
    let files = folder.path().join("files");
    std::fs::create_dir(&files).unwrap();
    std::fs::write(files.join("1"), ct().part10()).unwrap();
    std::fs::write(files.join("2"), mr().part10()).unwrap();
    let address = format!("ARCHIVE@127.0.0.1:{port}");
    sagittal(["send", &address, &files.display().to_string()]).expect(0);
    let observed = Observed::of(&address, &["--hold", "6"]);
    assert_eq!(observed.association("max_pdu_received"), 28672);
    assert_eq!(observed.association("called_ae_title")["value"], "known");
    assert_eq!(observed.association("max_associations")["value"], 3);
    // In dcmqrscp's own words: a role for C-GET, three models of query.
    assert_eq!(observed.group(CT)["requestor_roles"], "both");
    let study_root = "1.2.840.10008.5.1.4.1.2.2.1";
    let find = observed
        .pairs("yes")
        .into_iter()
        .filter(|(class, _)| class == study_root);
    assert_eq!(find.count(), 3);
    let matched = observed.keys(study_root, "STUDY", "matching", "single");
    for key in ["StudyInstanceUID", "PatientID", "PatientName", "StudyDate"] {
        assert!(matched.contains(key), "{key}: {matched:?}");
    }
    let ranges = observed.keys(study_root, "STUDY", "matching", "range");
    assert!(ranges.contains("StudyDate"), "{ranges:?}");
}
