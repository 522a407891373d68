//! Moments at which a test can end the process, to see what is left behind. Without the feature
//! `fail-points` there are none.

/// Passes the moment of this name.
#[inline]
#[cfg_attr(
    not(feature = "fail-points"),
    expect(unused_variables, reason = "nothing is done")
)]
pub fn pass(moment: &str) {
    #[cfg(feature = "fail-points")]
    fail::fail_point!(moment);
}
