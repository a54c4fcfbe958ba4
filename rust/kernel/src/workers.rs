//! Several threads on the tasks of one request.
//!
//! The caller works too, and helpers join it only where the work is worth their start. Helpers are
//! threads of the request: they end with it. So there is no pool that a fork would leave without
//! its threads, nobody waits behind another request, and whatever a task borrows outlives it.
//!
//! All requests of the process share one count of threads at work. A request starts no helper that
//! would lift the count above its limit; requests that come from the user's own threads (Dask,
//! joblib) therefore run each on its own thread instead of multiplying them. A task may share out a
//! part of its own work by calling [`run`] again; its thread is counted once.
//!
//! Tasks are claimed in order and a claimed task is always finished or failed before [`run`]
//! returns: no thread is left behind that still writes into the caller's memory.

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::counters::{self, Counter};
use crate::process::PerProcess;
use crate::{KernelError, Result};

/// Work below this is done on the calling thread: starting and joining a helper takes about 20 us,
/// and what it touches is not in its cache.
const WORTH_HELP_NS: u64 = 150_000;
/// A helper gets at least so much work.
const LEAST_SHARE_NS: u64 = 75_000;
/// How often the calling thread looks whether it shall stop.
const POLL_EVERY: Duration = Duration::from_millis(50);

/// Threads of this process that run tasks.
pub(crate) static AT_WORK: PerProcess<AtomicUsize> =
    PerProcess::new(AtomicUsize::new(0), |_| AtomicUsize::new(0));

/// How much work a request is, and how many threads may do it.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Estimate for all tasks together, in nanoseconds of one thread.
    pub total_ns: u64,
    /// The most threads at work in this process, callers of other requests included.
    pub max_threads: usize,
}

impl Effort {
    /// Everything on the calling thread.
    pub const ALONE: Self = Self {
        total_ns: 0,
        max_threads: 1,
    };

    fn n_threads(&self, n_tasks: usize) -> usize {
        if self.total_ns < WORTH_HELP_NS {
            return 1;
        }
        let shares = usize::try_from(self.total_ns / LEAST_SHARE_NS).unwrap_or(usize::MAX);
        self.max_threads.min(n_tasks).min(shares).max(1)
    }
}

/// Who does the work, and who may stop it.
pub struct Workers<'a> {
    /// Most threads at work in the process.
    pub max_threads: usize,
    /// Asked now and then on the calling thread; an error stops the request.
    pub poll: &'a mut dyn FnMut() -> Result<()>,
}

impl fmt::Debug for Workers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workers")
            .field("max_threads", &self.max_threads)
            .finish_non_exhaustive()
    }
}

/// Number of threads that this process can run at once, as processor affinity and container limits
/// allow.
#[must_use]
pub fn available_threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Run tasks `0..n_tasks`, each once.
///
/// `context` makes what a thread keeps between its tasks (scratch memory); `poll` is asked on the
/// calling thread, between tasks and about every 50 ms, and stops the request by returning an
/// error.
///
/// # Errors
/// After the first failure no task is started. Of several failures, the one of the lowest task is
/// returned: which one does not depend on timing. A task that panics fails.
pub fn run<C>(
    n_tasks: usize,
    effort: Effort,
    poll: &mut dyn FnMut() -> Result<()>,
    context: impl Fn() -> C + Sync,
    task: impl Fn(&mut C, usize) -> Result<()> + Sync,
) -> Result<()> {
    run_counted(AT_WORK.get(), n_tasks, effort, poll, context, task)
}

fn run_counted<C>(
    at_work: &AtomicUsize,
    n_tasks: usize,
    effort: Effort,
    poll: &mut dyn FnMut() -> Result<()>,
    context: impl Fn() -> C + Sync,
    task: impl Fn(&mut C, usize) -> Result<()> + Sync,
) -> Result<()> {
    if n_tasks == 0 {
        return Ok(());
    }
    let request = Request::new(n_tasks);
    let _own = AtWork::caller(at_work);
    let n_helpers = effort.n_threads(n_tasks).saturating_sub(1);
    let work = || {
        let mut context = context();
        while let Some(number) = request.claim() {
            request.finish(number, guarded(|| task(&mut context, number)));
        }
    };
    thread::scope(|scope| {
        for _ in 0..n_helpers {
            let Some(permit) = AtWork::below(at_work, effort.max_threads) else {
                break;
            };
            counters::count(Counter::HelpersStarted);
            let help = || {
                let _permit = permit.on_this_thread();
                work_guarded(&request, work);
            };
            // Where the system has no more threads, the others do the work.
            if thread::Builder::new()
                .name("zarr-worker".into())
                .spawn_scoped(scope, help)
                .is_err()
            {
                break;
            }
        }
        work_guarded(&request, || work_and_poll(&request, poll, &context, &task));
    });
    request.outcome()
}

