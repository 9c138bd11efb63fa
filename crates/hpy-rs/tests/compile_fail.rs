//! What must not compile, and what the compiler says of it: the messages are part of the interface.
//!
//! `TRYBUILD=overwrite cargo test -p hpy-rs --test compile_fail` writes new messages down.

#[test]
fn messages() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/compile_fail/*.rs");
}
