//! The examples of PS3.5 Annexes H to K, tolerance, and round trips.

use std::borrow::Cow;

use super::CharacterSet;
use crate::Vr;

fn set(terms: &str) -> CharacterSet {
    CharacterSet::from_element(terms.as_bytes())
}

/// Decodes, encodes and compares with the bytes of the standard.
fn both_ways(terms: &str, vr: Vr, bytes: &[u8], text: &str) {
    let (decoded, problem) = set(terms).decode_checked(bytes, vr);
    assert_eq!(decoded, text, "{terms}");
    assert!(!problem, "{terms}");
    assert_eq!(
        set(terms).encode(text, vr).ok().as_deref(),
        Some(bytes),
        "{terms}"
    );
}

#[test]
fn japanese_names_of_the_standard() {
    // PS3.5 §H.3.1
    both_ways(
        "\\ISO 2022 IR 87",
        Vr::PN,
        b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
        "Yamada^Tarou=山田^太郎=やまだ^たろう",
    );
    // PS3.5 §H.3.2
    both_ways(
        "ISO 2022 IR 13\\ISO 2022 IR 87",
        Vr::PN,
        b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J",
        "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
    );
}

#[test]
fn korean_names_of_the_standard() {
    // PS3.5 §I.2
    both_ways(
        "\\ISO 2022 IR 149",
        Vr::PN,
        b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
        "Hong^Gildong=洪^吉洞=홍^길동",
    );
}

#[test]
fn chinese_names_of_the_standard() {
    // PS3.5 §J.3 (UTF-8), §J.4 (GB18030), §K.2 (GB 2312)
    let text = "Wang^XiaoDong=王^小东=";
    both_ways(
        "ISO_IR 192",
        Vr::PN,
        b"Wang^XiaoDong=\xe7\x8e\x8b^\xe5\xb0\x8f\xe4\xb8\x9c=",
        text,
    );
    both_ways(
        "GB18030",
        Vr::PN,
        b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=",
        text,
    );
    both_ways(
        "GBK",
        Vr::PN,
        b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=",
        text,
    );
    both_ways(
        "\\ISO 2022 IR 58",
        Vr::PN,
        b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=",
        "Zhang^XiaoDong=张^小东=",
    );
}

#[test]
fn one_byte_sets() {
    both_ways("ISO_IR 100", Vr::PN, b"Buc^J\xe9r\xf4me", "Buc^Jérôme");
    both_ways("ISO_IR 101", Vr::PN, b"Wa\xb3\xeasa", "Wałęsa");
    both_ways("ISO_IR 109", Vr::LO, b"\xb1u\xfe", "ħuŝ");
    both_ways("ISO_IR 110", Vr::LO, b"\xb3\xf0", "ŗđ");
    both_ways("ISO_IR 203", Vr::LO, b"\xa4\xbd", "€œ");
    both_ways(
        "ISO_IR 144",
        Vr::PN,
        b"\xbb\xee\xda\x63\x65\xdc\xd1\xe3\xe0\xd3",
        "Люкceмбург",
    );
    both_ways(
        "ISO_IR 127",
        Vr::PN,
        b"\xe2\xc8\xc7\xe6\xea^\xe4\xe6\xd2\xc7\xd1",
        "قباني^لنزار",
    );
    both_ways(
        "ISO_IR 126",
        Vr::PN,
        b"\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2",
        "Διονυσιος",
    );
    both_ways(
        "ISO_IR 138",
        Vr::PN,
        b"\xf9\xf8\xe5\xef^\xe3\xe1\xe5\xf8\xe4",
        "שרון^דבורה",
    );
    both_ways("ISO_IR 148", Vr::LO, b"\xd0\xdd\xde\xf0\xfd\xfe", "ĞİŞğış");
    both_ways("ISO_IR 13", Vr::PN, b"\xd4\xcf\xc0\xde", "ﾔﾏﾀﾞ");
    both_ways("ISO_IR 166", Vr::LO, b"\xca\xc7\xd1\xca\xb4\xd5", "สวัสดี");
}

#[test]
fn latin_1_is_not_windows_1252() {
    let (text, problem) = set("ISO_IR 100").decode_checked(b"\x80", Vr::LO);
    assert_eq!((&*text, problem), ("\u{80}", true));
}

