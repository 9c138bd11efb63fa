/* Struct sequences: subclasses of tuple with named fields, made with collections.namedtuple.
 *
 * The types have what CPython's own have: `n_fields`, `n_sequence_fields`, `n_unnamed_fields`. `n_fields` is
 * also how HPyStructSequence_New knows one.
 */
#include "hpy.h"
#include <stdio.h>
#include <string.h>

const char *const HPyStructSequence_UnnamedField = "_";

static int is_unnamed(const HPyStructSequence_Field *field)
{
    return field->name == HPyStructSequence_UnnamedField ||
           strcmp(field->name, HPyStructSequence_UnnamedField) == 0;
}

static int set_count(HPyContext *ctx, HPy type, const char *name, HPy_ssize_t count)
{
    HPy value = HPyLong_FromSsize_t(ctx, count);
    int stored = HPy_IsNull(value) ? -1 : HPy_SetAttr_s(ctx, type, name, value);
    HPy_Close(ctx, value);
    return stored == 0;
}

static int set_doc(HPyContext *ctx, HPy obj, const char *doc)
{
    HPy text = doc == NULL ? HPy_Dup(ctx, ctx->h_None) : HPyUnicode_FromString(ctx, doc);
    int stored = HPy_IsNull(text) ? -1 : HPy_SetAttr_s(ctx, obj, "__doc__", text);
    HPy_Close(ctx, text);
    return stored == 0;
}

/* The fields' names as a list of str; null with an exception. */
static HPy field_names(HPyContext *ctx, const HPyStructSequence_Field *fields, HPy_ssize_t count)
{
    HPy_ssize_t i;
    HPyListBuilder names = HPyListBuilder_New(ctx, count);
    for (i = 0; i < count; i++) {
        HPy name = HPyUnicode_FromString(ctx, fields[i].name);
        if (HPy_IsNull(name)) {
            HPyListBuilder_Cancel(ctx, names);
            return HPy_NULL;
        }
        HPyListBuilder_Set(ctx, names, i, name);
        HPy_Close(ctx, name);
    }
    return HPyListBuilder_Build(ctx, names);
}

/* namedtuple(name, fields, rename=True): unnamed fields get names that no one can mean. */
static HPy make_type(HPyContext *ctx, const char *name, HPy names)
{
    HPy args = HPy_NULL, kw = HPy_NULL, type = HPy_NULL;
    HPy collections = HPyImport_ImportModule(ctx, "collections");
    if (HPy_IsNull(collections))
        return HPy_NULL;
    args = HPy_BuildValue(ctx, "(sO)", name, names);
    kw = HPy_BuildValue(ctx, "{s:O}", "rename", ctx->h_True);
    if (!HPy_IsNull(args) && !HPy_IsNull(kw))
        type = HPy_CallMethodTupleDict_s(ctx, "namedtuple", collections, args, kw);
    HPy_Close(ctx, collections);
    HPy_Close(ctx, args);
    HPy_Close(ctx, kw);
    return type;
}

/* __module__ is what comes before the last dot of the name. */
static int set_module(HPyContext *ctx, HPy type, const char *name, const char *dot)
{
    HPy module;
    int stored;
    size_t length = (size_t)(dot - name);
    char *text = (char *)malloc(length + 1);
    if (text == NULL) {
        HPyErr_NoMemory(ctx);
        return 0;
    }
    memcpy(text, name, length);
    text[length] = '\0';
    module = HPyUnicode_FromString(ctx, text);
    free(text);
    stored = HPy_IsNull(module) ? -1 : HPy_SetAttr_s(ctx, type, "__module__", module);
    HPy_Close(ctx, module);
    return stored == 0;
}

/* Whether field `index` of the type is called `name`; -1 with an exception. */
static int has_name(HPyContext *ctx, HPy type, HPy_ssize_t index, const char *name)
{
    const char *text = NULL;
    int same = -1;
    HPy field = HPy_NULL;
    HPy fields = HPy_GetAttr_s(ctx, type, "_fields");
    if (!HPy_IsNull(fields))
        field = HPy_GetItem_i(ctx, fields, index);
    if (!HPy_IsNull(field))
        text = HPyUnicode_AsUTF8AndSize(ctx, field, NULL);
    if (text != NULL)
        same = strcmp(text, name) == 0;
    HPy_Close(ctx, field);
    HPy_Close(ctx, fields);
    return same;
}

