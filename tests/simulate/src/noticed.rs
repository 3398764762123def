//! What is looked at, by name: each rule names the look that must notice when it is broken.

/// A look at what must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Look {
    /// What was entered on a till is there, whatever comes from elsewhere.
    OwnWrites,
    /// Taken back to its base, a till is what the server had when it answered.
    Base,
    /// A till's own figures follow from its documents.
    TillFigures,
    /// The server's own figures follow from its documents.
    ServerFigures,
    /// Each command stands once, with the verdict that was promised.
    Promises,
    /// What has no document of its own is counted once for each command.
    CountedOnce,
    /// A person is told of what does not stand, and of nothing else.
    Told,
    /// A database that failed has kept nothing.
    FailureKeepsNothing,
    /// At rest nothing waits, and each row is at the server's place in the order.
    Rows,
    /// Everybody comes to rest.
    ComesToRest,
    /// A till that reads beside many writers of PostgreSQL has what they wrote.
    Gap,
}

/// What a look found.
#[derive(Debug)]
pub struct Noticed {
    /// Which look.
    pub look: Look,
    what: String,
}

impl std::fmt::Display for Noticed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}: {}", self.look, self.what)
    }
}

impl std::error::Error for Noticed {}

/// An error that says which look found it.
pub fn noticed(look: Look, what: impl Into<String>) -> anyhow::Error {
    Noticed { look, what: what.into() }.into()
}

/// Ends with an error unless something holds.
macro_rules! holds {
    ($look:expr, $condition:expr, $($what:tt)+) => {
        if !$condition {
            return Err($crate::noticed::noticed($look, format!($($what)+)));
        }
    };
}
pub(crate) use holds;
