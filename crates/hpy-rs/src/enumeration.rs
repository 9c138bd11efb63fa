//! Enums of Rust as enumerations of Python's module `enum`.

use crate::global::GlobalCell;
use crate::handle::{Handle, Ref};
use crate::kinds::{Any, Int, Module, Tuple, Type};
use crate::{Ctx, IntoPy, PyErr, PyResult, exc};
use core::ffi::CStr;

/// What the macros know of an enumeration.
pub struct EnumDefinition {
    pub name: &'static str,
    pub doc: &'static CStr,
    /// The class in `enum` that it derives from.
    pub base: &'static CStr,
    /// Names and values, in order.
    pub members: &'static [(&'static CStr, i128)],
    pub global: GlobalCell,
}

impl EnumDefinition {
    /// Makes the enumeration in this interpreter.
    pub(crate) fn make<'ctx>(
        &self,
        ctx: Ctx<'ctx>,
        module: Ref<'ctx, Module>,
    ) -> PyResult<'ctx, Handle<'ctx, Type>> {
        // As for classes: one in an interpreter.
        if let Some(kind) = self.global.load::<Type>(ctx) {
            return Ok(kind);
        }
        let members = self
            .members
            .iter()
            .map(|(name, value)| (*name, *value).into_py(ctx))
            .collect::<PyResult<'ctx, Vec<_>>>()?;
        let members = Tuple::from_handles(ctx, &members)?;
        let named = [("module", module.getattr(c"__name__")?)];
        let base = ctx.import(c"enum")?.getattr(self.base)?;
        let kind: Handle<'_, Type> = base.call_kw((self.name, &members), &named)?.cast()?;
        if !self.doc.is_empty() {
            kind.setattr(c"__doc__", self.doc)?;
        }
        self.global.store(&kind);
        Ok(kind)
    }

    fn kind<'ctx>(&self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Type>> {
        self.global.load(ctx).ok_or_else(|| {
            exc::RuntimeError::new(format!(
                "{} is not there: the module that has it was not imported in this interpreter",
                self.name
            ))
        })
    }

    pub fn is_instance(&self, object: &Handle<'_, Any>) -> bool {
        self.global.load::<Type>(object.ctx()).is_some_and(|kind| object.is_instance(&kind))
    }

    /// The member of an index.
    pub fn member<'ctx>(&self, ctx: Ctx<'ctx>, index: usize) -> PyResult<'ctx, Handle<'ctx, Any>> {
        self.kind(ctx)?.getattr(self.members[index].0)
    }

    /// The index of a member; of none where a flag is a combination of several.
    pub fn index_of<'a>(&self, object: Ref<'a, Any>) -> PyResult<'a, usize> {
        if !self.is_instance(&object) {
            return Err(PyErr::wrong_type(self.name, &*object));
        }
        let value: Handle<'_, Int> = object.getattr(c"value")?.cast()?;
        let value: i128 = value.extract()?;
        // Two members of one value are one member in Python: the first.
        let found = self.members.iter().position(|(_, known)| *known == value);
        Ok(found.unwrap_or(self.members.len()))
    }

    #[cold]
    pub fn no_member<'a>(&self, object: Ref<'a, Any>) -> PyErr<'a> {
        exc::ValueError::new(format!("{:?} is no single member of {}", object, self.name))
    }
}
