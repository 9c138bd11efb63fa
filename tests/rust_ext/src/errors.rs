//! Exceptions that Rust code catches, looks at and raises.

use hpy::exc::{BaseException, FileNotFoundError, UnicodeDecodeError};
use hpy::prelude::*;

type Caught<'ctx> = PyResult<'ctx, Handle<'ctx, BaseException>>;

/// The exception that a call raises.
fn raised<'ctx>(f: Ref<'ctx>) -> Caught<'ctx> {
    match f.call0() {
        Ok(_) => Err(ValueError::new("it did not raise")),
        Err(error) => error.into_value(f.ctx()),
    }
}

#[hpy::function]
pub fn caught_value<'ctx>(f: Ref<'ctx>) -> PyResult<'ctx, Handle<'ctx, BaseException>> {
    raised(f)
}

/// Type, message, arguments, cause, context and whether there is a traceback.
#[hpy::function]
#[allow(clippy::type_complexity)]
pub fn caught_parts<'ctx>(
    f: Ref<'ctx>,
) -> PyResult<
    'ctx,
    (
        String,
        String,
        Handle<'ctx, Tuple>,
        Option<Handle<'ctx, BaseException>>,
        Option<Handle<'ctx, BaseException>>,
        bool,
    ),
> {
    let value = raised(f)?;
    Ok((
        value.type_name(),
        value.message()?,
        value.args()?,
        value.cause()?,
        value.context()?,
        value.traceback()?.is_some(),
    ))
}

#[hpy::function]
pub fn raise_again<'ctx>(f: Ref<'ctx>) -> PyResult<'ctx> {
    Err(raised(f)?.into())
}

/// The error of a failed decoding, with its numbers.
#[hpy::function]
pub fn bad_byte<'ctx>(data: Ref<'ctx, Bytes>) -> PyResult<'ctx, (usize, String)> {
    let ctx = data.ctx();
    match data.call_method(c"decode", ()) {
        Ok(_) => Err(ValueError::new("there is none")),
        Err(error) => {
            let value: Handle<'_, UnicodeDecodeError> = error.into_value(ctx)?.cast()?;
            Ok((value.getattr(c"start")?.extract()?, value.getattr(c"reason")?.extract()?))
        }
    }
}

/// `raise ValueError(...) from what f raises`, in each combination of made and set errors.
#[hpy::function]
pub fn chain<'ctx>(ctx: Ctx<'ctx>, f: Ref<'ctx>, how: &str) -> PyResult<'ctx> {
    match how {
        "made from set" => match f.call0() {
            Ok(_) => Ok(()),
            Err(error) => Err(ValueError::new("made").caused_by(ctx, error)),
        },
        "set from made" => match f.call0() {
            Ok(_) => Ok(()),
            Err(error) => Err(error.caused_by(ctx, KeyError::new("made"))),
        },
        "made from made" => Err(ValueError::new("made").caused_by(ctx, KeyError::new("made too"))),
        _ => Err(ValueError::new(format!("not {how}"))),
    }
}

/// An error that Rust made, as Python would see it.
#[hpy::function]
pub fn made_value<'ctx>(ctx: Ctx<'ctx>, text: String) -> Caught<'ctx> {
    ValueError::new(text).into_value(ctx)
}

#[hpy::function]
pub fn raise_with_args<'ctx>(ctx: Ctx<'ctx>, args: Ref<'ctx, Tuple>) -> PyResult<'ctx> {
    Err(OSError::with_args(ctx, (args.get_index(0)?, args.get_index(1)?, args.get_index(2)?)))
}

#[hpy::function]
pub fn open_file(path: std::path::PathBuf) -> PyResult<'static, usize> {
    Ok(std::fs::read(path)?.len())
}

#[hpy::function]
pub fn is_not_found<'ctx>(ctx: Ctx<'ctx>, number: i32) -> bool {
    PyErr::from(std::io::Error::from_raw_os_error(number)).is::<FileNotFoundError>(ctx)
}

#[hpy::function]
pub fn is_value_error(object: Ref<'_>) -> bool {
    object.is_kind::<ValueError>()
}

/// An argument that has to be an exception of a kind.
#[hpy::function]
pub fn take_error(error: Ref<'_, hpy::exc::LookupError>) -> PyResult<'_, String> {
    error.message()
}

/// A document that cannot be read.
#[hpy::exception(extends = ValueError, message = "line {line}, column {column}: {problem}")]
pub struct DocumentError {
    line: usize,
    column: u32,
    problem: String,
    #[hpy(name = "file")]
    path: Option<String>,
}

/// A document with a key that nobody knows.
#[hpy::exception(extends = DocumentError)]
pub struct UnknownKey {
    #[hpy(base)]
    document: DocumentError,
    key: String,
    known: Vec<String>,
}

impl std::fmt::Display for UnknownKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}; known are {}", self.document, self.key, self.known.join(", "))
    }
}

fn check_document(text: &str, path: Option<String>) -> Result<(), DocumentError> {
    for (number, line) in text.lines().enumerate() {
        if let Some(column) = line.find('?') {
            let column = u32::try_from(column + 1).unwrap_or(u32::MAX);
            return Err(DocumentError {
                line: number + 1,
                column,
                problem: "a question".to_owned(),
                path,
            });
        }
    }
    Ok(())
}

/// Raises DocumentError with its fields.
#[hpy::function(signature = (text, path = None))]
pub fn read_document(text: &str, path: Option<String>) -> PyResult<'static, usize> {
    check_document(text, path)?;
    Ok(text.len())
}

/// Raises UnknownKey, a DocumentError with more fields.
#[hpy::function]
pub fn read_key(key: String) -> PyResult<'static> {
    let known = vec!["a".to_owned(), "b".to_owned()];
    if known.contains(&key) {
        return Ok(());
    }
    let document =
        DocumentError { line: 1, column: 2, problem: "no such key".to_owned(), path: None };
    Err(UnknownKey { document, key, known }.into())
}

/// Line, column, problem and file.
type Fields = (usize, u32, String, Option<String>);

/// The fields of the DocumentError that a call raises, each its own way; anything else passes.
#[hpy::function]
pub fn caught_document<'ctx>(ctx: Ctx<'ctx>, f: Ref<'ctx>) -> PyResult<'ctx, Option<Fields>> {
    match f.call0() {
        Ok(_) => Ok(None),
        Err(error) => {
            let DocumentError { line, column, problem, path } =
                error.catch::<DocumentError>(ctx)?.fields()?;
            Ok(Some((line, column, problem, path)))
        }
    }
}

/// The key and the line of an UnknownKey.
#[hpy::function]
pub fn unknown_key(error: Ref<'_, UnknownKey>) -> PyResult<'_, (String, usize)> {
    let UnknownKey { key, document, .. } = error.fields()?;
    Ok((key, document.line))
}

/// Errors of any kind, in boxes.
#[hpy::function]
pub fn boxed(path: &str) -> Result<usize, Box<dyn std::error::Error>> {
    if path.is_empty() {
        return Err("there is no path".into());
    }
    Ok(std::fs::read(path)?.len())
}

#[hpy::function]
pub fn boxed_for_threads(text: &str) -> Result<u32, Box<dyn std::error::Error + Send + Sync>> {
    Ok(text.parse::<u32>()?)
}
