//! The rules by which copies agree, each with a switch that is asked where the rule is kept, here and in `kontor-sync`.
//! With the feature `mutations` a test breaks one and must see its catcher notice; without it every question here is
//! answered `true` when the program is built.

macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal),+ $(,)?) => {
        /// A rule that can be broken.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Rule { $($(#[doc = $doc])+ $name),+ }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its name: the number of the rule, and what of it is broken.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }
        }
    };
}

rules! {
    /// A command that was executed is not executed again.
    OnceById = "1-once-by-id",
    /// A copy drops a command only if number and id are those of the answer.
    AckCarriesId = "2-ack-carries-id",
    /// A number that another command had is a fork.
    ForkIsTold = "2-fork-is-told",
    /// A history that went back is noticed by what was seen.
    HistoryIsNoticed = "3-history-is-noticed",
    /// What the authority took is kept until a backup covers it.
    JournalIsKept = "4-journal-is-kept",
    /// What no backup covers is kept for 30 days.
    JournalForThirtyDays = "4-journal-for-30-days",
    /// Rows, answers and cursors are one transaction.
    OneTransaction = "5-one-transaction",
    /// Pending commands are taken back before rows are applied.
    UndoFirst = "5-undo-first",
    /// Rows and answers come from one snapshot.
    OneSnapshot = "6-one-snapshot",
    /// An answer is applied only to the state it was asked for.
    EchoIsCurrent = "7-echo-is-current",
    /// Revs become visible in their order.
    RevsInOrder = "8-revs-in-order",
    /// What is refused when it runs again here stays in the outbox.
    RefusedStays = "9-refused-stays",
    /// A fact stands whatever it breaks.
    FactsStand = "9-facts-stand",
    /// A database that failed has said nothing about a command.
    FailureIsNoAnswer = "9-failure-is-no-answer",
    /// A row that goes to other copies leaves those that had it.
    LeftIsTold = "10-left-is-told",
    /// What left is applied before what came.
    LeftBeforePuts = "10-left-before-puts",
    /// A scope that is no longer granted is removed.
    RevokedIsCleared = "10-revoked-is-cleared",
    /// A copy that was away for longer than removals are kept starts anew.
    FloorBoots = "11-floor-boots",
    /// Pages are applied when all are there, not one by one.
    ApplyOnce = "12-apply-once",
    /// Rows that came under another shape of the tables come again.
    ShapeBoots = "13-shape-boots",
    /// What was taken back for an upgrade runs again at the next start.
    ReplayIsDue = "13-replay-is-due",
    /// What is behind the horizon goes from a copy when the horizon comes.
    HistoryIsForgotten = "14-history-is-forgotten",
    /// A command of a newer program waits for one here.
    NewerWaits = "13-newer-waits",
    /// A command of an older program is brought to today's shape.
    OldIsUpcast = "13-old-is-upcast",
    /// What a copy has is compared with what the authority has.
    SumsAreCompared = "sums-are-compared",
}

impl Rule {
    /// Whether it is kept.
    #[cfg(not(feature = "mutations"))]
    #[inline(always)]
    pub const fn holds(self) -> bool {
        true
    }

    /// Whether it is kept.
    #[cfg(feature = "mutations")]
    pub fn holds(self) -> bool {
        BROKEN.load(std::sync::atomic::Ordering::Relaxed) != self as usize + 1
    }
}

#[cfg(feature = "mutations")]
static BROKEN: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

/// Breaks one rule, or none, in the whole process.
#[cfg(feature = "mutations")]
pub fn break_rule(rule: Option<Rule>) {
    BROKEN.store(rule.map_or(0, |rule| rule as usize + 1), std::sync::atomic::Ordering::Relaxed);
}