/// The calling thread's part.
fn work_and_poll<C>(
    request: &Request,
    poll: &mut dyn FnMut() -> Result<()>,
    context: &impl Fn() -> C,
    task: &impl Fn(&mut C, usize) -> Result<()>,
) {
    let mut context = context();
    let mut polled = Instant::now();
    while let Some(number) = request.claim() {
        request.finish(number, guarded(|| task(&mut context, number)));
        if polled.elapsed() >= POLL_EVERY {
            if let Err(error) = poll() {
                request.finish(usize::MAX, Err(error));
            }
            polled = Instant::now();
        }
    }
}

/// Making a context may panic as well.
fn work_guarded(request: &Request, work: impl FnOnce()) {
    let outcome = guarded(|| {
        work();
        Ok(())
    });
    if outcome.is_err() {
        request.finish(usize::MAX, outcome);
    }
}

/// A panic becomes an error. What the closure borrows is dropped or overwritten afterwards, never
/// looked at: the request has failed.
fn guarded(body: impl FnOnce() -> Result<()>) -> Result<()> {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        Err(KernelError::Panicked {
            message: panic_text(panic.as_ref()),
        })
    })
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    match (panic.downcast_ref::<String>(), panic.downcast_ref::<&str>()) {
        (Some(text), _) => text.clone(),
        (None, Some(text)) => (*text).to_owned(),
        (None, None) => "no message".to_owned(),
    }
}

/// The tasks of one call of [`run`].
struct Request {
    n_tasks: usize,
    next: AtomicUsize,
    failed: AtomicBool,
    first_failure: Mutex<Option<(usize, KernelError)>>,
}

impl Request {
    fn new(n_tasks: usize) -> Self {
        Self {
            n_tasks,
            next: AtomicUsize::new(0),
            failed: AtomicBool::new(false),
            first_failure: Mutex::new(None),
        }
    }

    /// The next task to do. Once a task has failed, all before it have been claimed.
    fn claim(&self) -> Option<usize> {
        if self.failed.load(Ordering::Relaxed) {
            return None;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        (number < self.n_tasks).then_some(number)
    }

    fn finish(&self, number: usize, outcome: Result<()>) {
        let Err(error) = outcome else { return };
        let mut first = self
            .first_failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if first.as_ref().is_none_or(|(lowest, _)| number < *lowest) {
            *first = Some((number, error));
        }
        self.failed.store(true, Ordering::Relaxed);
    }

    fn outcome(self) -> Result<()> {
        let first = self
            .first_failure
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        first.map_or(Ok(()), |(_, error)| Err(error))
    }
}

thread_local! {
    /// Whether this thread is counted already.
    static IS_COUNTED: Cell<bool> = const { Cell::new(false) };
}

/// One thread at work, counted while this lives.
struct AtWork<'a>(&'a AtomicUsize);

impl<'a> AtWork<'a> {
    /// The calling thread, unless it is counted already because this is a part of a task.
    fn caller(count: &'a AtomicUsize) -> Option<Counted<'a>> {
        if IS_COUNTED.get() {
            return None;
        }
        count.fetch_add(1, Ordering::Relaxed);
        Some(Self(count).on_this_thread())
    }

    /// One more, unless there are `limit` already.
    fn below(count: &'a AtomicUsize, limit: usize) -> Option<Self> {
        count
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| {
                if n < limit { n.checked_add(1) } else { None }
            })
            .ok()
            .map(|_| Self(count))
    }

