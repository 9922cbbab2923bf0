#![allow(clippy::unwrap_used)]
use std::time::Duration;

use super::*;
use crate::Role;

fn directory() -> (Directory, String) {
    let token = token::new();
    let old = token::hash("sgt_old");
    let builder = DirectoryBuilder {
        users: vec![User {
            name: "ada".into(),
            password_hash: password::hash("pa:ss").unwrap(),
            permissions: Role::Reader.permissions(),
        }],
        tokens: vec![
            ApiToken {
                name: "ai".into(),
                hash: token.hash,
                permissions: Role::Writer.permissions(),
                expires: None,
            },
            ApiToken {
                name: "old".into(),
                hash: old,
                permissions: Role::Admin.permissions(),
                expires: Some(SystemTime::now() - Duration::from_secs(1)),
            },
        ],
        ae_rules: vec![
            AeRule {
                ae_title: AeRule::title("CT1").unwrap(),
                addresses: vec!["10.0.0.0/8".parse().unwrap()],
                certificate_subject: None,
                permissions: Role::Writer.permissions(),
            },
            AeRule {
                ae_title: AeRule::title("SECURE").unwrap(),
                addresses: vec![],
                certificate_subject: Some("CN=secure".into()),
                permissions: Role::Reader.permissions(),
            },
            AeRule {
                ae_title: AeRule::title("*").unwrap(),
                addresses: AddressRange::loopback().to_vec(),
                certificate_subject: None,
                permissions: Role::Admin.permissions(),
            },
        ],
    };
    (builder.build().unwrap(), token.secret)
}

fn basic(pair: &str) -> String {
    format!("Basic {}", STANDARD.encode(pair))
}

#[test]
fn basic_credentials_are_checked_and_remembered() {
    let (directory, _) = directory();
    let good = basic("ada:pa:ss");
    assert!(matches!(
        directory.authenticate_http_quickly(Some(&good), None),
        Quick::Slow
    ));
    let caller = directory.authenticate_http(Some(&good), None).unwrap();
    assert_eq!(
        (caller.name.as_str(), caller.kind),
        ("ada", CallerKind::User)
    );
    assert!(!caller.may(Permission::Delete));
    assert!(matches!(
        directory.authenticate_http_quickly(Some(&good), None),
        Quick::Settled(Ok(_))
    ));
    for bad in ["ada:pa", "bob:pa:ss", "ada:", ":"] {
        let header = basic(bad);
        let answer = directory.authenticate_http(Some(&header), None);
        assert_eq!(answer.unwrap_err(), Rejection::Wrong, "{bad}");
        // Wrong guesses are remembered as well, and stay wrong.
        assert!(matches!(
            directory.authenticate_http_quickly(Some(&header), None),
            Quick::Settled(Err(Rejection::Wrong))
        ));
    }
}

#[test]
fn the_decoy_password_opens_nothing() {
    let (directory, _) = directory();
    let header = basic("nobody:");
    assert_eq!(
        directory
            .authenticate_http(Some(&header), None)
            .unwrap_err(),
        Rejection::Wrong
    );
}

#[test]
fn tokens_are_checked_and_expire() {
    let (directory, secret) = directory();
    let caller = directory
        .authenticate_http(Some(&format!("bearer {secret}")), None)
        .unwrap();
    assert_eq!(caller.kind, CallerKind::Token);
    assert_eq!(caller.permissions, Role::Writer.permissions());
    for (header, rejection) in [
        ("Bearer sgt_old".to_owned(), Rejection::Expired),
        (format!("Bearer {secret}x"), Rejection::Wrong),
        ("Bearer".to_owned(), Rejection::Malformed),
        ("Digest x".to_owned(), Rejection::Malformed),
        ("Basic !!".to_owned(), Rejection::Malformed),
        (String::new(), Rejection::Malformed),
    ] {
        assert_eq!(
            directory
                .authenticate_http(Some(&header), None)
                .unwrap_err(),
            rejection,
            "{header}"
        );
    }
    assert_eq!(
        directory.authenticate_http(None, None).unwrap_err(),
        Rejection::Missing
    );
}

