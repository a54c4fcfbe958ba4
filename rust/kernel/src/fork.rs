//! What is to be done when this process forks.
//!
//! Nothing here is told of a fork by itself; the binding registers these functions with Python.

use crate::cache::Cache;
#[cfg(unix)]
use crate::local;
use crate::{process, scratch, workers};

/// To be called before a fork.
pub fn before_fork() {
    #[cfg(unix)]
    local::descriptors::hold_for_fork();
}

/// To be called after a fork, or an attempt, in the process that forked.
pub fn after_fork_in_parent() {
    #[cfg(unix)]
    local::descriptors::release_after_fork();
}

/// To be called in a forked child, by its only thread, before anything else here. Returns the
/// inherited descriptors that the caller must close.
#[must_use]
pub fn in_forked_child() -> Vec<i32> {
    #[cfg(unix)]
    let inherited = local::descriptors::LISTED.get().all();
    #[cfg(not(unix))]
    let inherited = Vec::new();
    process::begin_anew();
    // Everything that a process has one of, made now, by this thread.
    let _ = Cache::of_process();
    let _ = scratch::STASH.get();
    let _ = workers::AT_WORK.get();
    #[cfg(unix)]
    let _ = local::descriptors::LISTED.get();
    #[cfg(unix)]
    let _ = local::names::OWN_PREFIX.get();
    inherited
}
