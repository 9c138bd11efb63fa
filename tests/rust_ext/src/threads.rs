//! Threads of Rust that attach to Python.

use hpy::prelude::*;
use std::sync::Mutex;
use std::time::Duration;

static CALLED: Mutex<Vec<std::thread::JoinHandle<()>>> = Mutex::new(Vec::new());

/// Calls the stored function from as many threads, which Python has not started; how many calls succeeded.
#[hpy::function]
pub fn call_in_threads(ctx: Ctx<'_>, count: usize) -> PyResult<'_, usize> {
    let python = ctx.interpreter()?;
    let threads: Vec<_> = (0..count)
        .map(|number| {
            let python = python.clone();
            std::thread::spawn(move || {
                python.attach(|ctx| match crate::rust_ext::stored(ctx) {
                    Some(f) => match f.call((number,)) {
                        Ok(_) => true,
                        Err(error) => {
                            error.write_unraisable(&f);
                            false
                        }
                    },
                    None => false,
                })
            })
        })
        .collect();
    let results: Vec<_> = ctx.allow_threads(|| threads.into_iter().map(|t| t.join()).collect());
    Ok(results.iter().filter(|result| matches!(result, Ok(Ok(true)))).count())
}

/// Attaches a thread that is attached, and one that has left Python.
#[hpy::function]
pub fn attach_nested(ctx: Ctx<'_>) -> PyResult<'_, Vec<i64>> {
    let python = ctx.interpreter()?;
    let answer = || {
        python.attach(|ctx| {
            python.attach(|_| ()).ok();
            42.into_py(ctx).and_then(|x| x.extract::<i64>()).unwrap_or(-1)
        })
    };
    let here = answer().unwrap_or(-2);
    let left = ctx.allow_threads(|| answer().unwrap_or(-2));
    Ok(vec![here, left])
}

/// A panic while attached: the thread is detached all the same.
#[hpy::function]
pub fn panic_attached(ctx: Ctx<'_>) -> PyResult<'_, bool> {
    let python = ctx.interpreter()?;
    let thread = std::thread::spawn(move || python.attach::<()>(|_| panic!("in a thread")));
    Ok(ctx.allow_threads(|| thread.join().is_err()))
}

/// A thread that attaches again and again, also while the interpreter ends.
#[hpy::function]
pub fn keep_attaching(ctx: Ctx<'_>) -> PyResult<'_> {
    let python = ctx.interpreter()?;
    let thread = std::thread::spawn(move || {
        while python
            .attach(|ctx| {
                let list = List::from_iter(ctx, vec![1i64, 2, 3]);
                list.and_then(|list| list.len()).map_or(0, |len| len)
            })
            .is_ok()
        {
            std::thread::sleep(Duration::from_micros(50));
        }
        // Longer than the interpreter takes to end, if it did not wait for what it must wait for.
        std::thread::sleep(Duration::from_millis(50));
    });
    if let Ok(mut threads) = CALLED.lock() {
        threads.push(thread);
    }
    Ok(())
}
