/* What compilers differ in. */
#ifndef HPY_COMPILER_H
#define HPY_COMPILER_H

#ifdef __has_attribute
#  define _HPY_HAS_ATTRIBUTE(x) __has_attribute(x)
#else
#  define _HPY_HAS_ATTRIBUTE(x) 0
#endif

#if defined(__GNUC__) || defined(__clang__)
#  define _HPy_UNUSED __attribute__((unused))
#  define _HPy_NO_RETURN __attribute__((noreturn))
   /* Marks what C99 or C++11 lack but the compiler has, so that -Wpedantic does not blame the user for it:
      unnamed unions in C, designated initialisers in C++. */
#  define _HPy_EXTENSION __extension__
#else
#  define _HPy_UNUSED
#  define _HPy_EXTENSION
#  ifdef _MSC_VER
#    define _HPy_NO_RETURN __declspec(noreturn)
#  else
#    define _HPy_NO_RETURN
#  endif
#endif

/* GCC's C++ warns about members that a designated initialiser leaves out, which in C and in Clang is the
   reason to use one. */
#if defined(__cplusplus) && defined(__GNUC__) && !defined(__clang__)
#  define _HPy_INITIALISERS_BEGIN \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wmissing-field-initializers\"")
#  define _HPy_INITIALISERS_END _Pragma("GCC diagnostic pop")
#else
#  define _HPy_INITIALISERS_BEGIN
#  define _HPy_INITIALISERS_END
#endif

/* Hidden: the helpers and the context pointer of two extensions in one process must not meet. */
#if (defined(__GNUC__) || defined(__clang__)) && !defined(_WIN32) && !defined(__CYGWIN__)
#  define _HPy_HIDDEN __attribute__((visibility("hidden")))
#else
#  define _HPy_HIDDEN
#endif

/* A variable that is defined in every file which includes this header, and is one in the binary. */
#if defined(_WIN32) || defined(__CYGWIN__)
#  define _HPy_ONE_PER_BINARY __declspec(selectany)
#else
#  define _HPy_ONE_PER_BINARY __attribute__((weak)) _HPy_HIDDEN
#endif

#ifndef HPy_EXPORTED_SYMBOL
#  if defined(_WIN32) || defined(__CYGWIN__)
#    define HPy_EXPORTED_SYMBOL __declspec(dllexport)
#  else
#    define HPy_EXPORTED_SYMBOL __attribute__((visibility("default")))
#  endif
#endif
#ifdef __cplusplus
#  define HPy_EXPORTED_FUNC extern "C" HPy_EXPORTED_SYMBOL
#  define HPy_EXPORTED_DATA extern "C" HPy_EXPORTED_SYMBOL
#else
#  define HPy_EXPORTED_FUNC HPy_EXPORTED_SYMBOL
#  define HPy_EXPORTED_DATA extern HPy_EXPORTED_SYMBOL
#endif

/* Legacy functions stay without a definition in a universal build: calling one is an error of the compiler
   where it can say so, else one of the linker. */
#ifdef HPY_ABI_UNIVERSAL
#  if _HPY_HAS_ATTRIBUTE(error)
#    define _HPY_LEGACY \
        __attribute__((error("Cannot use legacy functions when targeting the HPy Universal ABI")))
#  elif defined(_MSC_VER)
#    define _HPY_LEGACY \
        __declspec(deprecated("Cannot use legacy functions when targeting the HPy Universal ABI"))
#  else
#    define _HPY_LEGACY
#  endif
#else
#  define _HPY_LEGACY
#endif

/* Functions of the API that call through the context. */
#define HPyAPI_FUNC _HPy_UNUSED static inline
/* Functions of the API that are made of others. */
#define HPyAPI_INLINE_HELPER HPyAPI_FUNC
/* Functions of the API that are compiled into each extension, from hpy/devel/src. */
#define HPyAPI_HELPER _HPy_HIDDEN
/* The functions that HPyType_HELPERS makes. */
#define HPyAPI_UNUSED HPyAPI_FUNC

#define _HPy_UNUSED_ARG(x) (_hpy_unused_##x) _HPy_UNUSED

/* Makes MSVC's traditional preprocessor split __VA_ARGS__ into arguments. */
#define _HPy_EXPAND(x) x

/* A pointer to any function; -Wcast-function-type lets it become any other. */
#define _HPy_FUNCTION(type, function) ((type)(void (*)(void))(function))

#endif /* HPY_COMPILER_H */
