//! What is said to a copy by its own program, and what it answers.

use kontor_domain::reject::{Code, Reject};
use kontor_domain::time::Instant;
use kontor_store::copy::{CopyState, OutboxEntry};
use uuid::Uuid;

use super::Applied;
use crate::authority::{Submission, Verdict};
use crate::message::{Echo, PushReply};
use crate::stage::Batch;

/// Called once, when it is durable.
pub type Answer<T> = Box<dyn FnOnce(Result<T, Reject>) + Send>;

/// What is sent to a replica.
#[allow(clippy::large_enum_variant, reason = "sent one at a time, most of them submissions")]
pub enum Message {
    /// A command entered here.
    Submit(Submission),
    /// What it knows of itself, and commands of its outbox.
    Look {
        /// Those with a greater number than this.
        after: i64,
        /// At most so many.
        commands: i64,
        /// Whom to tell.
        answer: Answer<(CopyState, Vec<OutboxEntry>)>,
    },
    /// What the authority said to a push.
    Pushed {
        /// It.
        reply: PushReply,
        /// A random id, for the case that this must be another replica.
        fresh: Uuid,
        /// Whether anything changed.
        answer: Answer<bool>,
    },
    /// A whole answer to a pull.
    Apply {
        /// It.
        batch: Box<Batch>,
        /// The time here, for checks and for how long the journal is kept.
        now: Instant,
        /// What came of it.
        answer: Answer<Applied>,
    },
    /// The authority's history is another one.
    Reset {
        /// It.
        epoch: Uuid,
        /// What was asked with.
        echo: Echo,
        /// A random id: this is another replica from now on.
        fresh: Uuid,
        /// Whether anything changed.
        answer: Answer<bool>,
    },
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Submit(_) => "Submit",
            Self::Look { .. } => "Look",
            Self::Pushed { .. } => "Pushed",
            Self::Apply { .. } => "Apply",
            Self::Reset { .. } => "Reset",
        })
    }
}

impl From<Submission> for Message {
    fn from(submission: Submission) -> Self {
        Self::Submit(submission)
    }
}

/// A message that is being dealt with, and what is answered to it.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) message: Message,
    pub(super) verdict: Option<Verdict>,
    pub(super) applied: Option<Applied>,
    pub(super) changed: bool,
    pub(super) looked: Option<(CopyState, Vec<OutboxEntry>)>,
}

impl Message {
    pub(super) fn fail(self, reject: Reject) {
        match self {
            Self::Submit(submission) => (submission.answer)(Err(reject)),
            Self::Look { answer, .. } => answer(Err(reject)),
            Self::Pushed { answer, .. } | Self::Reset { answer, .. } => answer(Err(reject)),
            Self::Apply { answer, .. } => answer(Err(reject)),
        }
    }
}

impl Pending {
    /// Answers, and says what is still to be done.
    pub(super) fn answer(self, echo: Option<Echo>) -> Option<Message> {
        let none = |what: &str| Reject::new(Code::Internal).with("reference", what);
        match self.message {
            Message::Submit(submission) => (submission.answer)(self.verdict.unwrap_or_else(|| Err(none("no verdict")))),
            Message::Look { answer, .. } => answer(self.looked.ok_or_else(|| none("nothing seen"))),
            Message::Pushed { answer, .. } | Message::Reset { answer, .. } => answer(Ok(self.changed)),
            Message::Apply { batch, now, answer } => match self.applied {
                // Only with a broken rule: the rows are another transaction.
                Some(Applied::Halfway) => {
                    let batch = Box::new(batch.without_acks(echo?));
                    return Some(Message::Apply { batch, now, answer });
                }
                Some(applied) => answer(Ok(applied)),
                None => answer(Err(none("not applied"))),
            },
        }
        None
    }
}