#[test]
fn the_first_ae_rule_that_fits_decides() {
    let (directory, _) = directory();
    let ask = |title: &str, address: &str, subject: Option<&str>| {
        directory
            .authenticate_ae(
                &AeTitle::new(title).unwrap(),
                address.parse().unwrap(),
                subject,
            )
            .map(|caller| caller.permissions)
    };
    assert_eq!(ask("CT1", "10.2.3.4", None), Ok(Role::Writer.permissions()));
    assert_eq!(ask("CT1", "11.2.3.4", None), Err(Rejection::UnknownAe));
    assert_eq!(ask("CT1", "127.0.0.1", None), Ok(Role::Admin.permissions()));
    assert_eq!(ask("X", "::1", None), Ok(Role::Admin.permissions()));
    assert_eq!(ask("ct1", "10.2.3.4", None), Err(Rejection::UnknownAe));
    assert_eq!(ask("SECURE", "9.9.9.9", None), Err(Rejection::UnknownAe));
    assert_eq!(
        ask("SECURE", "9.9.9.9", Some("CN=secure")),
        Ok(Role::Reader.permissions())
    );
}

#[test]
fn off_lets_everybody_do_everything() {
    let directory = Directory::off();
    let caller = directory.authenticate_http(None, None).unwrap();
    assert_eq!(caller.kind, CallerKind::Anonymous);
    assert_eq!(caller.permissions, Permission::all());
    let ae = AeTitle::new("ANY").unwrap();
    let address = "192.0.2.1".parse().unwrap();
    let caller = directory.authenticate_ae(&ae, address, None).unwrap();
    assert_eq!(caller.name, "ANY");
    assert!(!directory.http_is_protected() && !directory.dimse_is_protected());
}

#[test]
fn mistakes_in_the_configuration_are_named() {
    let user = |name: &str, hash: &str| User {
        name: name.into(),
        password_hash: hash.into(),
        permissions: BTreeSet::new(),
    };
    let hash = password::hash("x").unwrap();
    let build = |users: Vec<User>| {
        DirectoryBuilder {
            users,
            ..Default::default()
        }
        .build()
        .err()
    };
    assert!(matches!(
        build(vec![user("a:b", &hash)]),
        Some(Error::InvalidUserName { .. })
    ));
    assert!(matches!(
        build(vec![user("a", "secret")]),
        Some(Error::InvalidPasswordHash { .. })
    ));
    assert!(matches!(
        build(vec![user("a", &hash), user("a", &hash)]),
        Some(Error::Twice { .. })
    ));
}

#[test]
fn who_guesses_too_often_waits_and_costs_no_hash() {
    let (directory, token) = directory();
    let here = Some(IpAddr::from([192, 0, 2, 1]));
    let there = Some(IpAddr::from([192, 0, 2, 2]));
    let ask = |text: &str, from| directory.authenticate_http(Some(text), from);
    let good = basic("ada:pa:ss");
    assert!(ask(&good, here).is_ok());
    // The same wrong password, as of a client with an old one, is one guess.
    for _ in 0..30 {
        assert!(matches!(
            ask(&basic("ada:old"), here),
            Err(Rejection::Wrong)
        ));
    }
    for n in 0..30 {
        let _ = ask(&format!("Bearer sgt_{n}"), here);
    }
    for guess in [
        basic("ada:new guess"),
        basic("nobody:x"),
        "Bearer sgt_x".into(),
    ] {
        assert!(matches!(ask(&guess, here), Err(Rejection::TooMany { .. })));
        let quick = directory.authenticate_http_quickly(Some(&guess), here);
        assert!(matches!(
            quick,
            Quick::Settled(Err(Rejection::TooMany { .. }))
        ));
    }
    // A right guess is not told from a wrong one.
    let bearer = format!("Bearer {token}");
    assert!(matches!(ask(&bearer, here), Err(Rejection::TooMany { .. })));
    let user = directory.authenticate_user("ada", "another", here);
    assert!(matches!(user, Err(Rejection::TooMany { .. })));
    // Who was in before, and other addresses, go on.
    assert!(ask(&good, here).is_ok());
    assert!(ask(&bearer, there).is_ok());
    assert!(ask(&good, there).is_ok());
}
