use super::NotTrained;
use crate::label::Task;

/// That a trainer was given a kind of target it is not made for.
pub(in crate::train) fn wrong_task(trainer: &str, task: &Task) -> NotTrained {
    let task = match task {
        Task::Regression => "regression",
        Task::Binary => "binary",
        Task::Multiclass { .. } => "multiclass",
    };
    NotTrained::WrongTask {
        trainer: trainer.to_owned(),
        task: task.to_owned(),
    }
}
