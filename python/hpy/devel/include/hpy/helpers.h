/* Functions that are compiled into each extension, from hpy/devel/src; they use the API above only. */
#ifndef HPY_HELPERS_H
#define HPY_HELPERS_H

/* src/argparse.c has the format units. All three return 1, or 0 with an exception. */
HPyAPI_HELPER int HPyArg_Parse(HPyContext *ctx, HPyTracker *ht, const HPy *args, size_t nargs, const char *fmt,
                               ...);
HPyAPI_HELPER int HPyArg_ParseKeywords(HPyContext *ctx, HPyTracker *ht, const HPy *args, size_t nargs,
                                       HPy kwnames, const char *fmt, const char *keywords[], ...);
HPyAPI_HELPER int HPyArg_ParseKeywordsDict(HPyContext *ctx, HPyTracker *ht, const HPy *args, HPy_ssize_t nargs,
                                           HPy kw, const char *fmt, const char *keywords[], ...);

/* src/buildvalue.c has the format units. */
HPyAPI_HELPER HPy HPy_BuildValue(HPyContext *ctx, const char *fmt, ...);

/* src/format.c has the format units. */
HPyAPI_HELPER HPy HPyUnicode_FromFormat(HPyContext *ctx, const char *fmt, ...);
HPyAPI_HELPER HPy HPyUnicode_FromFormatV(HPyContext *ctx, const char *fmt, va_list vargs);
/* Raises h_type with the formatted text; always returns HPy_NULL. */
HPyAPI_HELPER HPy HPyErr_Format(HPyContext *ctx, HPy h_type, const char *fmt, ...);

/* Makes the type that `spec` describes and sets it as attribute `name` of `obj`. 1, or 0 with an exception. */
HPyAPI_HELPER int HPyHelpers_AddType(HPyContext *ctx, HPy obj, const char *name, HPyType_Spec *spec,
                                     HPyType_SpecParam *params);
/* The arguments of an HPyFunc_KEYWORDS implementation as a tuple and a dict (HPy_NULL if there are no
   keywords). 1, or 0 with an exception. */
HPyAPI_HELPER int HPyHelpers_PackArgsAndKeywords(HPyContext *ctx, const HPy *args, size_t nargs, HPy kwnames,
                                                 HPy *out_args_tuple, HPy *out_kwd);

typedef struct {
    const char *name; /* UTF-8, or HPyStructSequence_UnnamedField; NULL ends the array */
    const char *doc;  /* UTF-8, may be NULL */
} HPyStructSequence_Field;

typedef struct {
    const char *name; /* UTF-8, "module.Type" or "Type" */
    const char *doc;  /* UTF-8, may be NULL */
    HPyStructSequence_Field *fields;
} HPyStructSequence_Desc;

/* The name of a field that only its index reaches. */
extern _HPy_HIDDEN const char *const HPyStructSequence_UnnamedField;

/* A new subclass of tuple with named fields. */
HPyAPI_HELPER HPy HPyStructSequence_NewType(HPyContext *ctx, HPyStructSequence_Desc *desc);
/* An instance of such a type; TypeError unless `nargs` is its number of fields. */
HPyAPI_HELPER HPy HPyStructSequence_New(HPyContext *ctx, HPy type, HPy_ssize_t nargs, HPy *args);

#endif /* HPY_HELPERS_H */
