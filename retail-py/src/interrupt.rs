//! Long work that Ctrl+C ends.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use pyo3::prelude::*;

/// How often to look whether Ctrl+C was pressed.
const LOOKS: Duration = Duration::from_millis(50);

/// Tells work that it is to end.
#[derive(Debug, Default)]
pub(crate) struct Stop(AtomicBool);

impl Stop {
    pub(crate) fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Does work on a thread of its own, without the global interpreter lock. Meanwhile `meanwhile` is called
/// 20 times a second on this one. If it raises, or if Ctrl+C is pressed, the work is told to stop, by
/// its [`Stop`] and by `stopping`, and the exception is raised once it has.
pub(crate) fn interruptible<T: Send>(
    py: Python<'_>,
    work: impl FnOnce(&Stop) -> T + Send,
    mut meanwhile: impl FnMut(Python<'_>) -> PyResult<()>,
    stopping: impl Fn(),
) -> PyResult<T> {
    let stop = &Stop::default();
    thread::scope(|scope| {
        let (done, mut is_done) = channel::<()>();
        let worker = scope.spawn(move || {
            // Dropped when the work is over, whichever way it ends.
            let _done = done;
            work(stop)
        });
        let mut raised = None;
        loop {
            let (received, back) = py.detach(move || (is_done.recv_timeout(LOOKS), is_done));
            if received != Err(RecvTimeoutError::Timeout) {
                break;
            }
            is_done = back;
            if raised.is_none()
                && let Err(error) = py.check_signals().and_then(|()| meanwhile(py))
            {
                stop.ask();
                stopping();
                raised = Some(error);
            }
        }
        let result = py.detach(|| worker.join());
        match (result, raised) {
            (Err(panic), _) => resume_unwind(panic),
            (Ok(_), Some(error)) => Err(error),
            (Ok(result), None) => Ok(result),
        }
    })
}
