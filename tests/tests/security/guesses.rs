//! Guessing passwords and tokens is slow, does not starve the server, and locks out nobody who is known.

use std::time::{Duration, Instant};

use sagittal_tests::Server;
use sagittal_tests::http::Response;

use crate::authentication::server;

/// alice:correct horse
const ALICE: &str = "Basic YWxpY2U6Y29ycmVjdCBob3JzZQ==";

fn ask(server: &Server, authorization: &str) -> Response {
    server
        .request("GET", "/dicom-web/studies")
        .header("Authorization", authorization)
        .send()
}

/// alice with the password that `n` stands for.
fn guess(n: usize) -> String {
    // Four bytes of base64 for three of text.
    let digits: Vec<u8> = format!("{n:06}").into_bytes();
    let mut text = "Basic YWxpY2U6".to_owned();
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for three in digits.chunks(3) {
        let bits = three
            .iter()
            .fold(0usize, |bits, &b| bits << 8 | usize::from(b));
        for shift in [18, 12, 6, 0] {
            text.push(char::from(LETTERS[bits >> shift & 63]));
        }
    }
    text
}

#[test]
fn who_guesses_passwords_must_wait_and_the_server_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (server, bearer) = server(folder.path());
    // She may store, not search: known, and refused.
    assert_eq!(ask(&server, ALICE).status, 403);
    // Sixteen guess at the same time, two hundred times.
    let began = Instant::now();
    let statuses: Vec<Response> = std::thread::scope(|scope| {
        let guessers: Vec<_> = (0..16usize)
            .map(|guesser| {
                let server = &server;
                let ask = move |n| ask(server, &guess(1000 * guesser + n));
                scope.spawn(move || (0..200).map(ask).collect::<Vec<_>>())
            })
            .collect();
        let join = |guesser: std::thread::ScopedJoinHandle<'_, Vec<Response>>| guesser.join();
        guessers
            .into_iter()
            .flat_map(|g| join(g).unwrap())
            .collect()
    });
    let looked_at = statuses.iter().filter(|r| r.status == 401).count();
    let refused = statuses.iter().filter(|r| r.status == 429).count();
    assert_eq!(looked_at + refused, 3200);
    // Ten are free, two may be under way, and each second lets at most one more through.
    let most = 13 + usize::try_from(began.elapsed().as_secs()).unwrap();
    assert!((10..=most).contains(&looked_at), "{looked_at}");
    let last = statuses.iter().rfind(|r| r.status == 429).unwrap();
    let wait: u64 = last.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=301).contains(&wait), "{wait}");
    assert!(last.text().contains("try again"), "{}", last.text());
    // Who was in before goes on; a right token that was not is not told from a wrong one.
    assert_eq!(ask(&server, ALICE).status, 403);
    assert_eq!(ask(&server, &bearer).status, 429);
    server.get("/healthz").expect(200);
}

#[test]
fn who_guesses_tokens_must_wait() {
    let folder = tempfile::tempdir().unwrap();
    let (server, bearer) = server(folder.path());
    assert!(matches!(ask(&server, &bearer).status, 200 | 204));
    // The same wrong token again and again, as of a program that was not told of a change.
    for _ in 0..20 {
        assert_eq!(ask(&server, "Bearer sgt_old").status, 401);
    }
    let statuses: Vec<u16> = (0..20)
        .map(|n| ask(&server, &format!("Bearer sgt_{n}")).status)
        .collect();
    assert_eq!(statuses[..9], [401; 9]);
    assert!(statuses.contains(&429), "{statuses:?}");
    assert!(matches!(ask(&server, &bearer).status, 200 | 204));
    // After the wait a guess is looked at again.
    let begun = Instant::now();
    loop {
        let answer = ask(&server, &format!("Bearer sgt_{:?}", begun.elapsed()));
        if answer.status == 401 {
            return;
        }
        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!(begun.elapsed() < Duration::from_secs(20), "{wait}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
