//! Python from threads that it has not started.

use crate::def::{MethodHolder, method};
use crate::exc::RuntimeError;
use crate::{Ctx, PyResult, runtime};
use core::cell::Cell;
use core::ffi::c_void;
use core::fmt;
use hpy_sys::{HPy, HPyContext, HPyFunc_NOARGS};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

/// An interpreter that threads of Rust can attach to.
///
/// It can be sent anywhere and kept for ever. At its end the interpreter waits for the closures that run attached; later
/// ones are refused.
///
/// ```
/// use hpy::prelude::*;
///
/// static DONE: Global<Any> = Global::new();
///
/// /// Calls `f` from another thread.
/// #[hpy::function]
/// fn in_thread<'ctx>(ctx: Ctx<'ctx>, f: Ref<'ctx>) -> PyResult<'ctx> {
///     DONE.set(&f);
///     let python = ctx.interpreter()?;
///     let thread = std::thread::spawn(move || {
///         python.attach(|ctx| match DONE.get(ctx) {
///             Some(f) => f.call0().is_ok(),
///             None => false,
///         })
///     });
///     ctx.allow_threads(|| thread.join().ok());
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct Interpreter(Arc<Shared>);

struct Shared {
    ctx: *mut HPyContext,
    uses: Mutex<Uses>,
    changed: Condvar,
}

// SAFETY: the context is used by threads that are attached through it only, and while it is known to live.
unsafe impl Send for Shared {}
// SAFETY: as for Send.
unsafe impl Sync for Shared {}

#[derive(Default)]
struct Uses {
    attached: usize,
    closed: bool,
}

/// The interpreter is at its end: no thread can attach to it any more.
///
/// ```
/// use hpy::{Interpreter, InterpreterGone};
///
/// fn tell(python: &Interpreter, text: &str) {
///     let told = python.attach(|ctx| {
///         let logging = ctx.import(c"logging");
///         logging.and_then(|logging| logging.call_method(c"info", (text,))).is_ok()
///     });
///     match told {
///         Ok(true) => {}
///         Ok(false) => eprintln!("Python could not log it: {text}"),
///         Err(InterpreterGone) => eprintln!("Python has ended: {text}"),
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterpreterGone;

impl fmt::Display for InterpreterGone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the Python interpreter is at its end")
    }
}

impl std::error::Error for InterpreterGone {}

impl fmt::Debug for Interpreter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Interpreter").field(&self.0.ctx).finish()
    }
}

/// The interpreters that can be attached to, by their contexts.
static KNOWN: Mutex<Vec<Interpreter>> = Mutex::new(Vec::new());

thread_local! {
    /// How many closures of this thread run attached.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'ctx> Ctx<'ctx> {
    /// This interpreter, for other threads. RuntimeError where the HPy runtime cannot attach threads.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let python: hpy::Interpreter = ctx.interpreter()?;
    /// let thread = std::thread::spawn(move || python.attach(|ctx| ctx.import(c"threading").is_ok()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn interpreter(self) -> PyResult<'ctx, Interpreter> {
        if runtime::extensions(self).is_none() {
            return Err(RuntimeError::new("this HPy runtime cannot attach threads"));
        }
        if let Some(known) = known(self.as_raw()) {
            return Ok(known);
        }
        // Python calls `close` when the interpreter ends, before it takes anything apart.
        let close = closer().instance(self)?.getattr(c"close")?;
        self.import(c"atexit")?.call_method(c"register", (&close,))?;
        let mut all = locked(&KNOWN);
        // Another thread may have been first.
        if let Some(known) = all.iter().find(|known| known.0.ctx == self.as_raw()) {
            return Ok(known.clone());
        }
        let made = Interpreter(Arc::new(Shared {
            ctx: self.as_raw(),
            uses: Mutex::default(),
            changed: Condvar::new(),
        }));
        all.push(made.clone());
        Ok(made)
    }
}

fn known(ctx: *mut HPyContext) -> Option<Interpreter> {
    locked(&KNOWN).iter().find(|known| known.0.ctx == ctx).cloned()
}