#[test]
fn ascii_is_borrowed() {
    for terms in [
        "",
        "ISO_IR 100",
        "ISO_IR 192",
        "GB18030",
        "\\ISO 2022 IR 87",
    ] {
        assert!(matches!(
            set(terms).decode(b"Doe^Jane\\x", Vr::PN),
            Cow::Borrowed(_)
        ));
    }
}

#[test]
fn a_backslash_inside_a_character_is_no_delimiter() {
    // 33 5C is one character of JIS X 0208, 81 5C one of GBK.
    assert_eq!(
        set("\\ISO 2022 IR 87").decode(b"\x1b$B3\\\x1b(B\\b", Vr::LO),
        "顎\\b"
    );
    assert_eq!(
        set("GBK")
            .decode(b"\x81\x5c\\b", Vr::LO)
            .matches('\\')
            .count(),
        1
    );
    assert_eq!(
        set("GB18030")
            .decode(b"\x81\x5c\\b", Vr::LO)
            .matches('\\')
            .count(),
        1
    );
}

#[test]
fn delimiters_and_control_characters_return_to_the_first_set() {
    let greek = set("ISO 2022 IR 100\\ISO 2022 IR 126");
    assert_eq!(greek.decode(b"\xe4\x1b-F\xe4\\\xe4", Vr::LO), "äδ\\ä");
    assert_eq!(greek.decode(b"\x1b-F\xe4^\xe4=\xe4", Vr::PN), "δ^ä=ä");
    assert_eq!(greek.decode(b"\x1b-F\xe4^\xe4", Vr::LO), "δ^δ");
    assert_eq!(
        greek.decode(b"\x1b-F\xe4\r\n\xe4\t\xe4", Vr::LT),
        "δ\r\nä\tä"
    );
    assert_eq!(greek.decode(b"\x1b-F\xe4\\\xe4", Vr::LT), "δ\\δ");
    assert_eq!(
        greek.encode("äδ\\ä", Vr::LO).ok().as_deref(),
        Some(&b"\xe4\x1b-F\xe4\x1b-A\\\xe4"[..])
    );
}

#[test]
fn yen_and_overline_of_jis_x_0201() {
    let kana = set("ISO_IR 13");
    assert_eq!(kana.decode(b"\xb1\\~", Vr::LO), "ｱ\\‾");
    assert_eq!(kana.decode(b"\\~", Vr::LT), "¥‾");
    assert!(kana.encode("a~b", Vr::LO).is_err());
    assert_eq!(kana.encode("¥‾", Vr::LT).ok().as_deref(), Some(&b"\\~"[..]));
}

#[test]
fn undeclared_bytes_are_utf_8_or_latin_1() {
    assert_eq!(
        set("").decode_checked("Jérôme".as_bytes(), Vr::PN),
        ("Jérôme".into(), true)
    );
    assert_eq!(
        set("").decode_checked(b"J\xe9r\xf4me", Vr::PN),
        ("Jérôme".into(), true)
    );
    assert_eq!(set("ISO_IR 999").decode(b"J\xe9", Vr::PN), "Jé");
    assert_eq!(set("ISO_IR 999").unknown_terms(), ["ISO_IR 999"]);
    assert_eq!(
        set("ISO_IR 192").decode_checked(b"M\xfcller", Vr::PN),
        ("Müller".into(), true)
    );
    assert_eq!(
        set("ISO_IR 192").decode(b"M\xc3\xbcll\xc3", Vr::PN),
        "Müll\u{FFFD}"
    );
    assert_eq!(
        set("ISO_IR 100").decode_checked(b"G\xe9", Vr::CS),
        ("Gé".into(), true)
    );
}

#[test]
fn misspelled_terms_are_understood() {
    for terms in [
        "ISO-IR 100",
        "ISO IR 100",
        "iso_ir_100",
        "ISO 2022 IR 100",
        "ISO8859-1",
        "ISO_IR 100 \0",
    ] {
        assert_eq!(set(terms).decode(b"\xe9", Vr::LO), "é", "{terms}");
        assert!(set(terms).unknown_terms().is_empty());
    }
    assert_eq!(set("ISO_IR 149").decode(b"\xc8\xab", Vr::LO), "홍");
    assert_eq!(
        set("\\ISO 2022 IR 149").decode_checked(b"\xc8\xab", Vr::LO),
        ("홍".into(), true)
    );
    assert_eq!(set("UTF-8").decode("é".as_bytes(), Vr::LO), "é");
    assert_eq!(set("ISO_IR 6").unknown_terms(), [] as [String; 0]);
}