/* Field `index` of the type has the name asked for (namedtuple renames what it cannot use) and its doc. */
static int finish_field(HPyContext *ctx, HPy type, HPy_ssize_t index, const HPyStructSequence_Field *field)
{
    HPy descriptor;
    int done;
    if (is_unnamed(field))
        return 1;
    done = has_name(ctx, type, index, field->name);
    if (done < 0)
        return 0;
    if (!done) {
        HPyErr_Format(ctx, ctx->h_ValueError,
                      "struct sequence field '%s' is not possible: the name must be an identifier, no keyword, "
                      "not start with an underscore and be there once", field->name);
        return 0;
    }
    if (field->doc == NULL)
        return 1;
    descriptor = HPy_GetAttr_s(ctx, type, field->name);
    done = !HPy_IsNull(descriptor) && set_doc(ctx, descriptor, field->doc);
    HPy_Close(ctx, descriptor);
    return done;
}

/* 1 if all the type's attributes are set. */
static int finish_type(HPyContext *ctx, HPy type, const HPyStructSequence_Desc *desc, HPy_ssize_t count)
{
    HPy_ssize_t i, unnamed = 0;
    const char *dot = strrchr(desc->name, '.');
    if (dot != NULL && !set_module(ctx, type, desc->name, dot))
        return 0;
    for (i = 0; i < count; i++) {
        if (!finish_field(ctx, type, i, &desc->fields[i]))
            return 0;
        unnamed += is_unnamed(&desc->fields[i]);
    }
    return set_doc(ctx, type, desc->doc) && set_count(ctx, type, "n_fields", count) &&
           set_count(ctx, type, "n_sequence_fields", count) &&
           set_count(ctx, type, "n_unnamed_fields", unnamed);
}

HPyAPI_HELPER HPy HPyStructSequence_NewType(HPyContext *ctx, HPyStructSequence_Desc *desc)
{
    HPy_ssize_t count = 0;
    const char *dot;
    HPy names, type;
    if (desc->name == NULL || desc->fields == NULL) {
        HPyErr_SetString(ctx, ctx->h_SystemError,
                         desc->name == NULL ? "the descriptor of a struct sequence has no name"
                                            : "the descriptor of a struct sequence has no fields");
        return HPy_NULL;
    }
    while (desc->fields[count].name != NULL)
        count++;
    names = field_names(ctx, desc->fields, count);
    if (HPy_IsNull(names))
        return HPy_NULL;
    dot = strrchr(desc->name, '.');
    type = make_type(ctx, dot == NULL ? desc->name : dot + 1, names);
    HPy_Close(ctx, names);
    if (!HPy_IsNull(type) && !finish_type(ctx, type, desc, count)) {
        HPy_Close(ctx, type);
        return HPy_NULL;
    }
    return type;
}

/* The number of fields of a struct sequence type; -1 with a TypeError if it is none. */
static HPy_ssize_t count_fields(HPyContext *ctx, HPy type)
{
    HPy_ssize_t count = -1;
    HPy value;
    if (HPy_TypeCheck(ctx, type, ctx->h_TypeType) && HPyType_IsSubtype(ctx, type, ctx->h_TupleType)) {
        value = HPy_GetAttr_s(ctx, type, "n_fields");
        if (!HPy_IsNull(value))
            count = HPyLong_AsSsize_t(ctx, value);
        HPy_Close(ctx, value);
    }
    if (count < 0) {
        HPyErr_Clear(ctx);
        HPyErr_Format(ctx, ctx->h_TypeError, "expected a struct sequence type, got %R", type);
    }
    return count;
}

HPyAPI_HELPER HPy HPyStructSequence_New(HPyContext *ctx, HPy type, HPy_ssize_t nargs, HPy *args)
{
    HPy tuple, result;
    HPy_ssize_t count = count_fields(ctx, type);
    if (count < 0)
        return HPy_NULL;
    if (nargs != count)
        return HPyErr_Format(ctx, ctx->h_TypeError, "%R has %zd fields, got %zd values", type, count, nargs);
    tuple = HPyTuple_FromArray(ctx, args, nargs);
    if (HPy_IsNull(tuple))
        return HPy_NULL;
    result = HPy_CallTupleDict(ctx, type, tuple, HPy_NULL);
    HPy_Close(ctx, tuple);
    return result;
}
