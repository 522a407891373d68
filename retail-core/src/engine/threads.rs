use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::sync_channel;
use std::thread;

use super::acknowledgement::Acknowledgement;
use super::inbox::Inbox;
use super::reading_thread::{ReadTo, Reader};
use super::saving_thread::QUEUE;
use super::stop::{HaltOnDrop, Stop};
use super::wakeup::Wakeup;
use super::{Engine, EngineThread, Error};
use crate::batch::Batcher;
use crate::source::Source;

impl Engine {
    /// Runs the reading, the saving and the training thread to their ends.
    pub(super) fn run_threads(&mut self, source: &mut dyn Source) -> Result<(), Error> {
        let inbox = Arc::clone(&self.inbox);
        let rows = inbox.begin();
        self.run_with(source, &inbox, rows)
    }

    fn run_with(&mut self, source: &mut dyn Source, inbox: &Inbox, rows: u64) -> Result<(), Error> {
        let Self {
            reading,
            saver,
            retrainer,
            shared,
            stop,
            ..
        } = self;
        let shared = &*shared;
        let mut batcher = Batcher::new(reading.limits, saver.store.position().clone())
            .unknown_customers(reading.unknown.clone());
        if !saver.needs_text() {
            batcher = batcher.without_text();
        }
        let (batches, to_save) = sync_channel(QUEUE);
        let wakeup = Arc::new(Wakeup::default());
        let acknowledgement = &Acknowledgement::new(Arc::clone(&wakeup));
        let halted = &AtomicBool::new(false);
        thread::scope(|scope| {
            let saving = scope.spawn(move || {
                let _halt = HaltOnDrop(halted);
                // Owned by this thread, so that sending fails once it has ended.
                let to_save = to_save;
                saver.run(&to_save, acknowledgement, inbox, shared)
            });
            let training = scope.spawn(move || {
                let _halt = HaltOnDrop(halted);
                retrainer.run(inbox, shared, rows)
            });
            let reader = Reader {
                source: &mut *source,
                batcher,
                batches,
                acknowledgement,
                clock: reading.clock.as_ref(),
                stop: Stop {
                    asked: stop,
                    halted,
                },
                shared,
                wakeup,
                arrived: (0, reading.clock.now()),
            };
            // If it panics, the batches end too: the other threads wait for what only this one can
            // tell them.
            let read = catch(|| reader.run());
            let all_saved = saving
                .join()
                .map_err(|_| Error::Stopped(EngineThread::Saving));
            // Also after an error: what has been saved stays saved.
            let delivered = catch(|| acknowledgement.deliver(source));
            if matches!((&read, &all_saved), (Ok(ReadTo::End), Ok(Ok(())))) {
                inbox.change(|history| history.set_ended(true));
            }
            inbox.finish();
            let trained = training
                .join()
                .map_err(|_| Error::Stopped(EngineThread::Training));
            all_saved??;
            read?;
            delivered?;
            Ok(trained??)
        })
    }
}

/// Does work of the reading thread. A panic is an error of the run.
fn catch<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(Error::Stopped(EngineThread::Reading)))
}
