//! An agent whose machine may go down in the middle of its work, or whose disk may fail.

use kontor_store::StoreError;
use kontor_store::agent::{Agent, Input, Rest, Step};

/// An agent that can be stopped before it commits.
pub struct Crashing<A> {
    /// The agent.
    pub agent: A,
    /// It stops before this commit from now (1: the next).
    pub stop_before: u32,
    /// Whether it did.
    pub is_down: bool,
    /// The disk fails at this commit from now (1: the next), and the program goes on.
    pub fail_at: u32,
}

impl<A> Crashing<A> {
    /// One that runs.
    pub const fn new(agent: A) -> Self {
        Self { agent, stop_before: 0, is_down: false, fail_at: 0 }
    }
}

impl<A: Agent> Agent for Crashing<A> {
    type Message = A::Message;

    fn commands_in(message: &A::Message) -> usize {
        A::commands_in(message)
    }

    fn begin(&mut self, messages: Vec<A::Message>) {
        self.agent.begin(messages);
    }

    fn step(&mut self, input: Input) -> Result<Step, StoreError> {
        let step = self.agent.step(input)?;
        if self.is_down {
            return Err(StoreError::Other("down".into()));
        }
        if self.fail_at > 0 && matches!(step, Step::Commit(_)) {
            self.fail_at -= 1;
            if self.fail_at == 0 {
                return Err(StoreError::Other("disk I/O error".into()));
            }
        }
        if self.stop_before > 0 && matches!(step, Step::Commit(_)) {
            self.stop_before -= 1;
            if self.stop_before == 0 {
                self.is_down = true;
                return Err(StoreError::Other("down".into()));
            }
        }
        Ok(step)
    }

    fn finish(&mut self, result: Result<(), StoreError>) -> Rest<A::Message> {
        self.agent.finish(result)
    }
}
