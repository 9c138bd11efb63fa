//! What Python calls the errors of the standard library.

use super::{Lazy, PyErr};

macro_rules! from_std {
    ($($error:ty => $kind:ident),* $(,)?) => {$(
        impl From<$error> for PyErr<'_> {
            #[cold]
            fn from(error: $error) -> Self {
                crate::exc::$kind::new(error.to_string())
            }
        }
    )*};
}

from_std! {
    core::num::ParseIntError => ValueError,
    core::num::ParseFloatError => ValueError,
    core::num::TryFromIntError => OverflowError,
    core::str::Utf8Error => ValueError,
    std::string::FromUtf8Error => ValueError,
    core::char::ParseCharError => ValueError,
    core::str::ParseBoolError => ValueError,
    std::ffi::NulError => ValueError,
    core::fmt::Error => RuntimeError,
}

/// As the OSError subclass that Python has for the kind of error, with `errno` where the system gave one.
impl From<std::io::Error> for PyErr<'_> {
    #[cold]
    fn from(error: std::io::Error) -> Self {
        use crate::exc::*;
        use std::io::ErrorKind as Kind;
        let kind = match error.kind() {
            Kind::NotFound => FileNotFoundError::TYPE,
            Kind::PermissionDenied => PermissionError::TYPE,
            Kind::ConnectionRefused => ConnectionRefusedError::TYPE,
            Kind::ConnectionReset => ConnectionResetError::TYPE,
            Kind::ConnectionAborted => ConnectionAbortedError::TYPE,
            Kind::BrokenPipe => BrokenPipeError::TYPE,
            Kind::AlreadyExists => FileExistsError::TYPE,
            Kind::WouldBlock => BlockingIOError::TYPE,
            Kind::TimedOut => TimeoutError::TYPE,
            Kind::Interrupted => InterruptedError::TYPE,
            Kind::IsADirectory => IsADirectoryError::TYPE,
            Kind::NotADirectory => NotADirectoryError::TYPE,
            _ => OSError::TYPE,
        };
        match error.raw_os_error() {
            Some(number) => {
                let text = error.to_string();
                let message = text.strip_suffix(&format!(" (os error {number})")).unwrap_or(&text);
                PyErr::lazy(Lazy::Os { kind, number, message: message.to_owned() })
            }
            None => PyErr::with_message(kind, error.to_string().into()),
        }
    }
}

macro_rules! from_boxed {
    ($($error:ty),*) => {$(
        /// As RuntimeError; an error of the system as what Python calls that.
        impl From<Box<$error>> for PyErr<'_> {
            #[cold]
            fn from(error: Box<$error>) -> Self {
                match error.downcast::<std::io::Error>() {
                    Ok(error) => (*error).into(),
                    Err(error) => crate::exc::RuntimeError::new(error.to_string()),
                }
            }
        }
    )*};
}

from_boxed!(dyn std::error::Error, dyn std::error::Error + Send + Sync);
