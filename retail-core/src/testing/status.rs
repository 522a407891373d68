use crate::engine::{EngineStatus, StatusBoard};

/// Changes what a [`StatusBoard`] shows, as an engine would.
///
/// ```
/// use retail_core::engine::StatusBoard;
/// use retail_core::testing::change_status;
///
/// let board = StatusBoard::default();
/// change_status(&board, |status| status.rows_read = 1_000);
/// assert_eq!(board.read().rows_read, 1_000);
/// ```
pub fn change_status(board: &StatusBoard, change: impl Fn(&mut EngineStatus)) {
    board.update(change);
}