#[test]
fn what_has_no_code_is_refused_or_marked() {
    assert!(set("ISO_IR 100").encode("Ωmega", Vr::LO).is_err());
    assert_eq!(set("ISO_IR 100").encode_lossy("Ωmega", Vr::LO), b"?mega");
    assert_eq!(
        set("\\ISO 2022 IR 87").encode_lossy("山Ж홍a", Vr::LO),
        b"\x1b$B;3'(\x1b(B?a"
    );
    assert!(set("ISO_IR 192").encode("é", Vr::CS).is_err());
    assert_eq!(set("GBK").encode_lossy("a🙂b", Vr::LO), b"a?b");
}

mod round_trip {
    use super::set;
    use crate::Vr;
    use proptest::prelude::*;

    const TERMS: &[&str] = &[
        "",
        "ISO_IR 100",
        "ISO_IR 101",
        "ISO_IR 109",
        "ISO_IR 110",
        "ISO_IR 203",
        "ISO_IR 144",
        "ISO_IR 127",
        "ISO_IR 126",
        "ISO_IR 138",
        "ISO_IR 148",
        "ISO_IR 13",
        "ISO_IR 166",
        "ISO_IR 192",
        "GB18030",
        "GBK",
        "\\ISO 2022 IR 87",
        "ISO 2022 IR 13\\ISO 2022 IR 87\\ISO 2022 IR 159",
        "\\ISO 2022 IR 149",
        "\\ISO 2022 IR 58",
        "ISO 2022 IR 100\\ISO 2022 IR 101\\ISO 2022 IR 144\\ISO 2022 IR 126\\ISO 2022 IR 87",
        "ISO 2022 IR 148\\ISO 2022 IR 13\\ISO 2022 IR 149\\ISO 2022 IR 58\\ISO 2022 IR 166",
        "ISO 2022 IR 6\\ISO 2022 IR 109\\ISO 2022 IR 110\\ISO 2022 IR 127\\ISO 2022 IR 138\\ISO 2022 IR 203",
    ];

    /// Characters of every script that some set has, delimiters and controls among them.
    fn character() -> impl Strategy<Value = char> {
        prop_oneof![
            3 => prop::char::range(' ', '~'),
            1 => prop::sample::select(vec!['\\', '^', '=', '\r', '\n', '\t', '\u{C}']),
            2 => prop::char::range('\u{A0}', '\u{17F}'),
            1 => prop::char::range('\u{370}', '\u{45F}'),
            1 => prop::char::range('\u{5D0}', '\u{64A}'),
            1 => prop::char::range('\u{E01}', '\u{E5B}'),
            1 => prop::char::range('\u{3041}', '\u{30FE}'),
            2 => prop::char::range('\u{4E00}', '\u{9FA5}'),
            1 => prop::char::range('\u{AC00}', '\u{D7A3}'),
            1 => prop::char::range('\u{FF61}', '\u{FF9F}'),
            1 => any::<char>().prop_filter("a character", |c| !c.is_control()),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn what_is_encoded_is_decoded_to_the_same(
            terms in prop::sample::select(TERMS),
            vr in prop::sample::select(vec![Vr::PN, Vr::LO, Vr::LT, Vr::SH, Vr::UT]),
            characters in prop::collection::vec(character(), 0..24),
        ) {
            let set = set(terms);
            let has_code = |c: &char| set.encode(&c.to_string(), vr).is_ok();
            let text: String = characters.into_iter().filter(has_code).collect();
            let bytes = set.encode(&text, vr).expect("every character has a code");
            prop_assert_eq!(set.decode_checked(&bytes, vr), (text.as_str().into(), false));
        }

        #[test]
        fn no_bytes_make_it_fail(
            terms in prop::sample::select(TERMS),
            vr in prop::sample::select(Vr::ALL),
            bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(&b"\x1b$()-BJDCAIFGH\\^="[..])], 0..40),
        ) {
            let text = set(terms).decode(&bytes, vr);
            prop_assert!(text.len() <= bytes.len() * 3);
            set(terms).encode_lossy(&text, vr);
        }
    }
}
