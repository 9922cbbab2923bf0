//! Help and wrong use.

use sagittal_tests::sagittal;

#[test]
fn help_lists_the_subcommands_and_exit_codes() {
    let ran = sagittal(["--help"]).expect(0);
    for word in ["serve", "import", "export", "dump", "config", "Exit codes"] {
        assert!(
            ran.stdout.contains(word),
            "{word} is missing in\n{}",
            ran.stdout
        );
    }
}

#[test]
fn wrong_use_ends_with_two() {
    sagittal(["dump"]).expect(2);
    sagittal(["no-such-command"]).expect(2);
    sagittal(["export", "--out", "x"]).expect(2);
}

#[test]
fn a_token_is_printed_with_the_hash_that_the_configuration_takes() {
    let token = sagittal(["token", "new", "--json", "viewer"])
        .expect(0)
        .json();
    let hash = token["hash"].as_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("s.toml");
    let text = format!("[[auth.token]]\nname = \"viewer\"\nhash = \"{hash}\"\n");
    std::fs::write(&file, text).unwrap();
    sagittal(["config".as_ref(), "check".as_ref(), file.as_os_str()]).expect(0);
    assert_ne!(
        token["token"],
        sagittal(["token", "new", "--json"]).expect(0).json()["token"]
    );
}
