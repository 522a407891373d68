use std::future::Future;
use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use super::*;
use crate::record::{Columns, Transaction};
use crate::source::Incoming;
use crate::testing;

/// Counts how often it is woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Count {
    fn new() -> (Arc<Self>, Waker) {
        let count = Arc::new(Self::default());
        (Arc::clone(&count), Waker::from(count))
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

fn channel(position: u64, capacity: usize) -> (ChannelSender, ChannelSource) {
    ChannelSource::bounded("till", &Position::from([(0, position)]), capacity)
}

/// What one read gives, up to so many records.
fn read(source: &mut ChannelSource, most: usize) -> (Vec<(u64, Transaction)>, ReadStatus) {
    let mut given = Vec::new();
    let status = source.read(&mut |origin: Origin, record: &Incoming<'_>| {
        given.push((origin.offset, record.as_ref().unwrap().to_owned()));
        match given.len() < most {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    });
    (given, status.unwrap())
}

#[test]
fn senders_can_be_cloned_and_shared_by_threads() {
    fn shared<T: Clone + Send + Sync>() {}
    shared::<ChannelSender>();
}

#[test]
fn rows_come_in_the_order_in_which_they_were_pushed_and_are_counted_along_the_stream() {
    let (sender, mut source) = channel(100, 1_000);
    let rows = testing::transactions(7, 9);
    assert_eq!((sender.position(), sender.saved()), (100, 100));
    assert_eq!(sender.push(&rows[..2]), Ok(102));
    assert_eq!(sender.push(rows[2].clone()), Ok(103));
    assert_eq!(sender.push([rows[3].clone()]), Ok(104));
    assert_eq!(sender.clone().try_push(rows[4..7].to_vec()), Ok(107));
    assert_eq!(sender.push(Vec::new()), Ok(107));
    assert_eq!(sender.push(Transactions::from(&rows[7..])), Ok(109));
    let expected: Vec<_> = (100..).zip(rows).collect();
    assert_eq!(
        read(&mut source, 3),
        (expected[..3].to_vec(), ReadStatus::Paused)
    );
    assert_eq!(
        read(&mut source, usize::MAX),
        (expected[3..].to_vec(), ReadStatus::Idle)
    );
    assert_eq!(source.progress().done, 109);
}

#[test]
fn columns_are_pushed_like_rows() {
    let (sender, mut source) = channel(0, 10);
    let row = &testing::transactions(7, 1)[0];
    let columns = Columns {
        invoice: &["1", "2"],
        quantity: &[3, 4],
        invoice_date: &[row.invoice_date; 2],
        price: &[0.5, 1.5],
        customer_id: &[Some(9), None],
        timestamp: &[row.timestamp; 2],
        ..Columns::default()
    };
    sender
        .push(Transactions::try_from(columns).unwrap())
        .unwrap();
    let (given, _) = read(&mut source, 10);
    let seen: Vec<_> = given
        .iter()
        .map(|(_, row)| (&*row.invoice, row.quantity, row.price, row.customer_id))
        .collect();
    assert_eq!(seen, [("1", 3, 0.5, Some(9)), ("2", 4, 1.5, None)]);
}

#[test]
fn a_push_goes_in_as_a_whole_or_not_at_all() {
    let (sender, mut source) = channel(0, 3);
    let rows = testing::transactions(7, 5);
    assert_eq!(sender.try_push(&rows[..2]), Ok(2));
    assert_eq!(sender.try_push(&rows), Ok(7), "one more had room");
    let full = Err(PushError::Full { capacity: 3 });
    assert_eq!(sender.try_push(&rows[..1]), full);
    assert_eq!(sender.try_push(Vec::new()), Ok(7), "nothing needs no room");
    assert_eq!(read(&mut source, 2).0.len(), 2);
    assert_eq!(sender.try_push(&rows[..1]), full);
    assert_eq!(read(&mut source, 1).0.len(), 1);
    assert_eq!(sender.try_push(&rows[..1]), Ok(8));
}

#[test]
fn senders_wait_while_the_channel_is_full() {
    let (sender, mut source) = channel(0, 3);
    let rows = testing::transactions(7, 400);
    let mut given = 0;
    thread::scope(|scope| {
        for part in rows.chunks(200) {
            let sender = sender.clone();
            scope.spawn(move || {
                for pair in part.chunks(2) {
                    sender.push(pair).unwrap();
                }
            });
        }
        while given < 400 {
            given += read(&mut source, 1).0.len() as u64;
            // Those waiting, and the push that is being read.
            assert!(sender.position() - given <= 4 + 2, "{given}");
            thread::yield_now();
        }
    });
    assert_eq!(sender.position(), 400);
}

#[test]
fn a_future_waits_for_room_and_is_woken() {
    let (sender, mut source) = channel(0, 2);
    let rows = testing::transactions(7, 2);
    let (woken, waker) = Count::new();
    let mut context = Context::from_waker(&waker);
    let mut first = pin!(sender.push_async(&rows));
    assert_eq!(sender.position(), 0, "it has not been polled");
    assert_eq!(first.as_mut().poll(&mut context), Poll::Ready(Ok(2)));
    let mut second = pin!(sender.push_async(&rows));
    for _ in 0..3 {
        assert_eq!(second.as_mut().poll(&mut context), Poll::Pending);
    }
    {
        let mut dropped = Box::pin(sender.push_async(&rows));
        assert_eq!(dropped.as_mut().poll(&mut context), Poll::Pending);
    }
    assert_eq!(woken.get(), 0);
    read(&mut source, 1);
    assert_eq!(woken.get(), 1);
    assert_eq!(second.as_mut().poll(&mut context), Poll::Ready(Ok(4)));
    assert_eq!(sender.position(), 4, "what was dropped was not pushed");
}

#[test]
fn the_stream_ends_when_the_last_sender_is_dropped_and_all_rows_are_read() {
    let (sender, mut source) = channel(0, 10);
    let other = sender.clone();
    other.push(testing::transactions(7, 2)).unwrap();
    drop(sender);
    assert_eq!(read(&mut source, 1).1, ReadStatus::Paused);
    let (given, status) = read(&mut source, 9);
    assert_eq!((given.len(), status), (1, ReadStatus::Idle));
    other.push(testing::transactions(7, 1)).unwrap();
    drop(other);
    let (given, status) = read(&mut source, 9);
    assert_eq!((given.len(), status), (1, ReadStatus::End));
    assert_eq!(read(&mut source, 9), (Vec::new(), ReadStatus::End));
}

#[test]
fn the_reader_is_woken_by_rows_and_by_the_end_and_at_once_if_there_are_some() {
    let (sender, mut source) = channel(0, 10);
    let (woken, waker) = Count::new();
    assert!(source.wake_when_ready(&waker));
    assert_eq!(woken.get(), 0);
    sender.push(testing::transactions(7, 1)).unwrap();
    assert_eq!(woken.get(), 1);
    source.wake_when_ready(&waker);
    assert_eq!(woken.get(), 2, "there is a row");
    read(&mut source, 9);
    source.wake_when_ready(&waker);
    drop(sender.clone());
    assert_eq!(woken.get(), 2);
    drop(sender);
    assert_eq!(woken.get(), 3);
    source.wake_when_ready(&waker);
    assert_eq!(woken.get(), 4, "it is the end");
}

#[test]
fn nobody_waits_for_a_source_that_is_gone() {
    let (sender, mut source) = channel(5, 1);
    let rows = testing::transactions(7, 3);
    source.saved(&Position::from([(0, 7)])).unwrap();
    sender.push(&rows).unwrap();
    let (woken, waker) = Count::new();
    let mut context = Context::from_waker(&waker);
    let mut waiting = pin!(sender.push_async(&rows));
    assert_eq!(waiting.as_mut().poll(&mut context), Poll::Pending);
    let closed = Err(PushError::Closed { saved: 7 });
    thread::scope(|scope| {
        let blocked = scope.spawn(|| sender.push(&rows));
        drop(source);
        assert_eq!(blocked.join().unwrap(), closed);
    });
    assert_eq!(woken.get(), 1);
    assert_eq!(
        waiting.as_mut().poll(&mut context),
        Poll::Ready(closed.clone())
    );
    assert_eq!(sender.try_push(&rows), closed);
}

#[test]
fn no_other_place_of_the_stream_can_be_sought() {
    let (sender, mut source) = channel(5, 10);
    sender.push(testing::transactions(7, 3)).unwrap();
    read(&mut source, 2);
    assert_eq!(sender.saved(), 5);
    let at = |offset| Position::from([(0, offset)]);
    source.seek(&at(7)).unwrap();
    assert_eq!(sender.saved(), 7, "what is sought is saved");
    for offset in [5, 6, 8] {
        let error = source.seek(&at(offset)).unwrap_err().to_string();
        let said = format!(
            "{offset} records of the stream are saved, and the source goes on with record 7"
        );
        assert!(error.starts_with(&said), "{error}");
    }
    source.saved(&at(6)).unwrap();
    assert_eq!(sender.saved(), 7, "it does not go back");
    assert_eq!(read(&mut source, 9).0.len(), 1);
}
