//! Where things are in the repository, and where what is made outside it goes.

use std::path::{Path, PathBuf};

/// The repository's root folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the repository")
        .to_path_buf()
}

/// A folder below target/, made if it is missing.
pub fn target(name: &str) -> PathBuf {
    let folder = root().join("target").join(name);
    // Whoever writes into it reports the failure, with the file's name.
    let _ = std::fs::create_dir_all(&folder);
    folder
}

/// The user's home folder.
pub fn home() -> PathBuf {
    std::env::var_os("HOME").map_or_else(|| PathBuf::from("/"), PathBuf::from)
}

/// Where interpreters that `cargo xtask interpreters` installs live: shared by every clone of the repository.
pub fn interpreters() -> PathBuf {
    let cache =
        std::env::var_os("XDG_CACHE_HOME").map_or_else(|| home().join(".cache"), PathBuf::from);
    cache.join("hpy-rs/interpreters")
}
