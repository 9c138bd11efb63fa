//! `datetime.timedelta` and `datetime.datetime`.

use super::{FromPy, IntoPy};
use crate::exc::{OverflowError, ValueError};
use crate::handle::{Handle, Ref};
use crate::kinds::{Any, Type};
use crate::{Ctx, Hint, PyErr, PyResult};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const SECONDS_PER_DAY: u64 = 86_400;

fn datetime_type<'ctx>(
    ctx: Ctx<'ctx>,
    name: &core::ffi::CStr,
) -> PyResult<'ctx, Handle<'ctx, Type>> {
    ctx.import(c"datetime")?.getattr(name)?.cast()
}

/// A `timedelta` that is not negative.
impl<'a> FromPy<'a> for Duration {
    const HINT: Hint = Hint::Text("datetime.timedelta");

    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        if !object.is_instance(&datetime_type(object.ctx(), c"timedelta")?) {
            return Err(PyErr::wrong_type("datetime.timedelta", &*object));
        }
        let days: i64 = object.getattr(c"days")?.extract()?;
        let seconds: u64 = object.getattr(c"seconds")?.extract()?;
        let micros: u32 = object.getattr(c"microseconds")?.extract()?;
        let days =
            u64::try_from(days).map_err(|_| ValueError::new("a duration cannot be negative"))?;
        Ok(Duration::new(days * SECONDS_PER_DAY + seconds, micros * 1000))
    }
}

/// A `timedelta`, to the microsecond. OverflowError beyond its range.
impl<'ctx> IntoPy<'ctx> for Duration {
    const HINT: Hint = Hint::Text("datetime.timedelta");

    fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        let days = i64::try_from(self.as_secs() / SECONDS_PER_DAY)
            .map_err(|_| OverflowError::new("the duration is too long for a timedelta"))?;
        let seconds = self.as_secs() % SECONDS_PER_DAY;
        datetime_type(ctx, c"timedelta")?.call((days, seconds, self.subsec_micros()))
    }
}

/// A `datetime`; one without a zone is local time, as for `datetime.timestamp`.
impl<'a> FromPy<'a> for SystemTime {
    const HINT: Hint = Hint::Text("datetime.datetime");

    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        let ctx = object.ctx();
        if !object.is_instance(&datetime_type(ctx, c"datetime")?) {
            return Err(PyErr::wrong_type("datetime.datetime", &*object));
        }
        let module = ctx.import(c"datetime")?;
        let utc = module.getattr(c"timezone")?.getattr(c"utc")?;
        let aware = object.call_method(c"astimezone", (&utc,))?;
        let epoch = epoch(ctx)?;
        let delta = aware.sub(&epoch)?;
        let days: i64 = delta.getattr(c"days")?.extract()?;
        let seconds: i64 = delta.getattr(c"seconds")?.extract()?;
        let micros: u32 = delta.getattr(c"microseconds")?.extract()?;
        let whole = days * SECONDS_PER_DAY as i64 + seconds;
        let base = if whole < 0 {
            UNIX_EPOCH.checked_sub(Duration::from_secs(whole.unsigned_abs()))
        } else {
            UNIX_EPOCH.checked_add(Duration::from_secs(whole.unsigned_abs()))
        };
        base.and_then(|time| time.checked_add(Duration::from_micros(micros.into())))
            .ok_or_else(|| OverflowError::new("the datetime is out of the system's range"))
    }
}

/// 1970-01-01 in UTC.
fn epoch(ctx: Ctx<'_>) -> PyResult<'_, Handle<'_, Any>> {
    let utc = ctx.import(c"datetime")?.getattr(c"timezone")?.getattr(c"utc")?;
    datetime_type(ctx, c"datetime")?.call((1970, 1, 1, 0, 0, 0, 0, &utc))
}

/// A `datetime` in UTC, to the microsecond.
impl<'ctx> IntoPy<'ctx> for SystemTime {
    const HINT: Hint = Hint::Text("datetime.datetime");

    fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        let epoch = epoch(ctx)?;
        match self.duration_since(UNIX_EPOCH) {
            Ok(after) => epoch.add(after),
            Err(before) => epoch.sub(before.duration()),
        }
    }
}
