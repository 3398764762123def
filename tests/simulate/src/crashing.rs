//! An agent whose machine may go down in the middle of its work.

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
}

impl<A> Crashing<A> {
    /// One that runs.
    pub const fn new(agent: A) -> Self {
        Self { agent, stop_before: 0, is_down: false }
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
