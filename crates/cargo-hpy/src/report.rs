//! What the user sees: lines in cargo's style on stderr.

use std::io::{IsTerminal, Write};
use std::time::Duration;

fn paint(text: &str, code: &str) -> String {
    let plain = std::env::var_os("NO_COLOR").is_some()
        || std::env::var("CARGO_TERM_COLOR").is_ok_and(|when| when == "never")
        || !std::io::stderr().is_terminal();
    if plain { text.to_owned() } else { format!("\x1b[1;{code}m{text}\x1b[0m") }
}

fn line(text: &str) {
    // Nobody is left to hear that stderr is gone.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// `    Building what`
pub fn status(verb: &str, what: &str) {
    line(&format!("{} {what}", paint(&format!("{verb:>12}"), "32")));
}

pub fn warning(text: &str) {
    line(&format!("{}: {text}", paint("warning", "33")));
}

pub fn error(error: &anyhow::Error) {
    line(&format!("{}: {error:#}", paint("error", "31")));
}

/// `0.42 s`, `12.3 s`, `2 min 5 s`
pub fn seconds(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 10.0 {
        format!("{seconds:.2} s")
    } else if seconds < 100.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{} min {} s", time.as_secs() / 60, time.as_secs() % 60)
    }
}

/// `651 KiB`
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} KiB", bytes.div_ceil(1024)),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_short() {
        assert_eq!(size(12), "12 bytes");
        assert_eq!(size(1025), "2 KiB");
        assert_eq!(size(3 << 20), "3.0 MiB");
        assert_eq!(seconds(Duration::from_millis(420)), "0.42 s");
        assert_eq!(seconds(Duration::from_millis(12_340)), "12.3 s");
        assert_eq!(seconds(Duration::from_secs(125)), "2 min 5 s");
    }
}
