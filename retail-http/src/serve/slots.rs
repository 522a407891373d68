use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};

use super::activity::{Activity, Wait};

/// A connection that has been idle for so long has to make room for another one. One that has just
/// begun, or is between two requests, does not.
const IDLE_ENOUGH: Duration = Duration::from_millis(250);

/// And so has one that has been stalled for so long, which on a working network it is not.
const STALLED_ENOUGH: Duration = Duration::from_secs(1);

/// The connections that are open.
#[derive(Debug)]
pub(super) struct Slots {
    max: usize,
    max_per_peer: usize,
    open: Mutex<HashMap<u64, Open>>,
    /// Is told of each connection that ends.
    freed: Notify,
}

#[derive(Debug)]
struct Open {
    peer: Option<Peer>,
    activity: Arc<Activity>,
    /// Dropped to end the connection.
    _end: oneshot::Sender<()>,
}

/// Whose connection it is. Who has one IPv6 address usually has the other 2^64 of its network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Peer(IpAddr);

impl Peer {
    fn new(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(v6) if !v6.is_loopback() => {
                let network = v6.to_bits() & !u128::from(u64::MAX);
                Self(Ipv6Addr::from_bits(network).into())
            }
            address => Self(address),
        }
    }
}

/// A connection among the others, until it is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    id: u64,
    pub(super) activity: Arc<Activity>,
    /// Is done when the connection has to make room.
    pub(super) ended: oneshot::Receiver<()>,
    slots: Arc<Slots>,
}

/// Why there is no slot.
#[derive(Debug, PartialEq, Eq)]
enum Full {
    /// One may be free, or have waited for long enough, after this time at the latest.
    Wait(Duration),
    OfPeer,
}

/// One address has as many connections as it may, and all of them are busy.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooMany;

impl Slots {
    pub(super) fn new(max: usize, max_per_peer: usize) -> Arc<Self> {
        Arc::new(Self {
            max: max.max(1),
            max_per_peer: max_per_peer.max(1),
            open: Mutex::default(),
            freed: Notify::new(),
        })
    }

    /// A slot for this peer, who has no address on a Unix socket, the `id`-th of all, as soon as there is one.
    ///
    /// # Errors
    /// [`TooMany`].
    pub(super) async fn take(
        self: &Arc<Self>,
        id: u64,
        peer: Option<IpAddr>,
    ) -> Result<Slot, TooMany> {
        loop {
            let freed = self.freed.notified();
            match self.try_take(id, peer.map(Peer::new)) {
                Ok(slot) => return Ok(slot),
                Err(Full::OfPeer) => return Err(TooMany),
                Err(Full::Wait(patience)) => {
                    // Whichever comes first: the next look tells.
                    let _ = tokio::time::timeout(patience, freed).await;
                }
            }
        }
    }

    /// The same for a peer that had too many a moment ago: it may have fewer within two seconds.
    ///
    /// # Errors
    /// [`TooMany`].
    pub(super) async fn take_later(
        self: &Arc<Self>,
        id: u64,
        peer: Option<IpAddr>,
    ) -> Result<Slot, TooMany> {
        let mut slot = Err(TooMany);
        for _ in 0..8 {
            tokio::time::sleep(IDLE_ENOUGH).await;
            slot = self.take(id, peer).await;
            if slot.is_ok() {
                break;
            }
        }
        slot
    }

    fn try_take(self: &Arc<Self>, id: u64, peer: Option<Peer>) -> Result<Slot, Full> {
        let mut open = self.lock();
        // It is not waited for: that would hold up all others.
        if peer.is_some()
            && self.max_per_peer < self.max
            && open.len() >= self.max_per_peer
            && open.values().filter(|open| open.peer == peer).count() >= self.max_per_peer
            && end_oldest(&mut open, peer).is_some()
        {
            return Err(Full::OfPeer);
        }
        if open.len() >= self.max
            && let Some(patience) = end_oldest(&mut open, None)
        {
            return Err(Full::Wait(patience));
        }
        let activity = Arc::new(Activity::new());
        let (end, ended) = oneshot::channel();
        let entry = Open {
            peer,
            activity: Arc::clone(&activity),
            _end: end,
        };
        open.insert(id, entry);
        Ok(Slot {
            id,
            activity,
            ended,
            slots: Arc::clone(self),
        })
    }

    /// Ends a connection that is waiting for its client, if one has been for long enough.
    pub(super) fn make_room(&self) {
        end_oldest(&mut self.lock(), None);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Open>> {
        // Nothing panics while it is held.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends a connection that is waiting for its client, of all or of one peer: the one that has been
/// idle the longest; if none is idle, the one that has been stalled the longest. If none has been for
/// long enough: after which time one may have.
fn end_oldest(open: &mut HashMap<u64, Open>, peer: Option<Peer>) -> Option<Duration> {
    let candidates = open
        .iter()
        .filter(|(_, open)| peer.is_none() || open.peer == peer);
    let mut next_look = IDLE_ENOUGH;
    let mut oldest = None;
    for (id, open) in candidates {
        let Some((wait, time)) = open.activity.wait() else {
            continue;
        };
        let enough = match wait {
            Wait::Idle => IDLE_ENOUGH,
            Wait::Stalled => STALLED_ENOUGH,
        };
        if time >= enough {
            oldest = oldest.max(Some((wait == Wait::Idle, time, *id)));
        } else {
            next_look = next_look.min(enough - time);
        }
    }
    match oldest {
        Some((_, _, id)) => {
            open.remove(&id);
            None
        }
        None => Some(next_look),
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.slots.lock().remove(&self.id);
        self.slots.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_are_addresses_or_networks_of_64_bits() {
        let peer = |address: &str| Peer::new(address.parse().unwrap());
        assert_eq!(peer("192.0.2.7"), peer("::ffff:192.0.2.7"));
        assert_ne!(peer("192.0.2.7"), peer("192.0.2.8"));
        assert_eq!(peer("2001:db8::7"), peer("2001:db8::ffff:8"));
        assert_ne!(peer("2001:db8::7"), peer("2001:db8:0:1::7"));
        assert_ne!(peer("::1"), peer("::2"));
    }
}