impl Interpreter {
    /// Runs `work` with Python, from any thread: one that Python has never seen, one that runs Python already, one
    /// that has left it with [`Ctx::allow_threads`]. An error of Python's must be handled inside.
    ///
    /// ```
    /// use hpy::Interpreter;
    /// use hpy::prelude::*;
    ///
    /// /// Calls `f` with each line that comes, from a thread of its own.
    /// #[hpy::function]
    /// fn follow<'ctx>(ctx: Ctx<'ctx>, f: Ref<'ctx>) -> PyResult<'ctx> {
    ///     static CALLBACK: Global = Global::new();
    ///     CALLBACK.set(&f);
    ///     let python: Interpreter = ctx.interpreter()?;
    ///     std::thread::spawn(move || {
    ///         for line in std::io::stdin().lines().map_while(Result::ok) {
    ///             let told = python.attach(|ctx| {
    ///                 let Some(f) = CALLBACK.get(ctx) else { return };
    ///                 if let Err(error) = f.call((line,)) {
    ///                     error.write_unraisable(&f);
    ///                 }
    ///             });
    ///             if told.is_err() {
    ///                 break;
    ///             }
    ///         }
    ///     });
    ///     Ok(())
    /// }
    /// ```
    pub fn attach<R>(
        &self,
        work: impl for<'ctx> FnOnce(Ctx<'ctx>) -> R,
    ) -> Result<R, InterpreterGone> {
        let _use = self.begin()?;
        // SAFETY: the interpreter does not end before the use does.
        let ctx = unsafe { Ctx::from_raw(self.0.ctx) };
        let Some(table) = runtime::extensions(ctx) else { return Err(InterpreterGone) };
        // SAFETY: the table is that of the context.
        let token = unsafe { (table.thread_attach)(self.0.ctx) };
        if token.is_null() {
            return Err(InterpreterGone);
        }
        struct Detach(
            *mut HPyContext,
            *mut c_void,
            unsafe extern "C" fn(*mut HPyContext, *mut c_void),
        );
        impl Drop for Detach {
            fn drop(&mut self) {
                // SAFETY: the token comes from the attaching above, on this thread.
                unsafe { (self.2)(self.0, self.1) }
            }
        }
        let _detach = Detach(self.0.ctx, token, table.thread_detach);
        Ok(work(ctx))
    }

    fn begin(&self) -> Result<Use<'_>, InterpreterGone> {
        let mut uses = locked(&self.0.uses);
        // A closure that runs already holds up the end, and what it calls must not wait for it.
        if uses.closed && DEPTH.get() == 0 {
            return Err(InterpreterGone);
        }
        uses.attached += 1;
        DEPTH.set(DEPTH.get() + 1);
        Ok(Use(&self.0))
    }
}

/// Holds up the end of the interpreter.
struct Use<'a>(&'a Shared);

impl Drop for Use<'_> {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
        locked(&self.0.uses).attached -= 1;
        self.0.changed.notify_all();
    }
}

/// What has the function that Python calls at the end of an interpreter.
fn closer() -> &'static MethodHolder {
    static CLOSER: OnceLock<MethodHolder> = OnceLock::new();
    unsafe extern "C" fn close(raw: *mut HPyContext, _receiver: HPy) -> HPy {
        // SAFETY: the runtime calls with the context of the call.
        unsafe {
            crate::entry::object(raw, |ctx| {
                let found = {
                    let mut all = locked(&KNOWN);
                    let place = all.iter().position(|known| known.0.ctx == raw);
                    place.map(|place| all.swap_remove(place))
                };
                if let Some(found) = found {
                    ctx.allow_threads(|| {
                        let mut uses = locked(&found.0.uses);
                        uses.closed = true;
                        while uses.attached > 0 {
                            uses =
                                found.0.changed.wait(uses).unwrap_or_else(PoisonError::into_inner);
                        }
                    });
                }
                Ok(ctx.none().to_owned())
            })
        }
    }
    CLOSER.get_or_init(|| {
        MethodHolder::new(
            c"builtins.interpreter",
            vec![method(
                c"close",
                HPyFunc_NOARGS,
                close as *mut c_void,
                crate::__trampoline!(NOARGS close),
                c"",
            )],
        )
    })
}
