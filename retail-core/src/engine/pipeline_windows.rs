use crate::feature::RowSet;
use crate::train::NotTrained;
use crate::window::{StreamView, Window, WindowCounts, WindowState, WindowStrategy};

/// The windows of one pipeline, opened when the stream is first observed.
pub(super) struct PipelineWindows {
    state: Option<Box<dyn WindowState>>,
    newest: Result<Vec<Window>, NotTrained>,
}

impl PipelineWindows {
    pub(super) fn new() -> Self {
        Self {
            state: None,
            newest: Ok(Vec::new()),
        }
    }

    /// Shows the stream to the state. One that panics is given up, and opened again next time.
    pub(super) fn observe(&mut self, strategy: &dyn WindowStrategy, view: &StreamView) {
        let state = self.state.take();
        let observed = NotTrained::catch(|| {
            let mut state = state.unwrap_or_else(|| strategy.open());
            let windows = state.observe(view);
            (state, windows)
        });
        self.newest = observed.map(|(state, windows)| {
            self.state = Some(state);
            windows
        });
    }

    /// The windows as they were last observed, or why there are none.
    pub(super) fn newest(&self) -> Result<&[Window], NotTrained> {
        self.newest.as_deref().map_err(Clone::clone)
    }

    /// What became of the rows observed, if any can be late.
    pub(super) fn counts(&self) -> Option<WindowCounts> {
        let state = self.state.as_ref()?;
        NotTrained::catch(|| state.counts()).ok().flatten()
    }

    /// The rows that a window may hold, now or later: all if nobody can tell.
    pub(super) fn keeps(&self) -> RowSet {
        let kept = self
            .state
            .as_ref()
            .and_then(|state| NotTrained::catch(|| state.keeps()).ok());
        kept.unwrap_or_else(|| RowSet::from(0..u64::MAX))
    }
}
