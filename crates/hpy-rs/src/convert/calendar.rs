//! The types of the module `datetime` as plain values.

use super::{FromPy, IntoPy};
use crate::exc::OverflowError;
use crate::handle::{Handle, Ref};
use crate::kinds::Any;
use crate::{Ctx, Hint, PyErr, PyResult};
use core::ffi::CStr;

/// `datetime.date`
///
/// ```
/// use hpy::Date;
/// use hpy::prelude::*;
///
/// #[hpy::function]
/// fn new_year(date: Date) -> Date {
///     Date { year: date.year + 1, month: 1, day: 1 }
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// From 1 to 9999.
    pub year: u16,
    /// From 1 to 12.
    pub month: u8,
    /// From 1 to the length of the month.
    pub day: u8,
}

/// `datetime.time`, the time of a day.
///
/// ```
/// use hpy::Time;
///
/// /// Seconds since midnight.
/// #[hpy::function]
/// fn seconds(time: Time) -> u32 {
///     u32::from(time.hour) * 3600 + u32::from(time.minute) * 60 + u32::from(time.second)
/// }
///
/// #[hpy::function]
/// fn noon() -> Time {
///     Time { hour: 12, ..Time::default() }
/// }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time {
    /// From 0 to 23.
    pub hour: u8,
    /// From 0 to 59.
    pub minute: u8,
    /// From 0 to 59.
    pub second: u8,
    /// From 0 to 999999.
    pub microsecond: u32,
}

/// `datetime.datetime`
///
/// The offset from UTC is what the zone says for this moment; what goes to Python has a `datetime.timezone` of it.
///
/// ```
/// use hpy::{DateTime, TimeDelta};
///
/// #[hpy::function]
/// fn is_utc(moment: DateTime) -> bool {
///     moment.utc_offset == Some(TimeDelta { microseconds: 0 })
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DateTime {
    /// The day.
    pub date: Date,
    /// The time of the day.
    pub time: Time,
    /// None for one without a zone.
    pub utc_offset: Option<TimeDelta>,
}

/// `datetime.timedelta`, a difference that may be negative; [`Duration`](std::time::Duration) is one that is not.
///
/// ```
/// use hpy::TimeDelta;
///
/// #[hpy::function]
/// fn twice(delta: TimeDelta) -> TimeDelta {
///     TimeDelta { microseconds: delta.microseconds * 2 }
/// }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeDelta {
    /// The difference.
    pub microseconds: i128,
}

const SECOND: i128 = 1_000_000;
const DAY: i128 = 86_400 * SECOND;

fn kind_of<'ctx>(ctx: Ctx<'ctx>, name: &CStr) -> PyResult<'ctx, Handle<'ctx, Any>> {
    ctx.import(c"datetime")?.getattr(name)
}

fn expect<'a>(object: Ref<'a, Any>, name: &CStr, full: &'static str) -> PyResult<'a> {
    let kind = kind_of(object.ctx(), name)?.cast()?;
    if object.is_instance(&kind) { Ok(()) } else { Err(PyErr::wrong_type(full, &*object)) }
}

fn part<'a, T: for<'b> FromPy<'b>>(object: Ref<'a, Any>, name: &CStr) -> PyResult<'a, T> {
    object.getattr(name)?.extract()
}

/// A `date`; of a `datetime`, its day.
impl<'a> FromPy<'a> for Date {
    const HINT: Hint = Hint::Text("datetime.date");

    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        expect(object, c"date", "datetime.date")?;
        date_of(object)
    }
}

fn date_of<'a>(object: Ref<'a, Any>) -> PyResult<'a, Date> {
    Ok(Date {
        year: part(object, c"year")?,
        month: part(object, c"month")?,
        day: part(object, c"day")?,
    })
}

fn time_of<'a>(object: Ref<'a, Any>) -> PyResult<'a, Time> {
    Ok(Time {
        hour: part(object, c"hour")?,
        minute: part(object, c"minute")?,
        second: part(object, c"second")?,
        microsecond: part(object, c"microsecond")?,
    })
}

/// ValueError for a day that there is not.
impl<'ctx> IntoPy<'ctx> for Date {
    const HINT: Hint = Hint::Text("datetime.date");

    fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        kind_of(ctx, c"date")?.call((self.year, self.month, self.day))
    }
}

impl<'a> FromPy<'a> for Time {
    const HINT: Hint = Hint::Text("datetime.time");

    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        expect(object, c"time", "datetime.time")?;
        time_of(object)
    }
}

/// ValueError for a time that there is not.
impl<'ctx> IntoPy<'ctx> for Time {
    const HINT: Hint = Hint::Text("datetime.time");

    fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        kind_of(ctx, c"time")?.call((self.hour, self.minute, self.second, self.microsecond))
    }
}

impl<'a> FromPy<'a> for DateTime {
    const HINT: Hint = Hint::Text("datetime.datetime");

    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        expect(object, c"datetime", "datetime.datetime")?;
        let utc_offset = object.call_method(c"utcoffset", ())?.extract()?;
        Ok(DateTime { date: date_of(object)?, time: time_of(object)?, utc_offset })
    }
}

/// ValueError for a moment that there is not.
impl<'ctx> IntoPy<'ctx> for DateTime {
    const HINT: Hint = Hint::Text("datetime.datetime");

    fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        let zone = match self.utc_offset {
            Some(offset) => kind_of(ctx, c"timezone")?.call((offset,))?,
            None => ctx.none().to_owned(),
        };
        let (date, time) = (self.date, self.time);
        kind_of(ctx, c"datetime")?.call((
            date.year,
            date.month,
            date.day,
            time.hour,
            time.minute,
            time.second,
            time.microsecond,
            zone,
        ))
    }
}

impl<'a> FromPy<'a> for TimeDelta {
    const HINT: Hint = Hint::Text("datetime.timedelta");

    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        expect(object, c"timedelta", "datetime.timedelta")?;
        let days: i64 = part(object, c"days")?;
        let seconds: i64 = part(object, c"seconds")?;
        let micros: i64 = part(object, c"microseconds")?;
        let microseconds =
            i128::from(days) * DAY + i128::from(seconds) * SECOND + i128::from(micros);
        Ok(TimeDelta { microseconds })
    }
}

/// OverflowError beyond the range of `timedelta`.
impl<'ctx> IntoPy<'ctx> for TimeDelta {
    const HINT: Hint = Hint::Text("datetime.timedelta");

    fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        let days = i64::try_from(self.microseconds.div_euclid(DAY))
            .map_err(|_| OverflowError::new("the difference is too long for a timedelta"))?;
        let rest = self.microseconds.rem_euclid(DAY);
        let (seconds, micros) = ((rest / SECOND) as i64, (rest % SECOND) as i64);
        kind_of(ctx, c"timedelta")?.call((days, seconds, micros))
    }
}
