//! How many connections and associations there may be, in all and from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use futures::future::BoxFuture;
use parking_lot::Mutex;

use crate::association::Peer;
use crate::negotiate::{Decision, Policy};
use crate::pdu::{AssociateRq, Rejection};

/// Limits of a server. 0 is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Open sockets; beyond it they are closed at once.
    pub connections: usize,
    /// Open sockets from one address.
    pub connections_per_address: usize,
    /// Associations; beyond it A-ASSOCIATE-RJ, transient, local limit exceeded.
    pub associations: usize,
    /// Associations from one address.
    pub associations_per_address: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections: 1024,
            connections_per_address: 512,
            associations: 512,
            associations_per_address: 256,
        }
    }
}

/// Counts for metrics.
#[derive(Debug, Default)]
pub struct Statistics {
    /// Connections now.
    pub connections: AtomicU64,
    /// Associations now.
    pub associations: AtomicU64,
    /// Associations ever.
    pub associations_total: AtomicU64,
    /// Connections closed for a limit, ever.
    pub connections_refused: AtomicU64,
    /// Associations rejected for a limit, ever.
    pub associations_refused: AtomicU64,
}

#[derive(Clone, Copy)]
enum Kind {
    Connection,
    Association,
}

#[derive(Default)]
struct Table {
    /// Connections and associations.
    total: [usize; 2],
    by_address: HashMap<IpAddr, [usize; 2]>,
}

pub(super) struct Limiter {
    limits: Limits,
    table: Mutex<Table>,
    pub(super) statistics: Arc<Statistics>,
}

impl Limiter {
    pub(super) fn new(limits: Limits) -> Arc<Limiter> {
        Arc::new(Limiter {
            limits,
            table: Mutex::default(),
            statistics: Arc::default(),
        })
    }

    /// Room for a connection.
    pub(super) fn connection(self: &Arc<Limiter>, address: IpAddr) -> Option<Slot> {
        let slot = self.take(Kind::Connection, address);
        if slot.is_none() {
            self.statistics.connections_refused.fetch_add(1, Relaxed);
        }
        slot
    }

    /// The policy for one connection, which takes room for an association when it accepts.
    pub(super) fn policy(self: &Arc<Limiter>, inner: Arc<dyn Policy>, address: IpAddr) -> Limited {
        Limited {
            limiter: self.clone(),
            inner,
            address,
            slot: Mutex::new(None),
        }
    }

    fn take(self: &Arc<Limiter>, kind: Kind, address: IpAddr) -> Option<Slot> {
        let (limit, per_address) = match kind {
            Kind::Connection => (self.limits.connections, self.limits.connections_per_address),
            Kind::Association => (
                self.limits.associations,
                self.limits.associations_per_address,
            ),
        };
        let full = |count: usize, limit: usize| limit != 0 && count >= limit;
        let mut table = self.table.lock();
        let Table { total, by_address } = &mut *table;
        let mine = by_address.entry(address).or_default();
        if full(*of(total, kind), limit) || full(*of(mine, kind), per_address) {
            if *mine == [0, 0] {
                by_address.remove(&address);
            }
            return None;
        }
        *of(total, kind) += 1;
        *of(mine, kind) += 1;
        self.gauge(kind).fetch_add(1, Relaxed);
        Some(Slot {
            limiter: self.clone(),
            kind,
            address,
        })
    }

    fn gauge(&self, kind: Kind) -> &AtomicU64 {
        match kind {
            Kind::Connection => &self.statistics.connections,
            Kind::Association => &self.statistics.associations,
        }
    }
}

fn of(counts: &mut [usize; 2], kind: Kind) -> &mut usize {
    let [connections, associations] = counts;
    match kind {
        Kind::Connection => connections,
        Kind::Association => associations,
    }
}

/// Room taken; given back when dropped, by a panic too.
pub(super) struct Slot {
    limiter: Arc<Limiter>,
    kind: Kind,
    address: IpAddr,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut table = self.limiter.table.lock();
        let Table { total, by_address } = &mut *table;
        let total = of(total, self.kind);
        *total = total.saturating_sub(1);
        if let Some(mine) = by_address.get_mut(&self.address) {
            let count = of(mine, self.kind);
            *count = count.saturating_sub(1);
            if *mine == [0, 0] {
                by_address.remove(&self.address);
            }
        }
        self.limiter.gauge(self.kind).fetch_sub(1, Relaxed);
    }
}

/// A policy that rejects while there are too many associations.
pub(super) struct Limited {
    limiter: Arc<Limiter>,
    inner: Arc<dyn Policy>,
    address: IpAddr,
    slot: Mutex<Option<Slot>>,
}

impl Limited {
    pub(super) fn into_slot(self) -> Option<Slot> {
        self.limiter
            .statistics
            .associations_total
            .fetch_add(1, Relaxed);
        self.slot.into_inner()
    }
}

impl Policy for Limited {
    fn decide<'a>(&'a self, request: &'a AssociateRq, peer: &'a Peer) -> BoxFuture<'a, Decision> {
        let Some(slot) = self.limiter.take(Kind::Association, self.address) else {
            self.limiter
                .statistics
                .associations_refused
                .fetch_add(1, Relaxed);
            let rejection = Rejection::LOCAL_LIMIT_EXCEEDED;
            self.inner.over_limit(request, peer, rejection);
            return Box::pin(std::future::ready(Decision::Reject(rejection)));
        };
        *self.slot.lock() = Some(slot);
        self.inner.decide(request, peer)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may panic
mod tests {
    use super::*;

    #[test]
    fn room_is_counted_by_address_and_given_back() {
        let limits = Limits {
            connections: 3,
            connections_per_address: 2,
            ..Limits::default()
        };
        let limiter = Limiter::new(limits);
        let (a, b) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        let first = limiter.connection(a);
        let second = limiter.connection(a);
        assert!(first.is_some() && second.is_some());
        assert!(limiter.connection(a).is_none(), "two from one address");
        let third = limiter.connection(b);
        assert!(third.is_some());
        assert!(limiter.connection(b).is_none(), "three in all");
        drop(first);
        assert!(limiter.connection(b).is_some());
        drop((second, third));
        assert!(limiter.table.lock().by_address.is_empty());
        assert_eq!(limiter.statistics.connections_refused.load(Relaxed), 2);
    }
}
