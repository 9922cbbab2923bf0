#![allow(clippy::unwrap_used)]
use super::*;

fn check(text: &str) -> Loaded {
    let mut layers = Layers::defaults();
    let source = Source {
        name: "s.toml".into(),
        text: text.into(),
    };
    layers.add_file(&source);
    coherence::check(&mut layers);
    sort(&mut layers.problems);
    Loaded { layers, source }
}

fn problems(text: &str) -> String {
    check(text).config().err().unwrap_or_default()
}

#[test]
fn the_template_is_a_valid_file_and_says_the_defaults() {
    assert_eq!(problems(&template()), "");
    // With every comment sign before a setting removed it still holds, but for the examples.
    let live: String = template()
        .lines()
        .take_while(|line| !line.starts_with("# A role"))
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if !rest.starts_with(' ') => format!("{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    assert_eq!(problems(&live), "");
    let config = check(&live).config().unwrap();
    assert_eq!(config.dimse.address.port(), 11112);
    assert_eq!(config.http.dicomweb_path, "/dicom-web");
}

#[test]
fn every_default_is_allowed_by_its_own_kind() {
    for section in schema::SECTIONS {
        for setting in section.settings {
            let ok = setting.default.is_empty() || layers::default_of(setting).is_some();
            assert!(ok, "{}", section.path_of(setting.key));
        }
    }
}

#[test]
fn all_mistakes_are_told_at_once_with_line_and_remedy() {
    let found = problems(
        "data = 5\n[dimse]\nprot = 104\nae_title = \"A_TITLE_THAT_IS_TOO_LONG\"\nport = \"104\"\n\n[htp]\nport = 1\n[storage]\nduplicates = \"keep\"\n",
    );
    for expected in [
        "s.toml:1:8: data: found 5",
        "s.toml:3:1: dimse.prot: there is no such setting",
        "did you mean \"port\"?",
        "s.toml:4:12: dimse.ae_title",
        "shorten it to 16",
        "write 104 without quotes",
        "s.toml:7:2: htp: there is no such setting",
        "did you mean [http]?",
        "expected one of \"keep-both\", \"keep-first\", \"replace\"",
    ] {
        assert!(
            found.contains(expected),
            "{expected:?} is missing in\n{found}"
        );
    }
}

#[test]
fn broken_toml_is_told_with_its_place() {
    let found = problems("[dimse]\nport = \nae_title = \"X\"\n[http\n");
    assert!(found.contains("s.toml:2:"), "{found}");
    assert!(found.contains("s.toml:4:"), "{found}");
}

#[test]
fn environment_is_stronger_than_file_and_flags_than_both() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("s.toml");
    std::fs::write(
        &file,
        "[dimse]\nport = 1\nae_title = \"FILE\"\n[http]\nport = 2\n",
    )
    .unwrap();
    let flags = Flags {
        file: Some(file),
        values: vec![("http.port", "4".into(), "--http")],
        peers: vec!["WS=STATION@10.0.0.5:104".into()],
    };
    let environment = [
        ("SAGITTAL_DIMSE_PORT".to_owned(), "3".to_owned()),
        ("SAGITTAL_HTTP_PORT".to_owned(), "9".to_owned()),
        ("PATH".to_owned(), "/bin".to_owned()),
    ];
    let config = Loaded::load(&flags, environment).config().unwrap();
    assert_eq!(config.dimse.address.port(), 3);
    assert_eq!(config.dimse.ae_title, "FILE");
    assert_eq!(config.http.address.port(), 4);
    assert_eq!(config.peers[0].ae_title, "STATION");
}

#[test]
fn a_misspelt_variable_is_a_mistake() {
    let environment = [("SAGITTAL_DIMSE_PROT".to_owned(), "3".to_owned())];
    let found = Loaded::load(&Flags::default(), environment)
        .config()
        .unwrap_err();
    assert!(
        found.contains("did you mean SAGITTAL_DIMSE_PORT?"),
        "{found}"
    );
}

#[test]
fn a_peer_without_a_host_is_told_where_it_stands() {
    let found = problems("[[peer]]\nname = \"A\"\nae_title = \"A\"\n");
    assert!(found.contains("s.toml:1:1: peer.host: missing"), "{found}");
}

#[test]
fn what_does_not_fit_together_is_told() {
    let found = problems(
        "[dimse]\nport = 8080\n[dimse.tls]\nenabled = true\n[auth]\nmode = \"on\"\n[[auth.token]]\nname = \"t\"\nhash = \"aa\"\nroles = [\"raeder\"]\n",
    );
    assert!(found.contains("port 8080 is dimse.port already"), "{found}");
    assert!(
        found.contains("dimse.tls.certificate: TLS is enabled"),
        "{found}"
    );
    assert!(found.contains("sagittal token new"), "{found}");
}

#[test]
fn an_unknown_role_is_told_with_the_nearest_one() {
    let hash = "a".repeat(64);
    let found = problems(&format!(
        "[[auth.token]]\nname = \"t\"\nhash = \"{hash}\"\nroles = [\"raeder\"]\n"
    ));
    assert!(found.contains("did you mean \"reader\"?"), "{found}");
}
