//! Wrong passwords and tokens, counted by address: guessing becomes slow, and does not cost the
//! server a hash a guess.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Wrong guesses that cost no wait: people mistype, and many may share an address.
const FREE: u32 = 10;
/// After this long one wrong guess is forgiven.
const FORGIVEN: Duration = Duration::from_secs(60);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(300);
/// Addresses that are remembered.
const ADDRESSES: usize = 4096;

/// How often each address guessed wrong lately.
#[derive(Debug, Default)]
pub(crate) struct Guesses(Mutex<HashMap<Option<IpAddr>, Entry>>);

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// As of `last`.
    wrong: u32,
    last: Instant,
    until: Instant,
}

impl Entry {
    /// Wrong guesses that are not forgiven yet.
    fn wrong(&self, now: Instant) -> u32 {
        let minutes = now.saturating_duration_since(self.last).as_secs() / FORGIVEN.as_secs();
        self.wrong
            .saturating_sub(u32::try_from(minutes).unwrap_or(u32::MAX))
    }
}

impl Guesses {
    /// How long this address must wait before another guess is looked at.
    pub(crate) fn wait(&self, address: Option<IpAddr>, now: Instant) -> Option<Duration> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let until = entries.get(&network(address))?.until;
        let left = until.saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }

    /// Counts a wrong guess. Each one beyond the free ones doubles the wait.
    pub(crate) fn wrong(&self, address: Option<IpAddr>, now: Instant) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let network = network(address);
        let before = entries.get(&network).map_or(0, |entry| entry.wrong(now));
        if before == 0 {
            make_room(&mut entries, now);
        }
        let wrong = before.saturating_add(1);
        let wait = match wrong.checked_sub(FREE) {
            None | Some(0) => Duration::ZERO,
            Some(beyond) => Duration::from_secs(1 << (beyond - 1).min(16)).min(LONGEST),
        };
        let entry = Entry {
            wrong,
            last: now,
            until: now + wait,
        };
        entries.insert(network, entry);
    }
}

/// Forgets those who are forgiven, else the most harmless.
fn make_room(entries: &mut HashMap<Option<IpAddr>, Entry>, now: Instant) {
    if entries.len() < ADDRESSES {
        return;
    }
    entries.retain(|_, entry| entry.wrong(now) > 0);
    while entries.len() >= ADDRESSES {
        let harmless = entries
            .iter()
            .min_by_key(|(_, entry)| (entry.wrong(now), entry.last))
            .map(|(network, _)| *network);
        match harmless {
            Some(network) => entries.remove(&network),
            None => return,
        };
    }
}

/// Of IPv6 a subscriber has a whole /64.
fn network(address: Option<IpAddr>) -> Option<IpAddr> {
    Some(match address?.to_canonical() {
        IpAddr::V6(address) => {
            Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into()
        }
        address => address,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    #[test]
    fn each_wrong_guess_beyond_the_free_ones_doubles_the_wait() {
        let guesses = Guesses::default();
        let now = Instant::now();
        for _ in 0..FREE {
            guesses.wrong(at(1), now);
            assert_eq!(guesses.wait(at(1), now), None);
        }
        for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            guesses.wrong(at(1), now);
            assert_eq!(guesses.wait(at(1), now), Some(Duration::from_secs(seconds)));
        }
        assert_eq!(guesses.wait(at(2), now), None, "another address");
        assert_eq!(guesses.wait(at(1), now + LONGEST), None);
    }

    #[test]
    fn wrong_guesses_are_forgiven_with_time() {
        let guesses = Guesses::default();
        let mut now = Instant::now();
        for _ in 0..FREE + 3 {
            guesses.wrong(at(1), now);
        }
        now += FORGIVEN * 5;
        guesses.wrong(at(1), now);
        assert_eq!(guesses.wait(at(1), now), None);
        // One a minute, as of a client with an old password, never becomes a wait.
        for _ in 0..100 {
            now += FORGIVEN;
            guesses.wrong(at(1), now);
            assert_eq!(guesses.wait(at(1), now), None);
        }
    }

    #[test]
    fn a_flood_of_addresses_neither_fills_memory_nor_frees_who_waits() {
        let guesses = Guesses::default();
        let now = Instant::now();
        for _ in 0..FREE + 9 {
            guesses.wrong(at(1), now);
        }
        for n in 0..3 * ADDRESSES as u32 {
            guesses.wrong(Some(IpAddr::from(n.to_be_bytes())), now);
        }
        let count = guesses.0.lock().map_or(0, |entries| entries.len());
        assert!(count <= ADDRESSES, "{count}");
        assert!(guesses.wait(at(1), now).is_some());
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let guesses = Guesses::default();
        let now = Instant::now();
        let within = |n: u16| Some(IpAddr::from([0x2001, 0xDB8, 0, 7, n, n, n, n]));
        for n in 0..20 {
            guesses.wrong(within(n), now);
        }
        assert!(guesses.wait(within(99), now).is_some());
        let other = Some(IpAddr::from([0x2001, 0xDB8, 0, 8, 0, 0, 0, 1]));
        assert_eq!(guesses.wait(other, now), None);
    }
}