    fn on_this_thread(self) -> Counted<'a> {
        IS_COUNTED.set(true);
        Counted(self)
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An [`AtWork`] that stands for the thread that has it.
struct Counted<'a>(#[allow(dead_code)] AtWork<'a>); // for its drop

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        IS_COUNTED.set(false);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Barrier;
    use std::thread::ThreadId;

    use super::*;

    const MUCH: Effort = Effort {
        total_ns: 1_000_000_000,
        // Miri takes minutes for many threads.
        max_threads: if cfg!(miri) { 4 } else { 64 },
    };

    fn never() -> impl FnMut() -> Result<()> {
        || Ok(())
    }

    fn threads_used(n_tasks: usize, effort: Effort) -> usize {
        let seen: Mutex<HashSet<ThreadId>> = Mutex::default();
        run_counted(
            &AtomicUsize::new(0), // other tests are at work too
            n_tasks,
            effort,
            &mut never(),
            || (),
            |(), _| {
                thread::sleep(Duration::from_millis(2));
                seen.lock().unwrap().insert(thread::current().id());
                Ok(())
            },
        )
        .unwrap();
        seen.into_inner().unwrap().len()
    }

    #[test]
    fn every_task_runs_once() {
        let counts: Vec<AtomicUsize> = (0..1000).map(|_| AtomicUsize::new(0)).collect();
        run(
            1000,
            MUCH,
            &mut never(),
            || (),
            |(), number| {
                counts[number].fetch_add(1, Ordering::Relaxed);
                Ok(())
            },
        )
        .unwrap();
        assert!(counts.iter().all(|n| n.load(Ordering::Relaxed) == 1));
    }

    #[test]
    fn small_work_stays_on_the_caller() {
        let effort = Effort {
            total_ns: WORTH_HELP_NS - 1,
            max_threads: 8,
        };
        assert_eq!(threads_used(20, effort), 1);
    }

    #[test]
    fn much_work_is_shared() {
        assert!(threads_used(40, MUCH) > 1);
        let two = Effort {
            max_threads: 2,
            ..MUCH
        };
        assert!(threads_used(40, two) <= 2);
    }

    #[test]
    fn callers_count_against_the_limit() {
        let count = AtomicUsize::new(0);
        let _callers = [AtWork::below(&count, 9), AtWork::below(&count, 9)];
        assert!(AtWork::below(&count, 2).is_none());
        let third = AtWork::below(&count, 3);
        assert!(third.is_some());
        drop(third);
        assert_eq!(count.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn parts_of_tasks_can_be_shared_out() {
        // One task, whose thread is counted once: with a limit of two a helper may join.
        let count = AtomicUsize::new(0);
        let own = AtWork::caller(&count);
        assert!(own.is_some());
        assert!(AtWork::caller(&count).is_none());
        assert!(AtWork::below(&count, 2).is_some());
        drop(own);
        assert_eq!(count.load(Ordering::Relaxed), 0);
        assert!(AtWork::caller(&count).is_some());
    }

    #[test]
    fn lowest_failure_wins() {
        let barrier = Barrier::new(2);
        let two = Effort {
            max_threads: usize::MAX,
            ..MUCH
        };
        let outcome = run_counted(
            &AtomicUsize::new(0),
            2,
            two,
            &mut never(),
            || (),
            |(), number| {
                barrier.wait(); // both have been claimed
                if number == 0 {
                    thread::sleep(Duration::from_millis(20));
                }
                Err(KernelError::Panicked {
                    message: number.to_string(),
                })
            },
        );
        assert_eq!(
            outcome,
            Err(KernelError::Panicked {
                message: "0".into()
            })
        );
    }

    #[test]
    fn failure_stops_the_rest() {
        let done = AtomicUsize::new(0);
        let outcome = run(
            1_000_000,
            Effort::ALONE,
            &mut never(),
            || (),
            |(), number| {
                done.fetch_add(1, Ordering::Relaxed);
                if number == 3 {
                    return Err(KernelError::Interrupted);
                }
                Ok(())
            },
        );
        assert_eq!(outcome, Err(KernelError::Interrupted));
        assert_eq!(done.load(Ordering::Relaxed), 4);
    }

    #[test]
    fn panics_become_errors() {
        let outcome = run(
            8,
            MUCH,
            &mut never(),
            || (),
            |(), number| {
                assert!(number != 5, "task five");
                Ok(())
            },
        );
        let Err(KernelError::Panicked { message }) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(message, "task five");
        let outcome = run(
            8,
            MUCH,
            &mut never(),
            || panic!("no context"),
            |(), _| Ok(()),
        );
        assert!(matches!(outcome, Err(KernelError::Panicked { .. })));
    }

    #[test]
    fn caller_can_stop() {
        let started = Instant::now();
        let outcome = run(
            usize::MAX,
            MUCH,
            &mut || {
                if started.elapsed() > Duration::from_millis(100) {
                    return Err(KernelError::Interrupted);
                }
                Ok(())
            },
            || (),
            |(), _| {
                thread::sleep(Duration::from_millis(1));
                Ok(())
            },
        );
        assert_eq!(outcome, Err(KernelError::Interrupted));
        assert!(started.elapsed() < Duration::from_secs(60)); // all tasks would take for ever
    }
}
