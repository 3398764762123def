//! Who decides on this file: the authority of a shop that is alone, or the replica of a till that has joined.

use std::sync::mpsc::Sender;

use kontor_domain::reject::Reject;
use kontor_store::StoreError;
use kontor_store::installation::{Installation, Role};
use kontor_store::sqlite::{SqliteFile, Writer};
use kontor_sync::authority::Submission;
use kontor_sync::{Authority, Replica, authority, replica};

use crate::program::internal;

/// The writer of a file.
#[derive(Debug)]
pub enum Writing {
    /// Of a shop that is alone.
    Alone(Writer<authority::Message>),
    /// Of a till's copy.
    Copy(Writer<replica::Message>),
}

/// The way to it.
#[derive(Clone, Debug)]
pub enum Sending {
    /// Of a shop that is alone.
    Alone(Sender<authority::Message>),
    /// Of a till's copy.
    Copy(Sender<replica::Message>),
}

fn ended() -> Reject {
    internal("the writer ended")
}

impl Writing {
    /// Starts the writer that a file needs.
    pub fn start(file: SqliteFile, installation: &Installation) -> Result<Self, StoreError> {
        let role = kontor_store::installation::role(file.connection())?;
        match role {
            Role::Authority => file.start_writer(Authority::new()).map(Self::Alone),
            Role::Replica => file.start_writer(Replica::new(installation.company)).map(Self::Copy),
        }
    }

    /// The way to it.
    pub fn sender(&self) -> Sending {
        match self {
            Self::Alone(writer) => Sending::Alone(writer.sender()),
            Self::Copy(writer) => Sending::Copy(writer.sender()),
        }
    }

    /// Waits until everything sent is written.
    pub fn close(self) {
        match self {
            Self::Alone(writer) => writer.close(),
            Self::Copy(writer) => writer.close(),
        }
    }
}

impl Sending {
    /// A command entered here.
    pub fn submit(&self, submission: Submission) -> Result<(), Reject> {
        match self {
            Self::Alone(sender) => sender.send(submission.into()).map_err(|_| ended()),
            Self::Copy(sender) => sender.send(submission.into()).map_err(|_| ended()),
        }
    }

    /// What only a copy is told.
    pub fn tell_copy(&self, message: replica::Message) -> Result<(), Reject> {
        match self {
            Self::Alone(_) => Err(internal("this file is no copy")),
            Self::Copy(sender) => sender.send(message).map_err(|_| ended()),
        }
    }
}
