#[hpy::module(gil = false)]
mod option {}

#[hpy::module]
mod glob {
    #[export]
    use std::collections::*;
}

#[hpy::module]
mod init {
    #[init]
    fn init() {}
}

#[hpy::module]
mod not_exported {
    #[export]
    use std::time::Duration;
}

fn main() {}
