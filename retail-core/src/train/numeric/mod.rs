//! The arithmetic below the trainers: exact sums, sketches, small linear algebra, threads.

mod minimum_norm;
mod moments;
pub(in crate::train) mod parallel;
mod sketch;
pub(in crate::train) mod student_t;
pub(in crate::train) mod vector;
pub(in crate::train) mod wide;

pub(in crate::train) use minimum_norm::InverseRoot;
pub(in crate::train) use moments::ExactMoments;
pub use moments::{MomentSums, Moments, MomentsError};
pub use sketch::{ValueBucket, ValueSketch};
